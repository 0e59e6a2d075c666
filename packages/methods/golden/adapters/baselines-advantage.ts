import * as credit from '@guerdon/methods/credit/baselines-advantage'
import { groupItems } from '@guerdon/methods/shared/group-normalise'
import { broadcastRows, flatten, type RaggedRows, rowLengths, rowSums, toRows } from '@guerdon/methods/shared/ragged'
import { interpret, ndarray, sum, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'

type Rows = number[][]
interface Scored {
  tokenLevelRewards: Rows
  responseMask: Rows
  groupIds: (string | number)[]
}
interface LossInput {
  logProbs: Rows
  oldLogProbs: Rows
  advantages: Rows
  responseMask: Rows
  aggMode?: credit.LossAggregation
  clipLow: number
  clipHigh: number
  dualClipC?: number
  lossScaleFactor?: number | null
}

const layout = (rewards: Rows, mask: Rows): RaggedRows & { values: Float64Array } => ({
  ...flatten(rewards),
  mask: flatten(mask).values,
})
const scoresOf = ({ tokenLevelRewards, responseMask, groupIds }: Scored) => {
  const rows = layout(tokenLevelRewards, responseMask)
  return { rows, scores: rowSums(rows.values, rows.offsets), groups: groupItems(groupIds) }
}
const onTokens = (advantages: Float64Array, rows: RaggedRows) => ({
  advantages: toRows(broadcastRows(advantages, rows), rows.offsets),
})
const nested = (array: { shape: readonly number[]; data: ArrayLike<number> }): number[][] =>
  Array.from({ length: array.shape[0] }, (_, r) =>
    Array.from({ length: array.shape[1] }, (_, t) => array.data[r * array.shape[1] + t]),
  )
const matrix = (rows: Rows) => ndarray(rows, { dtype: 'float64', shape: [rows.length, rows[0]?.length ?? 0] })
const scalar = (array: { data: ArrayLike<number> }) => array.data[0]

function policyLoss(
  input: LossInput,
  loss: (input: credit.PolicyLossInput) => credit.PolicyLossResult & { clipFractionLower?: Tensor },
) {
  const run = interpret(
    valueAndGrad(
      (logProbs: Tensor, oldLogProbs: Tensor, advantages: Tensor, mask: Tensor) => {
        const { loss: value, ...statistics } = loss({ logProbs, oldLogProbs, advantages, mask })
        return [value, statistics] as const
      },
      { hasAux: true },
    ),
  )
  const { value, gradient, aux } = run(
    matrix(input.logProbs),
    matrix(input.oldLogProbs),
    matrix(input.advantages),
    matrix(input.responseMask),
  )
  return {
    loss: scalar(value),
    clipFraction: scalar(aux.clipFraction),
    approxKl: scalar(aux.approxKl),
    ...(aux.clipFractionLower && { clipFractionLower: scalar(aux.clipFractionLower) }),
    gradLogProbs: nested(gradient),
  }
}
const aggregation = (input: LossInput) => ({
  clipLow: input.clipLow,
  clipHigh: input.clipHigh,
  aggregation: input.aggMode,
  ...(typeof input.lossScaleFactor === 'number' && { scale: input.lossScaleFactor }),
})

export const adapters = {
  maskedWhiten: ({ values, mask, shiftMean }: { values: Rows; mask: Rows; shiftMean?: boolean }) => {
    const rows = layout(values, mask)
    const result = credit.maskedWhiten(rows.values, rows.mask, { shiftMean, zeroMasked: false })
    return { mean: result.mean, variance: result.variance, whitened: toRows(result.values, rows.offsets) }
  },
  gae: (input: { tokenLevelRewards: Rows; values: Rows; responseMask: Rows; gamma?: number; lam?: number }) => {
    const rows = layout(input.tokenLevelRewards, input.responseMask)
    const options = { gamma: input.gamma, lambda: input.lam, zeroMasked: false, keepRaw: true }
    const result = credit.gae(rows.values, flatten(input.values).values, rows, options)
    return {
      advantages: toRows(result.advantages, rows.offsets),
      returns: toRows(result.returns, rows.offsets),
      rawAdvantages: toRows(result.rawAdvantages ?? result.advantages, rows.offsets),
    }
  },
  grpo: (input: Scored & { epsilon?: number; normByStd?: boolean }) => {
    const { rows, scores, groups } = scoresOf(input)
    const options = { epsilon: input.epsilon, normaliseByStd: input.normByStd, singleton: 'raw' } as const
    return onTokens(credit.grpo(scores, groups, options), rows)
  },
  rloo: (input: Scored) => {
    const { rows, scores, groups } = scoresOf(input)
    return onTokens(credit.rloo(scores, groups, { singleton: 'raw' }), rows)
  },
  opo: (input: Scored) => {
    const { rows, scores, groups } = scoresOf(input)
    return onTokens(credit.opo(scores, rowLengths(rows), groups, { singleton: 'raw' }), rows)
  },
  gpg: (input: Scored & { fNorm?: number }) => {
    const { rows, scores, groups } = scoresOf(input)
    return onTokens(credit.gpg(scores, groups, { fNorm: input.fNorm, singleton: 'raw' }), rows)
  },
  grpoPassK: (input: Scored & { epsilon?: number; normByStd?: boolean }) => {
    const { rows, scores, groups } = scoresOf(input)
    const options = { epsilon: input.epsilon, normaliseByStd: input.normByStd }
    return onTokens(credit.passAtK(scores, groups, options), rows)
  },
  reinforcePlusPlusBaseline: (input: Scored) => {
    const { rows, scores, groups } = scoresOf(input)
    const advantages = credit.reinforcePlusPlusBaseline(scores, groups, rows, { singleton: 'raw' })
    return { advantages: toRows(advantages, rows.offsets) }
  },
  reinforcePlusPlus: (input: { tokenLevelRewards: Rows; responseMask: Rows; gamma?: number }) => {
    const rows = layout(input.tokenLevelRewards, input.responseMask)
    const result = credit.reinforcePlusPlus(rows.values, rows, { gamma: input.gamma, maskHoles: 'reset' })
    return { advantages: toRows(result.advantages, rows.offsets), returns: toRows(result.returns, rows.offsets) }
  },
  remax: (input: { tokenLevelRewards: Rows; rewardBaselines: number[]; responseMask: Rows }) => {
    const rows = layout(input.tokenLevelRewards, input.responseMask)
    const result = credit.remax(rows.values, input.rewardBaselines, rows, { zeroMasked: false })
    return { advantages: toRows(result.advantages, rows.offsets), returns: toRows(result.returns, rows.offsets) }
  },
  aggLoss: (input: { lossMatrix: Rows; mask: Rows; mode: credit.LossAggregation; lossScaleFactor?: number | null }) => {
    const options = { aggregation: input.mode, scale: input.lossScaleFactor ?? undefined }
    const run = interpret((losses: Tensor, mask: Tensor) => credit.aggregateLoss(losses, mask, options))
    return { loss: scalar(run(matrix(input.lossMatrix), matrix(input.mask))) }
  },
  ppoClipLoss: (input: LossInput) =>
    policyLoss(input, given => credit.ppoClipLoss(given, { ...aggregation(input), dualClip: input.dualClipC })),
  gspoLoss: (input: LossInput) =>
    policyLoss(input, given => credit.gspoLoss(given, { clipLow: input.clipLow, clipHigh: input.clipHigh })),
  cispoLoss: (input: LossInput) => policyLoss(input, given => credit.cispoLoss(given, aggregation(input))),
  klEstimators: (input: { logProbs: Rows; refLogProbs: Rows }) =>
    Object.fromEntries(
      credit.klEstimators.map(name => {
        const run = interpret(
          valueAndGrad(
            (logProbs: Tensor, refLogProbs: Tensor) => {
              const value = credit.klPenalty(logProbs, refLogProbs, name)
              return [sum(value), value] as const
            },
            { hasAux: true },
          ),
        )
        const { gradient, aux } = run(matrix(input.logProbs), matrix(input.refLogProbs))
        return [name, { value: nested(aux), gradLogProbs: nested(gradient) }]
      }),
    ),
  klInReward: (input: { tokenLevelScores: Rows; oldLogProbs: Rows; refLogProbs: Rows; beta?: number }) => {
    const { values, offsets } = flatten(input.tokenLevelScores)
    const logProbs = flatten(input.oldLogProbs).values
    const rewards = credit.klInReward(values, logProbs, flatten(input.refLogProbs).values, { beta: input.beta })
    return { tokenLevelRewards: toRows(rewards, offsets) }
  },
  adaptiveKlController: (input: {
    initKlCoef: number
    targetKl: number
    horizon: number
    updates: { currentKl: number; nSteps: number }[]
  }) => {
    let controller = credit.klController({
      initial: input.initKlCoef,
      targetKl: input.targetKl,
      horizon: input.horizon,
    })
    const coefAfterEach = input.updates.map(({ currentKl, nSteps }) => {
      controller = credit.updateKlController(controller, currentKl, nSteps)
      return controller.coefficient
    })
    return { coefAfterEach }
  },
  valueLoss: (input: {
    valuePreds: Rows
    returns: Rows
    oldValues: Rows
    responseMask: Rows
    clipRangeValue: number
    aggMode?: credit.LossAggregation
  }) => {
    const options = { clipRange: input.clipRangeValue, aggregation: input.aggMode }
    const run = interpret((values: Tensor, returns: Tensor, oldValues: Tensor, mask: Tensor) =>
      credit.valueLoss({ values, returns, oldValues, mask }, options),
    )
    const { valuePreds, returns, oldValues, responseMask } = input
    const result = run(matrix(valuePreds), matrix(returns), matrix(oldValues), matrix(responseMask))
    return { loss: scalar(result.loss), clipFraction: scalar(result.clipFraction) }
  },
  entropyFromLogits: ({ logits }: { logits: Rows }) => ({
    entropy: interpret((x: Tensor) => credit.entropyFromLogits(x))(matrix(logits)).data,
  }),
  gigpoStepReturns: (input: { rewards: number[]; trajectoryIds: (string | number)[]; gamma?: number }) => ({
    returns: credit.gigpoStepReturns(input.rewards, input.trajectoryIds, { gamma: input.gamma }),
  }),
  gigpoAdvantage: (
    input: Scored & {
      stepReturns: number[]
      anchorObservations: (string | number)[]
      trajectoryIds: (string | number)[]
      epsilon?: number
      stepAdvantageWeight?: number
      mode?: 'mean_norm' | 'mean_std_norm'
    },
  ) => {
    const { rows, scores } = scoresOf(input)
    const { advantages } = credit.gigpo(
      { ...input, episodeScores: scores },
      {
        normalise: input.mode === 'mean_std_norm' ? 'mean-std' : 'mean',
        epsilon: input.epsilon,
        stepAdvantageWeight: input.stepAdvantageWeight,
        episodeStatistics: 'rows',
        singleton: 'raw',
      },
    )
    return onTokens(advantages, rows)
  },
} satisfies Adapters
