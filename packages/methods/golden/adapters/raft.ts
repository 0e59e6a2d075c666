import {
  bestOfKDistribution,
  cleanResponse,
  isDiscarded,
  klRegularisedRewards,
  planBatch,
  type ResponseGroup,
  selectLocal,
  selectTop,
  sftBatch,
  sftLoss,
} from '@guerdon/methods/curation/raft'
import { bestIndex } from '@guerdon/methods/shared/best-of-n'
import { interpret } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  cleanAndDiscard: (input: { text: string }) => {
    const cleaned = cleanResponse(input.text)
    return { cleaned, discard: isDiscarded(cleaned) }
  },
  selectLocal: (input: { groups: ResponseGroup[] }) => {
    const { kept, meanTrainReward, meanModelReward } = selectLocal(input.groups, { onEmpty: 'allow' })
    return {
      keptPrompts: kept.map(one => one.prompt),
      chosenIndex: kept.map(one => one.chosen),
      trainReward: kept.map(one => one.reward),
      meanTrainReward,
      meanModelReward,
    }
  },
  selectTop: (input: { rewards: number[]; acceptRatio: number }) => {
    const { kept, ...means } = selectTop(input.rewards, input.acceptRatio, { onEmpty: 'allow' })
    return { ...means, keptIndices: kept }
  },
  planBatch: (input: { raftBatchSize: number; acceptRatio: number; workers: number; strategy: 'local' | 'top' }) => {
    const { raftBatchSize: size, acceptRatio, workers, strategy } = input
    return planBatch({ size, acceptRatio, workers }, strategy)
  },
  bestOfKDistribution: (input: { policy: number[]; reward: number[]; K: number }) => {
    const { kl, klBound, ...result } = bestOfKDistribution(input.policy, input.reward, input.K)
    return { ...result, klSelectedFromPolicy: kl, klUpperBound: klBound }
  },
  klRegularisedReward: (input: {
    reward: number[]
    sequenceLogprob: number[]
    initialSequenceLogprob: number[]
    beta: number
  }) => {
    const { reward, sequenceLogprob, initialSequenceLogprob, beta } = input
    const regularised = klRegularisedRewards(reward, sequenceLogprob, initialSequenceLogprob, { beta })
    return { regularised, winner: bestIndex(regularised) }
  },
  sftLoss: (input: {
    kept: { promptTokenLogprobs: number[]; responseTokenLogprobs: number[] }[]
    includePromptTokens: boolean
  }) => {
    const kept = input.kept.map(one => ({
      promptLogProbs: one.promptTokenLogprobs,
      responseLogProbs: one.responseTokenLogprobs,
    }))
    const { logProbs, mask, tokens } = sftBatch(kept, { includePromptTokens: input.includePromptTokens })
    const rows = (values: Float64Array[]) => values.map(row => [...row])
    return { loss: interpret(sftLoss)(rows(logProbs), rows(mask)).data[0], tokens }
  },
} satisfies Adapters
