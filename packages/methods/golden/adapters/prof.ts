import {
  blendedRewards,
  type FilterMode,
  filterTrajectories,
  paperConsistencyScores,
  profAdvantages,
  removalCounts,
  stepConsistencyScores,
} from '@guerdon/methods/process/prof'
import { splitParagraphs } from '@guerdon/methods/shared/steps-text'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  stepConsistencyScores: (input: { stepScores: number[][]; outcomeRewards: number[] }) =>
    stepConsistencyScores({ stepScores: input.stepScores, outcomes: input.outcomeRewards }),
  removalCounts: (input: { nCorrect: number; nIncorrect: number; nRemove: number }) => {
    const counts = removalCounts({ correct: input.nCorrect, incorrect: input.nIncorrect }, input.nRemove)
    return { removeCorrect: counts.correct, removeIncorrect: counts.incorrect }
  },
  filterTrajectories: (input: {
    mode: FilterMode
    groupIds: string[]
    consistencyScores: number[]
    stepCounts: number[]
    outcomeRewards: number[]
    nRemove: number
    stepCountPenalty: number
    minSteps: number
    maxSteps: number
  }) => ({
    keptIndicesSorted: filterTrajectories(
      {
        groups: input.groupIds,
        scores: input.consistencyScores,
        stepCounts: input.stepCounts,
        outcomes: input.outcomeRewards,
      },
      {
        mode: input.mode,
        remove: input.nRemove,
        penalty: input.stepCountPenalty,
        minSteps: input.minSteps,
        maxSteps: input.maxSteps,
      },
    ),
  }),
  paperConsistencyScores: (input: {
    stepScores: number[][]
    outcomeSigns: number[]
    lambda: number
    maxStepsH: number
  }) => ({
    scores: paperConsistencyScores(
      { stepScores: input.stepScores, signs: input.outcomeSigns },
      { lambda: input.lambda, maxSteps: input.maxStepsH },
    ),
  }),
  profAdvantages: (input: {
    groupIds: string[]
    stepScores: number[][]
    outcomeRewards: number[]
    nRemove: number
    stepCountPenalty: number
    minSteps: number
    maxSteps: number
    epsilon: number
  }) => {
    const { kept, advantages } = profAdvantages(
      { groups: input.groupIds, stepScores: input.stepScores, outcomes: input.outcomeRewards },
      {
        remove: input.nRemove,
        penalty: input.stepCountPenalty,
        minSteps: input.minSteps,
        maxSteps: input.maxSteps,
        epsilon: input.epsilon,
      },
    )
    return { keptIndicesSorted: kept, advantages }
  },
  splitSteps: (input: { response: string }) => ({ steps: splitParagraphs(input.response) }),
  blendedOutcome: (input: { stepScores: number[][]; outcomeRewards: number[]; beta: number }) => ({
    sequenceRewards: blendedRewards(
      { stepScores: input.stepScores, outcomes: input.outcomeRewards },
      { beta: input.beta },
    ),
  }),
} satisfies Adapters
