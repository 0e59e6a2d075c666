import {
  type HybridInput,
  harmoGroup,
  hybridReward,
  type LengthMode,
  lengthPenalty,
  surrogateModelReward,
} from '@guerdon/methods/rules/harmo'
import type { Adapters } from '../adapter.ts'

interface Group {
  readonly hybridRewards: (number | null)[]
  readonly lengths: number[]
  readonly pMax: number
  readonly correctThreshold: number
  readonly mode: LengthMode
}

export const adapters = {
  hybridReward: (input: HybridInput) => hybridReward(input),
  surrogateModelReward: (input: { responseEmbedding: number[]; referenceEmbedding: number[] }) =>
    surrogateModelReward(input.responseEmbedding, input.referenceEmbedding),
  lengthPenalty: (input: Group) => lengthPenalty(input.hybridRewards, input.lengths, input),
  groupRewardsAndAdvantages: (input: Group & { formatOk: number[]; formatReward: number }) =>
    harmoGroup(input.hybridRewards, input.lengths, input.formatOk, input),
} satisfies Adapters
