import {
  alignReward,
  extractRewrite,
  type RewriteLossInput,
  replaceSingleQuotes,
  rewriteAdvantages,
  rewriteLoss,
} from '@guerdon/methods/rules/promptenhancer'
import { interpret, type Tensor } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'
import { row, scalar } from '../nested.ts'

export const adapters = {
  extractRewrite: (input: { modelOutput: string; originalPrompt: string }) =>
    extractRewrite(input.modelOutput, input.originalPrompt, { compat: 'released' }).text,
  replaceSingleQuotes: (input: { text: string }) => replaceSingleQuotes(input.text),
  alignReward: (input: { keypointScores: Record<string, number | null>; nonApplicable: 'exclude' | 'pass' }) =>
    alignReward(input.keypointScores, input),
  grpoLoss: (input: {
    rewards: number[]
    newLogprobs: number[][]
    oldLogprobs: number[][]
    referenceLogprobs: number[][]
    mask: number[][]
    clip: number
    klCoef: number
    epsilon: number
    ddof: 0 | 1
  }) => {
    const advantages = rewriteAdvantages(input.rewards, input)
    const { loss, sequenceLosses } = interpret((given: { [Key in keyof RewriteLossInput]: Tensor }) =>
      rewriteLoss(given, input),
    )({
      logProbs: input.newLogprobs,
      oldLogProbs: input.oldLogprobs,
      refLogProbs: input.referenceLogprobs,
      advantages: input.newLogprobs.map((tokens, i) => tokens.map(() => advantages[i])),
      mask: input.mask,
    })
    return { advantages, sequenceLosses: row(sequenceLosses), loss: scalar(loss) }
  },
} satisfies Adapters
