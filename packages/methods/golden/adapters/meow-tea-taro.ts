import { grpo, rloo } from '@guerdon/methods/credit/baselines-advantage'
import * as meow from '@guerdon/methods/credit/meow-tea-taro'
import { groupItems } from '@guerdon/methods/shared/group-normalise'
import { broadcastRows, flatten, rowSums, toRows } from '@guerdon/methods/shared/ragged'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  turnRewardTokens: (input: {
    rewardMethod: meow.RewardDensity
    finalRewards: number[]
    intermediateRewards: number[][]
    turnEndIndices: number[][]
    maxTotalRewards: number[]
    responseLength: number
    promptLength?: number
    addFinalReward?: boolean
  }) => ({
    tokenRewards: input.turnEndIndices.map((turnEnds, i) => {
      const deltas = input.intermediateRewards[i]
      const episode = {
        finalReward: input.finalRewards[i],
        deltas,
        turns: turnEnds.length,
        maxTotal: input.maxTotalRewards[i],
      }
      const rewards = meow.turnRewards(episode, { density: input.rewardMethod, addFinalReward: input.addFinalReward })
      return meow.turnRewardTokens(rewards, turnEnds, input.responseLength, { limit: input.promptLength })
    }),
  }),
  scoreDelta: (input: { cumulativeScores: number[] }) => ({ turnRewards: meow.scoreDeltas(input.cumulativeScores) }),
  multiTurnGae: (input: {
    turnRewardTokens: number[][]
    oldLogProbs: number[][]
    refLogProbs?: number[][] | null
    klCoef?: number
    values: number[][]
    agentMask: number[][]
    gamma?: number
    lam?: number
  }) => {
    const { values: rewards, offsets } = flatten(input.turnRewardTokens)
    const result = meow.multiTurnGae(
      {
        rewards,
        values: flatten(input.values).values,
        logProbs: flatten(input.oldLogProbs).values,
        ...(input.refLogProbs && { refLogProbs: flatten(input.refLogProbs).values }),
      },
      { offsets, mask: flatten(input.agentMask).values },
      { klCoef: input.klCoef, gamma: input.gamma, lambda: input.lam, zeroMasked: false, keepRaw: true },
    )
    return {
      tokenRewards: toRows(result.tokenRewards, offsets),
      advantages: toRows(result.advantages, offsets),
      returns: toRows(result.returns, offsets),
      rawAdvantages: toRows(result.rawAdvantages ?? result.advantages, offsets),
    }
  },
  trajectoryEstimators: (input: {
    turnRewardTokens: number[][]
    agentMask: number[][]
    groupIds: (string | number)[]
    epsilon?: number
  }) => {
    const { values, offsets } = flatten(input.turnRewardTokens)
    const rows = { offsets, mask: flatten(input.agentMask).values }
    const scores = rowSums(values, offsets)
    const groups = groupItems(input.groupIds)
    const spread = (advantages: Float64Array) => toRows(broadcastRows(advantages, rows), offsets)
    return {
      rloo: spread(rloo(scores, groups, { singleton: 'raw' })),
      grpo: spread(grpo(scores, groups, { epsilon: input.epsilon, singleton: 'raw' })),
    }
  },
  budgetAllocation: (input: {
    totalBudget: number
    costPerDemonstration?: number
    costPerEpisode?: number
    demonstrationGrid: number[]
  }) => ({ allocations: meow.budgetAllocations(input.demonstrationGrid, input) }),
} satisfies Adapters
