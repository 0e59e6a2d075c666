import {
  type AtomicFact,
  classIndex,
  factAdvantages,
  headAccuracy,
  headLoss,
  segmentDecisions,
  segmentFactLabels,
  shapedTokenRewards,
} from '@guerdon/methods/judges/fgaif'
import { interpret, ndarray, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'
import { nested, scalar } from '../nested.ts'

type Rows = number[][]

export const adapters = {
  segmentLabelsFromAtomicFacts: (input: { atomicFacts: AtomicFact[] }) => {
    const { object, attribute, relation } = segmentFactLabels(input.atomicFacts)
    return {
      rawLabels: { object, attribute, relation },
      classIndex: { object: classIndex(object), attribute: classIndex(attribute), relation: classIndex(relation) },
    }
  },
  classLogitsToReward: (input: { segmentLogits: Rows }) => {
    const decisions = segmentDecisions(input.segmentLogits)
    return {
      classIndex: decisions.map(decision => decision.classIndex),
      segmentReward: decisions.map(decision => decision.reward),
    }
  },
  shapedTokenRewards: (input: {
    responseTokens: number
    segmentEndToken: number[]
    objectLogits: Rows
    attributeLogits: Rows
    relationLogits: Rows
    weights: number[]
    logprobs: number[]
    refLogprobs: number[]
    mask: number[]
    klCoef: number
  }) => {
    const given = {
      length: input.responseTokens,
      ends: input.segmentEndToken,
      headLogits: [input.objectLogits, input.attributeLogits, input.relationLogits],
      logProbs: input.logprobs,
      refLogProbs: input.refLogprobs,
      mask: input.mask,
    }
    const { weights, klCoef } = input
    const { total, kl, shaped } = shapedTokenRewards(given, { weights, klCoef })
    const released = shapedTokenRewards(given, { weights, klCoef, klSign: 'releasedBug' })
    return { tokenReward: total, kl, shapedPaper: shaped, shapedReleasedCodeSign: released.shaped }
  },
  rewardModelLoss: (input: { tokenLogits: number[][][]; labels: Rows; ignoreIndex: number }) => {
    const { value, gradient } = interpret(
      valueAndGrad((logits: Tensor, labels: Tensor) => headLoss(logits, labels, input)),
    )(input.tokenLogits, ndarray(input.labels, { dtype: 'int32' }))
    return {
      loss: scalar(value),
      gradLogits: nested(gradient),
      accuracy: headAccuracy(input.tokenLogits, input.labels, input),
    }
  },
  advantages: (input: {
    shapedRewards: Rows
    values: Rows
    mask: Rows
    gamma: number
    lambda: number
    rewardScaleWhenNotWhitening: number
    epsilon: number
  }) => {
    const { shapedRewards: rewards, values, mask, gamma, lambda, epsilon, rewardScaleWhenNotWhitening } = input
    const { raw, ...masked } = factAdvantages(rewards, values, mask, { gamma, lambda, epsilon })
    const released = factAdvantages(rewards, values, mask, {
      gamma,
      lambda,
      epsilon,
      rewardScale: rewardScaleWhenNotWhitening,
      compat: 'released',
    })
    return { released, masked: { ...masked, rawAdvantages: raw } }
  },
} satisfies Adapters
