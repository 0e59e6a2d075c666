import {
  coRewardLoss,
  crossReferenceRewards,
  endOfResponseRows,
  majorityAnswer,
  type ViewLossInput,
  viewAdvantages,
} from '@guerdon/methods/process/co-reward'
import { mathBoxedAnswer } from '@guerdon/methods/shared/boxed'
import { interpret } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'

interface View {
  oldLogprobs: number[][]
  newLogprobs: number[][]
  refLogprobs: number[][]
  advantages: number[][]
  responseMask: number[][]
}

const viewInput = (view: View) => ({
  logProbs: view.newLogprobs,
  oldLogProbs: view.oldLogprobs,
  refLogProbs: view.refLogprobs,
  advantages: view.advantages,
  mask: view.responseMask,
})

export const adapters = {
  majorityVote: (input: { answers: (string | null)[]; emptyValue: string }) => ({
    answer: majorityAnswer(input.answers) ?? input.emptyValue,
  }),
  extractBoxedAnswer: (input: { response: string }) => ({ answer: mathBoxedAnswer(input.response) ?? '' }),
  crossReferenceRewards: (input: {
    originalGroupIds: string[]
    originalAnswers: (string | null)[]
    originalLengths: number[]
    rephrasedGroupIds: string[]
    rephrasedAnswers: (string | null)[]
    rephrasedLengths: number[]
    maxResponseLength: number
  }) => {
    const { original, rephrased } = crossReferenceRewards(
      { groups: input.originalGroupIds, answers: input.originalAnswers, lengths: input.originalLengths },
      { groups: input.rephrasedGroupIds, answers: input.rephrasedAnswers, lengths: input.rephrasedLengths },
    )
    return {
      originalTokenRewards: endOfResponseRows(original, input.originalLengths, input.maxResponseLength),
      rephrasedTokenRewards: endOfResponseRows(rephrased, input.rephrasedLengths, input.maxResponseLength),
      originalOutcome: original,
      rephrasedOutcome: rephrased,
    }
  },
  grpoAdvantages: (input: {
    groupIds: string[]
    outcomeRewards: number[]
    responseMask: number[][]
    epsilon: number
  }) => ({
    tokenAdvantages: viewAdvantages(input.outcomeRewards, input.groupIds, input.responseMask, {
      epsilon: input.epsilon,
    }),
  }),
  coRewardLoss: (input: { original: View; rephrased: View; clipRatio: number; dualClipC: number; klCoef: number }) => {
    const { clipRatio: clip, dualClipC: dualClip, klCoef: klCoefficient } = input
    const run = interpret((original: ViewLossInput, rephrased: ViewLossInput) => ({
      ...coRewardLoss(original, rephrased, { clip, dualClip, klCoefficient }),
    }))
    const result = run(viewInput(input.original), viewInput(input.rephrased))
    return Object.fromEntries(Object.entries(result).map(([name, scalar]) => [name, scalar.data[0]]))
  },
} satisfies Adapters
