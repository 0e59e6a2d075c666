import {
  backwardProgressiveSchedule,
  branchContrast,
  branchLoss,
  branchPlan,
  branchSelect,
  historyNormalizedScores,
  type StageHistory,
  weightedAdvantages,
} from '@guerdon/methods/diffusion/b2-diffurl'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'

const orNaN = (value: number | null): number => value ?? Number.NaN

export const adapters = {
  backwardProgressiveSchedule: (input: { splitStepLeft: number; splitStepRight: number; stageCount: number }) => {
    const { splitSteps, growsAt } = backwardProgressiveSchedule({
      from: input.splitStepLeft,
      to: input.splitStepRight,
      stages: input.stageCount,
    })
    return { splitStepPerStage: splitSteps, stagesWhereItGrows: growsAt }
  },
  branchPlan: (input: {
    numSteps: number
    splitStep: number
    splitTime: number
    batchSize: number
    numRounds: number
  }) => {
    const plan = branchPlan({ ...input, steps: input.numSteps, children: input.splitTime, rounds: input.numRounds })
    return { ...plan, trainStepIndices: plan.trainSteps, branchPointStepIndex: plan.branchPoint }
  },
  historyNormalizedScores: (input: { historyCount: number; stages: { prompts: string[]; scores: number[] }[] }) => {
    let history: StageHistory = []
    const stages = input.stages.map(({ prompts, scores }) => {
      const result = historyNormalizedScores(history, prompts, scores, input)
      history = result.history
      const pick = (name: 'mean' | 'std') =>
        Object.fromEntries(Object.entries(result.statistics).map(([prompt, entry]) => [prompt, orNaN(entry[name])]))
      return { normalized: result.scores.map(orNaN), mean: pick('mean'), std: pick('std') }
    })
    return { stages }
  },
  branchSelect: (input: {
    scoresGroupMajor: (number | null)[]
    splitTime: number
    posThreshold: number
    negThreshold: number
  }) => {
    const groups = Array.from({ length: input.scoresGroupMajor.length / input.splitTime }, (_, g) =>
      input.scoresGroupMajor.slice(g * input.splitTime, (g + 1) * input.splitTime),
    )
    return {
      selected: branchSelect(groups, {
        positiveThreshold: input.posThreshold,
        negativeThreshold: input.negThreshold,
        compat: 'released',
      }),
    }
  },
  clippedLoss: (input: {
    logp: number[]
    oldLogp: number[]
    scores: number[]
    beta1: number
    beta2: number
    ratioClip: number
    advantageClip: number
  }) => {
    const advantages = weightedAdvantages(input.scores, {
      ...input,
      positiveWeight: input.beta1,
      negativeWeight: input.beta2,
    })
    const loss = (a: Tensor, b: Tensor, c: Tensor) => branchLoss(a, b, c, input).loss
    const { value, gradient } = interpret(valueAndGrad(loss))(input.logp, input.oldLogp, advantages)
    return { loss: value.data[0], dLossDLogp: gradient.data, weightedAdvantages: advantages }
  },
  branchContrast: (input: { rewards: number[][] }) => branchContrast(input.rewards),
} satisfies Adapters
