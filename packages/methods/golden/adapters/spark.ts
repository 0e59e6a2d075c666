import {
  firstBoxedAnswer,
  type PointwiseLabelType,
  recycleRollouts,
  reflectionLoop,
  sparkAdvantages,
  sparkLoss,
  type VerifiedGroup,
} from '@guerdon/methods/process/spark'
import { interpret } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  recycleRollouts: (input: {
    groups: VerifiedGroup[]
    uniformDraws: number[]
    pointwiseTemplateLabelTypes: PointwiseLabelType[]
    nPairwiseTemplates: number
    nReflectionTemplates: number
    pointwiseProbability: number
  }) =>
    recycleRollouts(input.groups, input.uniformDraws, {
      pointwiseTemplates: input.pointwiseTemplateLabelTypes,
      pairwiseTemplates: input.nPairwiseTemplates,
      reflectionTemplates: input.nReflectionTemplates,
      pointwiseProbability: input.pointwiseProbability,
    }),
  extractFirstBoxed: (input: { text: string }) => ({ answer: firstBoxedAnswer(input.text, { compat: 'released' }) }),
  groupNormAdvantages: (input: { rewards: number[]; samplesPerPrompt: number; epsilon: number }) => ({
    advantages: sparkAdvantages(input.rewards, input.samplesPerPrompt, { epsilon: input.epsilon }),
  }),
  reflectionLoop: (input: {
    firstAnswer: string
    judgements: (string | null)[]
    revisedAnswers: string[]
    maxRounds: number
  }) => {
    const rounds = { verdicts: input.judgements, revised: input.revisedAnswers }
    const result = reflectionLoop(input.firstAnswer, rounds, { maxRounds: input.maxRounds })
    return { finalAnswer: result.answer, roundNum: result.rounds, accepted: result.accepted }
  },
  policyLoss: (input: {
    oldLogprobs: number[][]
    newLogprobs: number[][]
    refLogprobs: number[][]
    advantages: number[][]
    actionMask: number[][]
    clipEps: number
    klCoef: number
  }) => {
    const run = interpret((data: Parameters<typeof sparkLoss>[0]) => ({
      ...sparkLoss(data, { clip: input.clipEps, klCoefficient: input.klCoef }),
    }))
    const result = run({
      logProbs: input.newLogprobs,
      oldLogProbs: input.oldLogprobs,
      refLogProbs: input.refLogprobs,
      advantages: input.advantages,
      mask: input.actionMask,
    })
    return Object.fromEntries(Object.entries(result).map(([name, scalar]) => [name, scalar.data[0]]))
  },
} satisfies Adapters
