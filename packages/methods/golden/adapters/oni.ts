import {
  type AnnotatorState,
  classificationRewards,
  countCoefficients,
  idleAnnotator,
  newestFirst,
  parseBinaryLabel,
  parseRankingLabel,
  rankingAccuracy,
  rankingLoss,
  rankingRewards,
  retrievalRewards,
  totalRewards,
  updateRankingMoments,
  vtraceFragment,
} from '@guerdon/methods/generated/oni'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'
import { rows, scalar } from '../nested.ts'

export const adapters = {
  runningMeanVariance: (input: {
    batches: number[][]
    initialCount: number
    initialMean: number
    initialVar: number
  }) => {
    let moments = { mean: input.initialMean, variance: input.initialVar, count: input.initialCount }
    const afterEachBatch = input.batches.map(batch => {
      moments = updateRankingMoments(moments, batch, { compat: 'released' })
      return { mean: moments.mean, var: moments.variance, count: moments.count }
    })
    return { afterEachBatch }
  },
  rankingRewardLoss: (input: { pairRewards: number[][]; labels: number[] }) => {
    const { value, gradient } = interpret(
      valueAndGrad((rewards: Tensor, labels: Tensor) => rankingLoss(rewards, labels)),
    )(input.pairRewards, input.labels)
    return {
      loss: scalar(value),
      gradRewards: rows(gradient),
      accuracyDecided: rankingAccuracy(input.pairRewards, input.labels) ?? null,
    }
  },
  classificationReward: (input: { logits: number[][]; threshold: number }) => {
    const { probabilities, rewards } = classificationRewards(input.logits, { threshold: input.threshold })
    return { probabilityHelpful: probabilities, reward: rewards }
  },
  retrievalReward: (input: { labels: Record<string, number>; messages: string[]; defaultReward: number }) => {
    const { rewards, unseen } = retrievalRewards(input.messages, input.labels, { fallback: input.defaultReward })
    return { reward: rewards, unseenUnique: unseen }
  },
  episodicCountCoefficient: (input: { messages: string[]; exponent: number }) => ({
    coefficient: countCoefficients(input.messages, { exponent: input.exponent }),
  }),
  combineRewards: (input: {
    extrinsic: number[]
    intrinsic: number[]
    countCoefficient: number[]
    extrinsicCoeff: number
    intrinsicCoeff: number
  }) => ({
    reward: totalRewards(input.extrinsic, input.intrinsic, input.countCoefficient, {
      extrinsicWeight: input.extrinsicCoeff,
      intrinsicWeight: input.intrinsicCoeff,
    }),
  }),
  rankingRewardPostprocess: (input: {
    rawReward: number[]
    runningMean: number
    runningVar: number
    threshold: number
  }) => {
    const moments = { mean: input.runningMean, variance: input.runningVar, count: 1 }
    const intended = rankingRewards(input.rawReward, moments, { threshold: input.threshold })
    const released = rankingRewards(input.rawReward, moments, { threshold: input.threshold, compat: 'released' })
    return {
      normalised: intended.normalised,
      intended: intended.rewards,
      usedByReleasedLearner: released.rewards,
    }
  },
  parseBinaryLabel: (input: { response: string }) => ({
    label: parseBinaryLabel(input.response, { compat: 'released' }),
  }),
  parseRankingLabel: (input: { response: string }) => ({ label: parseRankingLabel(input.response) }),
  newestFirstBatches: (input: {
    arrivals: number[][]
    batchSize: number
    backlogCap: number | null
    minQueue: number
  }) => {
    let state: AnnotatorState<number> = idleAnnotator
    const annotated = input.arrivals.map(arrivals => {
      const turn = newestFirst(state, arrivals, input)
      state = turn.state
      return turn.annotated
    })
    return { annotated, backlog: state.backlog, stillQueued: state.queue }
  },
  vtrace: (input: {
    rewards: number[]
    dones: number[]
    values: number[]
    ratios: number[]
    gamma: number
    rhoHat: number
    cHat: number
  }) => vtraceFragment(input, { discount: input.gamma, rhoBound: input.rhoHat, cBound: input.cHat }),
} satisfies Adapters
