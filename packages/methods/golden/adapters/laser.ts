import {
  type ByBand,
  chooseTargetLengths,
  coverageByDifficulty,
  type LengthRewardType,
  laserAdvantages,
  laserDEReward,
  laserDReward,
  laserReward,
  lengthThresholds,
  repetitionStart,
  unifiedShaping,
} from '@guerdon/methods/process/laser'
import type { Adapters } from '../adapter.ts'

interface Dynamic {
  groupIds: string[]
  scores: number[]
  lengths: number[]
  alpha: number
  rolloutsPerPrompt: number
  thresholds: number[]
  monitorCoverage: ByBand<number[]> | null
  fallbackTargetLength: number
  expectedCorrect: number
  roundMethod: 'floor' | 'ceil'
  rewardType?: LengthRewardType
  responseTokens?: number[][]
}

const dynamicOptions = ({
  monitorCoverage,
  groupIds,
  scores,
  lengths,
  rewardType,
  responseTokens,
  ...rest
}: Dynamic) => ({
  ...rest,
  coverage: monitorCoverage,
})

export const adapters = {
  laserReward: (input: {
    scores: number[]
    lengths: number[]
    targetLength: number
    alpha: number
    rewardType: LengthRewardType
  }) => {
    const { scores, lengths, targetLength, alpha, rewardType } = input
    return laserReward({ scores, lengths }, { targetLength, alpha, type: rewardType })
  },
  lengthThresholds: (input: { lowerBound: number; upperBound: number; interval: number }) => ({
    thresholds: lengthThresholds(input),
  }),
  coverageByDifficulty: (input: { groupIds: string[]; correct: number[]; lengths: number[]; thresholds: number[] }) =>
    coverageByDifficulty({ ...input, groups: input.groupIds }, input.thresholds),
  chooseTargetLengths: (input: {
    coverage: ByBand<number[]>
    thresholds: number[]
    maxResponseLength: number
    rolloutsPerPrompt: number
    expectedCorrect: number
    roundMethod: 'floor' | 'ceil'
  }) => ({
    targetLengths: chooseTargetLengths(input.coverage, input.thresholds, input.maxResponseLength, input),
  }),
  laserDReward: (input: Dynamic) => {
    const { groupIds: groups, scores, lengths } = input
    const type = input.rewardType ?? 'reward'
    const { targetLengths, ...result } = laserDReward({ groups, scores, lengths }, { ...dynamicOptions(input), type })
    return { ...result, targetLengthPerResponse: targetLengths }
  },
  laserDEReward: (input: Dynamic) => {
    const { groupIds: groups, scores, lengths } = input
    const data = { groups, scores, lengths, tokens: input.responseTokens ?? [] }
    const { targetLengths, ...result } = laserDEReward(data, dynamicOptions(input))
    return { ...result, targetLengthPerResponse: targetLengths }
  },
  repetitionStart: (input: { tokens: number[]; n: number }) => ({
    position: repetitionStart(input.tokens, { n: input.n }),
  }),
  laserAdvantages: (input: {
    groupIds: string[]
    scores: number[]
    lengths: number[]
    targetLength: number
    alpha: number
    epsilon: number
    rewardType?: LengthRewardType
  }) => {
    const { scores, lengths, targetLength, alpha, epsilon, rewardType: type = 'reward' } = input
    const shaped = laserReward({ scores, lengths }, { targetLength, alpha, type })
    return { advantages: laserAdvantages(shaped.scores, input.groupIds, { epsilon }) }
  },
  unifiedShaping: (input: {
    correct: number[]
    lengths: number[]
    targetLength: number
    alpha: number
    truncationPenalty: number
    wrongScore: number
    kimiCoef: number
    budgetCoef: number
  }) => {
    const { correct, lengths, kimiCoef: groupCoefficient, budgetCoef: budgetCoefficient, ...options } = input
    return unifiedShaping({ correct, lengths }, { ...options, groupCoefficient, budgetCoefficient })
  },
} satisfies Adapters
