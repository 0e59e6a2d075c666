import {
  mixReturns,
  normalisedScore,
  parseProcessScore,
  pprAdvantages,
  reNorm,
  reNormScores,
} from '@guerdon/methods/process/ppr'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  parseProcessScore: (input: { text: string }) => {
    const { normalised, ...result } = parseProcessScore(input.text)
    return { ...result, normalized: normalised }
  },
  reNorm: (input: {
    responseLength: number
    turnEndPositions: number[][]
    turnScores: ([number, number] | null)[][]
    outcomeRewards: number[]
    beta: number
    failedJudgePolicy: 'zeroBeforeShift' | 'skip'
  }) => {
    const results = input.turnEndPositions.map((turnEnds, i) =>
      reNorm(
        {
          length: input.responseLength,
          turnEnds,
          processScores: input.turnScores[i].map(pair => pair && normalisedScore(...pair)),
          outcome: input.outcomeRewards[i],
        },
        { beta: input.beta, failedJudge: input.failedJudgePolicy },
      ),
    )
    return { rawTokenRewards: results.map(one => one.raw), tokenRewards: results.map(one => one.rewards) }
  },
  reNormScalar: (input: { processScores: number[]; outcome: number; mu: number }) => ({
    processRewards: reNormScores(input.processScores, input.outcome, { mu: input.mu }),
  }),
  gaeAdvantages: (input: {
    tokenRewards: number[][]
    values: number[][]
    mask: number[][]
    gamma: number
    lambda: number
    epsilon: number
  }) => {
    const { gamma, lambda, epsilon } = input
    const rows = { rewards: input.tokenRewards, values: input.values, mask: input.mask }
    const { raw, returns, whitened } = pprAdvantages(rows, { gamma, lambda, epsilon })
    return { rawAdvantages: raw, returns, whitened }
  },
  mixReturns: (input: { processScores: number[]; outcome: number; mu: number }) =>
    mixReturns(input.processScores, input.outcome, { mu: input.mu }),
} satisfies Adapters
