import {
  type CompletenessScale,
  combineHeads,
  completenessLoss,
  completenessReward,
  coveragePreferences,
  type FineGrainedPpoInput,
  fineGrainedAdvantages,
  fineGrainedPpoLoss,
  incrementalToxicityRewards,
  klPenalised,
  placeSegmentRewards,
  segmentBoundaries,
  whitenRows,
  zeroRows,
} from '@guerdon/methods/judges/fg-rlhf'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'
import { row, scalar } from '../nested.ts'

interface Head {
  readonly segmentEndToken: number[]
  readonly segmentOk: boolean[]
  readonly positiveReward: number
  readonly negativeReward: number
}

const place = (length: number, head: Head): Float64Array =>
  placeSegmentRewards(
    length,
    { ends: head.segmentEndToken, ok: head.segmentOk },
    { positive: head.positiveReward, negative: head.negativeReward },
  )

type Rows = number[][]

export const adapters = {
  subSentenceBoundaries: (input: { sentences: string[]; minSubSentenceWords: number }) => {
    const { subSentences, sentences } = segmentBoundaries(input.sentences, {
      minWords: input.minSubSentenceWords,
      unit: 'codePoints',
    })
    return { subSentenceBoundaries: subSentences, sentenceBoundaries: sentences }
  },
  placeSegmentRewards: (input: Head & { responseTokens: number }) => ({
    tokenRewards: place(input.responseTokens, input),
  }),
  combineFineGrainedRewards: (input: {
    responseTokens: number
    relevance: Head
    factuality: Head
    completeness: CompletenessScale & { score: number }
  }) => {
    const { responseTokens: length, relevance, factuality, completeness } = input
    const final = completenessReward(completeness.score, completeness)
    return {
      tokenRewards: combineHeads(length, [place(length, relevance), place(length, factuality)], final),
      completenessReward: final,
    }
  },
  klPenalisedRewards: (input: { tokenRewards: Rows; logprobs: Rows; refLogprobs: Rows; mask: Rows; klCoef: number }) =>
    klPenalised(input.tokenRewards, input.logprobs, input.refLogprobs, input.mask, input),
  whiten: (input: { values: Rows; mask: Rows; shiftMean: boolean; epsilon: number }) => ({
    officialDivideBySqrtOfStd: whitenRows(input.values, input.mask, { ...input, masked: 'zero', compat: 'released' }),
    standardDivideByStd: whitenRows(input.values, input.mask, { shiftMean: input.shiftMean, epsilon: input.epsilon }),
  }),
  gaeAdvantages: (input: {
    rewards: Rows
    values: Rows
    mask: Rows
    gamma: number
    lambda: number
    whitenRewards: boolean
    epsilon: number
  }) => {
    const { rewards, values, mask, gamma, lambda, whitenRewards, epsilon } = input
    const options = { gamma, lambda, whitenRewards, epsilon }
    const { raw, ...masked } = fineGrainedAdvantages(rewards, values, mask, options)
    const official = fineGrainedAdvantages(rewards, values, mask, { ...options, compat: 'released' })
    return {
      official: { advantages: zeroRows(official.advantages, mask), returns: official.returns },
      masked: { ...masked, rawAdvantages: raw },
    }
  },
  ppoLoss: (input: {
    newLogprobs: Rows
    oldLogprobs: Rows
    advantages: Rows
    newValues: Rows
    oldValues: Rows
    returns: Rows
    mask: Rows
    clipRange: number
    clipRangeValue: number
    pgCoef: number
    vfCoef: number
  }) => {
    const options = {
      clipRange: input.clipRange,
      clipRangeValue: input.clipRangeValue,
      policyCoef: input.pgCoef,
      valueCoef: input.vfCoef,
    }
    const result = interpret((given: { [Key in keyof FineGrainedPpoInput]: Tensor }) =>
      fineGrainedPpoLoss(given, options),
    )({
      logProbs: input.newLogprobs,
      oldLogProbs: input.oldLogprobs,
      advantages: input.advantages,
      values: input.newValues,
      oldValues: input.oldValues,
      returns: input.returns,
      mask: input.mask,
    })
    return { policyLoss: scalar(result.policyLoss), valueLoss: scalar(result.valueLoss), total: scalar(result.total) }
  },
  pairwiseRewardModelLoss: (input: { scores1: number[]; scores2: number[]; label: number[] }) => {
    const { value, gradient } = interpret(
      valueAndGrad((first: Tensor, second: Tensor, label: Tensor) => completenessLoss(first, second, label)),
    )(input.scores1, input.scores2, input.label)
    return { loss: scalar(value), gradScores1: row(gradient) }
  },
  coveragePreferences: (input: { coveredInfoIds: string[][]; relevantInfoIds: string[] }) =>
    coveragePreferences(input.coveredInfoIds, input.relevantInfoIds),
  incrementalToxicityReward: (input: { prefixToxicity: number[]; initialToxicity: number }) => {
    const { segments, holistic } = incrementalToxicityRewards(input.prefixToxicity, { initial: input.initialToxicity })
    return { segmentRewards: segments, holisticReward: holistic }
  },
} satisfies Adapters
