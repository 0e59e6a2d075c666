import * as igpo from '@guerdon/methods/credit/igpo'
import { groupItems } from '@guerdon/methods/shared/group-normalise'
import { flatten, toRows } from '@guerdon/methods/shared/ragged'
import type { Adapters } from '../adapter.ts'

interface Released {
  tokenRewards: number[][]
  responseMask: number[][]
  groupIds: (string | number)[]
}
const layout = ({ tokenRewards, responseMask, groupIds }: Released) => ({
  rows: { ...flatten(tokenRewards), mask: flatten(responseMask).values },
  groups: groupItems(groupIds),
})
const asRows = (result: igpo.ReleasedAdvantages, offsets: ArrayLike<number>) => ({
  advantages: toRows(result.advantages, offsets),
  returns: toRows(result.returns, offsets),
})

export const adapters = {
  informationGain: (input: { groundTruthTokenLogProbs: number[][]; mode?: 'probDiff' | 'logProbDiff' }) =>
    igpo.informationGain(input.groundTruthTokenLogProbs, input),
  f1OutcomeReward: (input: { solution: string; groundTruth: string; valType?: 'f1' | 'noformatf1' | 'em' }) => ({
    score: igpo.f1OutcomeReward(input.solution, input.groundTruth, { mode: input.valType }),
  }),
  placeTurnRewards: (input: {
    turnEndIndices: number[]
    gains: number[]
    outcome: number
    responseLength: number
  }) => ({
    tokenRewards: igpo.placeTurnRewards(input.gains, input.outcome, input.turnEndIndices, input.responseLength, {
      compat: 'released',
    }),
  }),
  advantageReleasedCode: (input: Released) => {
    const { rows, groups } = layout(input)
    return asRows(igpo.releasedAdvantages(rows.values, rows, groups), rows.offsets)
  },
  discountedAdvantageReleasedCode: (input: Released & { gamma?: number; epsilon?: number; normByStd?: boolean }) => {
    const { rows, groups } = layout(input)
    const options = { gamma: input.gamma, epsilon: input.epsilon, normaliseByStd: input.normByStd }
    return asRows(igpo.releasedDiscountedAdvantages(rows.values, rows, groups, options), rows.offsets)
  },
  turnLevelAdvantage: (input: {
    turnEndIndices: number[][]
    gains: number[][]
    outcomes: number[]
    responseLengths: number[]
    maxLength: number
    groupIds: (string | number)[]
    gamma?: number
    normMode?: 'joint' | 'separate'
    normByStd?: boolean
    outcomeWeight?: number
    gainWeight?: number
    epsilon?: number
  }) => {
    const result = igpo.igpoTurnAdvantages(input.gains, input.outcomes, groupItems(input.groupIds), {
      normalisation: input.normMode,
      normaliseByStd: input.normByStd,
      gamma: input.gamma,
      outcomeWeight: input.outcomeWeight,
      gainWeight: input.gainWeight,
      epsilon: input.epsilon,
    })
    const padded = (row: Float64Array) => [...row, ...new Array(input.maxLength - row.length).fill(0)]
    const tokenAdvantages = result.turnAdvantages.map((row, r) =>
      padded(igpo.turnsOnTokens(row, input.turnEndIndices[r], input.responseLengths[r])),
    )
    return { ...result, tokenAdvantages }
  },
  zeroAdvantageGroupFraction: (input: { groupIds: (string | number)[]; rewards: number[]; tolerance?: number }) => ({
    fraction: igpo.zeroAdvantageGroupFraction(input.rewards, groupItems(input.groupIds), input),
  }),
} satisfies Adapters
