import {
  type IdeaDimension,
  ideaRewardModelLoss,
  ideaScores,
  ideaTokenRewards,
  normaliseScores,
  sentenceStrengths,
  splitSentences,
  steeredLogits,
  steerHidden,
} from '@guerdon/methods/rules/research-idea'
import { interpret, softmax, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'
import { nested } from '../nested.ts'

type Triple<T> = Record<IdeaDimension, T>

export const adapters = {
  normaliseScores: (input: { scores: number[]; minScore: number; maxScore: number }) =>
    normaliseScores(input.scores, input),
  rewardModelLoss: (input: { weights: number[]; bias: number; features: number[][]; targets: number[] }) => {
    const { value, gradient, aux } = interpret(
      valueAndGrad(
        (head: { weights: Tensor; bias: Tensor }, features: Tensor, targets: Tensor) =>
          [ideaRewardModelLoss(head, features, targets), ideaScores(head, features)] as const,
        { hasAux: true },
      ),
    )({ weights: input.weights, bias: input.bias }, input.features, input.targets)
    return {
      predictions: nested(aux),
      loss: nested(value),
      gradWeights: nested(gradient.weights),
      gradBias: nested(gradient.bias),
    }
  },
  steerLogits: (input: {
    hidden: number[]
    steers: Triple<number[][]>
    epsilon: Triple<number>
    outputEmbedding: number[][]
  }) => {
    const [hidden, logits, probabilities] = interpret(
      (row: Tensor, steers: Triple<Tensor>, embedding: Tensor): readonly Tensor[] => {
        const given = steeredLogits(row, steers, input.epsilon, embedding)
        return [steerHidden(row, steers, input.epsilon), given, softmax(given, { axis: -1 })]
      },
    )([input.hidden], input.steers, input.outputEmbedding)
    return { steeredHidden: hidden.data, logits: logits.data, probabilities: probabilities.data }
  },
  rlTokenRewards: (input: {
    dimensionScores: Triple<number>
    dimensionWeights: Triple<number>
    policyLogprobs: number[]
    referenceLogprobs: number[]
    klCoef: number
  }) =>
    ideaTokenRewards(
      input.dimensionScores,
      input.dimensionWeights,
      input.policyLogprobs,
      input.referenceLogprobs,
      input,
    ),
  sentenceController: (input: {
    sentenceFeatures: number[][]
    parameters: { Wx: number[][]; Wh: number[][]; bh: number[]; Wo: number[][]; bo: number[] }
    epsilonMax: number
  }) => {
    if (input.sentenceFeatures.length === 0) return []
    const { Wx, Wh, bh, Wo, bo } = input.parameters
    const parameters = { inputWeights: Wx, recurrentWeights: Wh, hiddenBias: bh, outputWeights: Wo, outputBias: bo }
    return nested(
      interpret((features: Tensor, given: { [Key in keyof typeof parameters]: Tensor }) =>
        sentenceStrengths(features, given, input),
      )(input.sentenceFeatures, parameters),
    )
  },
  splitSentences: (input: { text: string }) => splitSentences(input.text),
} satisfies Adapters
