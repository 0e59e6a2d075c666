import {
  type CritiqueVote,
  capoAdvantages,
  capoTokenRewards,
  parseCritique,
  tokenReward,
  voteWrongSteps,
} from '@guerdon/methods/process/capo'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  voteWrongSteps: (input: { critiques: number[][]; nSteps: number; mode: CritiqueVote }) =>
    voteWrongSteps(input.critiques, input.nSteps, { vote: input.mode }),
  tokenRewards: (input: {
    outcomeCorrect: boolean
    stepSpans: [number, number][]
    responseLength: number
    critiques: number[][]
    mode: CritiqueVote
    wWhole: number
    wProcess: number
  }) => {
    const { wWhole, wProcess, stepSpans } = input
    const { wrongSteps, wrongFraction } = voteWrongSteps(input.critiques, stepSpans.length, { vote: input.mode })
    const response = { outcome: Number(input.outcomeCorrect), stepSpans, wrongFraction, length: input.responseLength }
    return { wrongSteps, tokenRewards: capoTokenRewards(response, { wWhole, wProcess }) }
  },
  groupTokenAdvantages: (input: { tokenRewards: number[][]; epsilon: number; ddof: 0 | 1 }) =>
    capoAdvantages(input.tokenRewards, { epsilon: input.epsilon, ddof: input.ddof }),
  parseCritique: (input: { text: string; nSteps: number }) => parseCritique(input.text, input.nSteps),
  rewardTable: (input: { outcomeCorrect: boolean; tokenInWrongStep: boolean; wWhole: number; wProcess: number }) => ({
    reward: tokenReward(Number(input.outcomeCorrect), Number(input.tokenInWrongStep), {
      wWhole: input.wWhole,
      wProcess: input.wProcess,
    }),
  }),
} satisfies Adapters
