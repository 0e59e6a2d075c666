import {
  formattingReward,
  portoolAdvantages,
  rolloutPlan,
  type TrajectoryRewardMode,
} from '@guerdon/methods/credit/portool'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  portoolAdvantage: (input: {
    trajectoryStepIds: (string | number)[][]
    outcomes: (number | null)[]
    formattingScores?: Record<string, number>
    gamma?: number
    maxDepth?: number
    aggregate?: 'mean' | 'max'
    trajectoryRewardMode?: TrajectoryRewardMode
    trajectoryWeight?: number
    forkWeight?: number
    normByStd?: boolean
    epsilon?: number
  }) =>
    portoolAdvantages(
      { ...input, trajectoryStepIds: input.trajectoryStepIds.map(steps => steps.map(String)) },
      { ...input, trajectoryReward: input.trajectoryRewardMode, normaliseByStd: input.normByStd },
    ),
  formattingReward: (input: { rawScore: number; gamma?: number; maxDepth: number }) =>
    formattingReward(input.rawScore, input),
  rolloutPlan: (input: {
    trajectoriesPerQuery: number
    forkFactor: number
    finishPerDepth: number[]
    maxDepth: number
  }) => rolloutPlan(input),
} satisfies Adapters
