import {
  actionLevelReward,
  broadcastAdvantages,
  type MobileAction,
  taskLevelReward,
} from '@guerdon/methods/rules/mobile-r1'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  actionLevelReward: (input: { completion: string; groundTruth: MobileAction }) =>
    actionLevelReward(input.completion, input.groundTruth),
  taskLevelReward: (input: { turnFormatOk: boolean[]; judgeScore: number | null; alpha: number; beta: number }) =>
    taskLevelReward(input.turnFormatOk, input.judgeScore, input),
  broadcastAdvantage: (input: {
    taskRewards: (number | null)[]
    modelTokenSpans: [number, number][][]
    sequenceLengths: number[]
    epsilon: number
    ddof: 0 | 1
  }) => broadcastAdvantages(input.taskRewards, input.modelTokenSpans, input.sequenceLengths, input),
} satisfies Adapters
