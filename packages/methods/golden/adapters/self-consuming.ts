import {
  choiceProbabilities,
  clippedDistanceRewards,
  curate,
  infiniteKStep,
  loopWithRealData,
  populationStep,
  syntheticOnlyLoop,
} from '@guerdon/methods/curation/self-consuming'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  choiceProbabilities: (input: { rewards: number[]; rewardScale: number }) => ({
    probabilities: choiceProbabilities(input.rewards, { rewardScale: input.rewardScale }),
  }),
  curate: (input: { groupRewards: number[][]; uniforms: number[]; rewardScale?: number }) =>
    curate(input.groupRewards, input.uniforms, { rewardScale: input.rewardScale ?? 1 }),
  populationStep: (input: { p: number[]; reward: number[]; K: number }) => {
    const { weights, ...result } = populationStep(input.p, input.reward, input.K)
    return { ...result, weightH: weights }
  },
  infiniteKStep: (input: { p: number[]; reward: number[] }) => ({ next: infiniteKStep(input.p, input.reward) }),
  syntheticOnlyLoop: (input: { p0: number[]; reward: number[]; K: number; steps: number }) => {
    const { klFromLimit, ...result } = syntheticOnlyLoop(input.p0, input.reward, { K: input.K, steps: input.steps })
    return { ...result, klLimitFromFinal: klFromLimit }
  },
  loopWithRealData: (input: { pRef: number[]; reward: number[]; K: number; lambda: number; steps: number }) => {
    const { K, lambda, steps } = input
    const { klFromReference, expRewardBound, ...result } = loopWithRealData(input.pRef, input.reward, {
      K,
      lambda,
      steps,
    })
    return { ...result, klFromRef: klFromReference, expRewardLowerBound: expRewardBound }
  },
  clippedDistanceReward: (input: { points: number[][]; centre: number[]; gamma: number; minRadius: number }) => ({
    rewards: clippedDistanceRewards(input.points, input.centre, { gamma: input.gamma, minRadius: input.minRadius }),
  }),
} satisfies Adapters
