import {
  broadcastToTokens,
  formatReward,
  groupAdvantages,
  lengthReward,
  matchScore,
  type ToolCall,
  type ToolrlOptions,
  toolCallReward,
  toolrlReward,
} from '@guerdon/methods/rules/toolrl'
import type { Adapters } from '../adapter.ts'

interface Calls {
  readonly groundTruthCalls: ToolCall[]
  readonly predictedCalls: ToolCall[]
  readonly maxReward: number
  readonly minReward: number
  readonly variant?: string[]
}

interface Texts {
  readonly response: string
  readonly groundTruth: string
  readonly step: number
  readonly maxReward: number
  readonly minReward: number
  readonly variant?: string[]
}

/** The flags of the vectors by the names of our options. */
function named(variant: readonly string[] = []): ToolrlOptions {
  return {
    compat: 'released',
    ...(variant.includes('refined') && { matching: 'list-equality' }),
    ...(variant.includes('intermediate') && { credit: 'calls' }),
    ...(variant.includes('coarse') && { credit: 'all' }),
    ...(variant.includes('correctMax1') && { correctnessRange: [-1, 1] }),
    ...(variant.includes('twoStageScale') && { scale: 'two-stage' }),
    ...(variant.includes('dynamicScale') && {
      scale: variant.includes('twoStageScale') ? 'two-stage-dynamic' : 'dynamic',
    }),
    ...(variant.includes('withLength') && { length: variant.includes('scheduleLength') ? 'scheduled' : 'fixed' }),
  } as ToolrlOptions
}

export const adapters = {
  matchScore: (input: { list1: string[]; list2: string[]; refined: boolean }) =>
    matchScore(input.list1, input.list2, { matching: input.refined ? 'list-equality' : 'multiset' }),
  toolCallReward: (input: Calls) =>
    toolCallReward(input.groundTruthCalls, input.predictedCalls, {
      ...named(input.variant),
      range: [input.minReward, input.maxReward],
      assignment: 'greedy',
    }),
  optimalToolCallReward: (input: Calls) =>
    toolCallReward(input.groundTruthCalls, input.predictedCalls, { range: [input.minReward, input.maxReward] }),
  formatReward: (input: Texts) =>
    formatReward(
      input.response,
      input.groundTruth,
      { step: input.step },
      { ...named(input.variant), formatRange: [input.minReward, input.maxReward] },
    ),
  lengthReward: (input: Texts) =>
    lengthReward(
      input.response,
      { step: input.step },
      {
        compat: 'released',
        formatRange: [input.minReward, input.maxReward],
        target: input.variant?.includes('scheduleLength') ? 'scheduled' : 'fixed',
      },
    ),
  totalReward: (input: Texts) =>
    toolrlReward(input.response, input.groundTruth, { step: input.step }, named(input.variant)),
  groupAdvantage: (input: {
    rewards: number[]
    groupIds: string[]
    responseLengths: number[]
    maxLength: number
    epsilon: number
  }) => {
    const advantages = groupAdvantages(input.rewards, input.groupIds, { compat: 'released', epsilon: input.epsilon })
    const rows = broadcastToTokens(advantages, input.responseLengths)
    return { tokenAdvantages: rows.map(row => Array.from({ length: input.maxLength }, (_, t) => row[t] ?? 0)) }
  },
} satisfies Adapters
