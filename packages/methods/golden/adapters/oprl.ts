import * as oprl from '@guerdon/methods/credit/oprl'
import { broadcastRows, flatten, type RaggedRows, rowSums, toRows } from '@guerdon/methods/shared/ragged'
import { constant, interpret, ndarray, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'

interface Ids {
  groupIds: (string | number)[]
  trajectoryIds: (string | number)[]
}
interface LossInput extends Ids {
  tokenLogRatio: number[][]
  responseMask: number[][]
  trajectoryReward: number[]
  activeMask?: number[] | null
  beta?: number
}
interface AdvantageInput extends Ids {
  episodeRewardTokens: number[][]
  stepRewardTokens: number[][]
  responseMask: number[][]
  stepAdvantageWeight?: number
  epsilon?: number
}

const matrix = (rows: number[][]) => ndarray(rows, { dtype: 'float64', shape: [rows.length, rows[0]?.length ?? 0] })
function lossAndGradient(input: { tokenLogRatio: number[][] }, loss: (q: Tensor) => Tensor) {
  const { value, gradient } = interpret(valueAndGrad(loss))(matrix(input.tokenLogRatio))
  const width = gradient.shape[1]
  return {
    loss: value.data[0],
    gradTokenLogRatio: input.tokenLogRatio.map((row, r) => row.map((_, t) => gradient.data[r * width + t])),
  }
}
function dpo(input: LossInput, rule: 'ordered' | 'success-failure', score: 'sum' | 'mean') {
  const layout = { ...input, trajectoryRewards: input.trajectoryReward, active: input.activeMask ?? undefined }
  const pairs = oprl.trajectoryPairs(layout, { rule })
  const mask = matrix(input.responseMask)
  return {
    pairs: pairs.better.length,
    ...lossAndGradient(input, q => oprl.trajectoryDpoLoss(q, constant(mask), pairs, { beta: input.beta, score })),
  }
}
const layoutOf = (rows: number[][], mask: number[][]): RaggedRows & { values: Float64Array } => ({
  ...flatten(rows),
  mask: flatten(mask).values,
})
function stepsOf(input: AdvantageInput) {
  const rows = layoutOf(input.episodeRewardTokens, input.responseMask)
  const steps = {
    ...input,
    episodeScores: rowSums(rows.values, rows.offsets),
    stepRewards: rowSums(flatten(input.stepRewardTokens).values, rows.offsets),
  }
  return { rows, steps, onTokens: (values: Float64Array) => toRows(broadcastRows(values, rows), rows.offsets) }
}

export const adapters = {
  implicitStepReward: (input: {
    prmLogProbs: number[][]
    oldPolicyLogProbs: number[][]
    responseMask: number[][]
    beta?: number
  }) => {
    const rows = layoutOf(input.prmLogProbs, input.responseMask)
    const old = flatten(input.oldPolicyLogProbs).values
    const plain = oprl.implicitStepRewards(rows.values, old, rows, { beta: input.beta })
    const normed = oprl.implicitStepRewards(rows.values, old, rows, { beta: input.beta, batchNorm: true })
    return {
      tokenLogRatio: toRows(plain.tokenLogRatio, rows.offsets),
      stepReward: plain.stepRewards,
      rmScores: toRows(plain.tokenRewards, rows.offsets),
      rmScoresBatchNorm: toRows(normed.tokenRewards, rows.offsets),
    }
  },
  trajectoryDpoLossReleasedCode: (input: LossInput) => dpo(input, 'success-failure', 'mean'),
  trajectoryDpoLossSum: (input: LossInput) => dpo(input, 'ordered', 'sum'),
  implicitPrmCrossEntropy: (input: {
    tokenLogRatio: number[][]
    responseMask: number[][]
    labels: number[]
    beta?: number
  }) =>
    lossAndGradient(input, q =>
      oprl.implicitPrmCrossEntropy(
        q,
        constant(matrix(input.responseMask)),
        constant(ndarray(input.labels, { dtype: 'float64' })),
        input,
      ),
    ),
  istarRlooReleasedCode: (input: AdvantageInput) => {
    const { steps, onTokens } = stepsOf(input)
    const of = (combine: 'added' | 'process-only' | 'merged') =>
      onTokens(oprl.istarAdvantages(steps, { stepAdvantageWeight: input.stepAdvantageWeight, combine }))
    return { advantages: of('added'), processOnly: of('process-only'), mergedRewards: of('merged') }
  },
  istarGrpoReleasedCode: (input: AdvantageInput & { mode?: 'mean_norm' | 'mean_std_norm' }) => {
    const { steps, onTokens } = stepsOf(input)
    const estimator = input.mode === 'mean_std_norm' ? 'grpo' : 'drGrpo'
    return { advantages: onTokens(oprl.istarAdvantages(steps, { ...input, estimator })) }
  },
  istarReinforcePlusBaselineReleasedCode: (input: AdvantageInput) => {
    const { rows, steps } = stepsOf(input)
    return { advantages: toRows(oprl.istarReinforcePlusPlusBaseline(steps, rows, input), rows.offsets) }
  },
  oprlAdvantagePooledSteps: (input: AdvantageInput) => {
    const { steps, onTokens } = stepsOf(input)
    const result = oprl.oprlAdvantages(steps, input)
    return {
      episodeAdvantage: result.episodeAdvantages,
      stepAdvantage: result.stepAdvantages,
      advantages: onTokens(result.advantages),
    }
  },
} satisfies Adapters
