import {
  characterTokenizer,
  type DialogueText,
  fitPowerLaw,
  polarHyperparameters,
  polarInput,
  polarLoss,
  polarScalingLaws,
  policyDiscriminationLoss,
  powerLawAt,
  rankedTriple,
  splitThinking,
} from '@guerdon/methods/models/polar'
import { pairAccuracy } from '@guerdon/methods/shared/pair-loss'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'
import { row, scalar } from '../nested.ts'

const penalties = { none: 'none', L2: 'squared', log_barrier: 'logBarrier' } as const

export const adapters = {
  encodeInput: (input: {
    prompt: DialogueText
    reference: DialogueText
    output: DialogueText
    wrapper: 'sft' | 'pretrain'
    maxLength: number
    maxResponseLength: number
    responseCutSide: 'right' | 'left'
  }) => {
    const { prompt, reference, output, wrapper, maxLength, maxResponseLength, responseCutSide } = input
    const options = { wrapper, maxLength, maxResponseLength, responseCutSide, compat: 'released' } as const
    return { text: polarInput({ prompt, reference, candidate: output }, characterTokenizer, options) }
  },
  splitThinking: (input: { text: string }) => splitThinking(input.text),
  rewardLoss: (input: {
    chosen: number[]
    rejected: number[]
    lossType: 'ranking' | 'focal'
    penaltyType: keyof typeof penalties
    penaltyWeight: number
    lowerBound: number
    upperBound: number
    clampEpsilon: number
  }) => {
    const { chosen, rejected, lossType: loss, penaltyWeight, lowerBound, upperBound, clampEpsilon } = input
    const options = { loss, penalty: penalties[input.penaltyType], penaltyWeight, lowerBound, upperBound, clampEpsilon }
    const { gradient, aux } = interpret(
      valueAndGrad(
        (pair: { chosen: Tensor; rejected: Tensor }) => {
          const parts = polarLoss(pair.chosen, pair.rejected, options)
          return [parts.total, parts] as const
        },
        { hasAux: true },
      ),
    )({ chosen, rejected })
    return {
      rankLoss: scalar(aux.ranking),
      penalty: scalar(aux.penalty),
      total: scalar(aux.total),
      accuracy: pairAccuracy(chosen, rejected).strict,
      gradChosen: row(gradient.chosen),
      gradRejected: row(gradient.rejected),
    }
  },
  pretrainLoss: (input: { samePolicyScores: number[]; otherPolicyScores: number[] }) => ({
    loss: scalar(interpret(policyDiscriminationLoss)(input.samePolicyScores, input.otherPolicyScores)),
    accuracy: pairAccuracy(input.samePolicyScores, input.otherPolicyScores).strict,
  }),
  fineTuneTriplet: (input: { candidates: string[]; ranksBestIsOne: number[] }) =>
    rankedTriple(input.candidates, input.ranksBestIsOne) ?? null,
  pretrainHyperparameters: (input: { modelParams: number; basePretrainTokens: number; rmPretrainTokens: number }) =>
    polarHyperparameters({
      modelParameters: input.modelParams,
      baseTokens: input.basePretrainTokens,
      rewardTokens: input.rmPretrainTokens,
    }),
  scalingLaw: (input: { modelParams: number; computeFlop: number }) => ({
    lossFromParams: powerLawAt(input.modelParams, polarScalingLaws.parameters),
    lossFromCompute: powerLawAt(input.computeFlop, polarScalingLaws.compute),
  }),
  fitPowerLaw: (input: { x: number[]; loss: number[] }) => {
    const { coefficient, exponent, r2 } = fitPowerLaw(input.x, input.loss)
    return { coefficient, exponent, r2LogLog: r2 }
  },
} satisfies Adapters
