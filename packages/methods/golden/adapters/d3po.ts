import {
  d3poStepLoss,
  ddpoStepLoss,
  kWisePairs,
  type PromptHistory,
  perPromptAdvantages,
  preferenceLabel,
  promptStatistics,
} from '@guerdon/methods/diffusion/d3po'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'

interface Pair {
  first: Tensor
  second: Tensor
}

export const adapters = {
  preferenceLabels: (input: { rewards0: (number | number[])[]; rewards1: (number | number[])[] }) => ({
    labels: input.rewards0.map((first, i) => preferenceLabel(first, input.rewards1[i], { compat: 'released' })),
  }),
  kWisePairs: (input: { scores: number[] }) => ({ pairs: kWisePairs(input.scores) }),
  d3poStepLoss: (input: {
    logp0: number[]
    refLogp0: number[]
    logp1: number[]
    refLogp1: number[]
    labels: [number, number][]
    beta: number
    ratioClip: number | null
  }) => {
    const loss = (policy: Pair, reference: Pair, labels: Pair) => d3poStepLoss(policy, reference, labels, input)
    const result = interpret(valueAndGrad(loss))(
      { first: input.logp0, second: input.logp1 },
      { first: input.refLogp0, second: input.refLogp1 },
      { first: input.labels.map(([first]) => first), second: input.labels.map(([, second]) => second) },
    )
    return {
      loss: result.value.data[0],
      dLossDLogp0: result.gradient.first.data,
      dLossDLogp1: result.gradient.second.data,
    }
  },
  perPromptAdvantage: (input: {
    bufferSize: number
    minCount: number
    updates: { prompts: string[]; rewards: number[] }[]
  }) => {
    let history: PromptHistory = {}
    const advantages = input.updates.map(({ prompts, rewards }) => {
      const result = perPromptAdvantages(history, prompts, rewards, input)
      history = result.history
      return result.advantages
    })
    return { advantages, stats: promptStatistics(history) }
  },
  ddpoStepLoss: (input: {
    logp: number[]
    oldLogp: number[]
    advantages: number[]
    clipRange: number
    advantageClip: number
  }) => {
    const loss = (logProbs: Tensor, oldLogProbs: Tensor, advantages: Tensor) => {
      const { loss: value, ...measured } = ddpoStepLoss(logProbs, oldLogProbs, advantages, input)
      return [value, measured] as const
    }
    const result = interpret(valueAndGrad(loss, { hasAux: true }))(input.logp, input.oldLogp, input.advantages)
    return {
      loss: result.value.data[0],
      dLossDLogp: result.gradient.data,
      approxKl: result.aux.approxKl.data[0],
      clipFraction: result.aux.clipFraction.data[0],
    }
  },
} satisfies Adapters
