import {
  type CompositeWeights,
  compositeReward,
  cosineReward,
  meanPool,
  multiCriteriaReward,
  semanticAdvantages,
} from '@guerdon/methods/rules/semantic-reward'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  meanPool: (input: { tokenEmbeddings: number[][]; mask: number[] }) => meanPool(input.tokenEmbeddings, input.mask),
  cosineReward: (input: { generatedEmbedding: number[]; referenceEmbedding: number[]; epsilon: number }) =>
    cosineReward(input.generatedEmbedding, input.referenceEmbedding, input),
  multiCriteriaReward: (input: {
    generated: string
    reference: string
    semantic: number
    weights: [number, number, number]
    minChars: number
  }) => multiCriteriaReward(input.generated, input.reference, input.semantic, input),
  compositeReward: (input: {
    completion: string
    goldOption: string
    semantic: number | null
    weights: CompositeWeights
  }) => compositeReward(input.completion, input.goldOption, input.semantic, input),
  groupNormalise: (input: { rewards: number[]; epsilon: number; ddof: 0 | 1 }) =>
    semanticAdvantages(input.rewards, input),
} satisfies Adapters
