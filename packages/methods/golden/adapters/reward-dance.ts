import {
  comparativeRewards,
  gsbScore,
  pairwiseGenerativeLoss,
  pointwiseGenerativeLoss,
  prunePaths,
  rankReferences,
  reflLoss,
  restrictedAccuracy,
  varianceTrace,
  yesMinusNo,
  yesProbability,
} from '@guerdon/methods/judges/reward-dance'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'
import { nested, row, scalar } from '../nested.ts'

interface Ids {
  readonly yesId: number
  readonly noId: number
}

const tokensOf = (input: Ids) => ({ yes: [input.yesId], no: [input.noId] })

export const adapters = {
  yesProbability: (input: Ids & { nextTokenLogits: number[] }) => {
    const { fullVocabulary, restricted, logFull } = yesProbability(input.nextTokenLogits, tokensOf(input))
    return { fullVocabulary, yesNoRestricted: restricted, logYesFull: logFull }
  },
  pairwiseGenerativeLoss: (input: Ids & { nextTokenLogits: number[][]; candidateBetter: boolean[] }) => {
    const [loss, margins] = interpret((logits: Tensor, labels: Tensor): readonly Tensor[] => [
      pairwiseGenerativeLoss(logits, labels, tokensOf(input)),
      yesMinusNo(logits, tokensOf(input)),
    ])(input.nextTokenLogits, input.candidateBetter.map(Number))
    return { loss: scalar(loss), accuracyRestricted: restrictedAccuracy(row(margins), input.candidateBetter) }
  },
  pointwiseGenerativeLoss: (input: {
    yesMinusNoLogitPreferred: number[]
    yesMinusNoLogitRejected: number[]
    ceWeight: number
    scoreSpace: 'probability' | 'logit'
  }) => {
    const result = interpret((preferred: Tensor, rejected: Tensor) =>
      pointwiseGenerativeLoss(preferred, rejected, input),
    )(input.yesMinusNoLogitPreferred, input.yesMinusNoLogitRejected)
    return {
      bradleyTerry: scalar(result.bradleyTerry),
      crossEntropy: scalar(result.crossEntropy),
      total: scalar(result.total),
    }
  },
  bestOfNReferences: (input: { probRowBeatsColumn: number[][]; numReferences: number }) => {
    const { wins, sumProbability, ranking, top, bottom } = rankReferences(input.probRowBeatsColumn, input)
    return { wins, sumProb: sumProbability, ranking, topReferences: top, bottomReferences: bottom }
  },
  comparativeReward: (input: { yesMinusNoLogit: number[][] }) => {
    const { rewards, mean, std } = comparativeRewards(input.yesMinusNoLogit)
    const { value, gradient } = interpret(valueAndGrad((margins: Tensor) => reflLoss(margins)))(input.yesMinusNoLogit)
    return {
      reward: rewards,
      meanReward: mean,
      populationStd: std,
      reflLoss: scalar(value),
      gradLogit: nested(gradient),
    }
  },
  rewardVarianceMonitor: (input: { rewards: number[]; window: number; collapseStd: number }) => {
    const { runningStd, firstCollapse } = varianceTrace(input.rewards, input)
    return { runningPopulationStd: runningStd, firstCollapseStep: firstCollapse }
  },
  gsbScore: (input: { good: number; same: number; bad: number }) => ({ gsb: gsbScore(input) }),
  prunePaths: (input: { scores: number[]; keep: number }) => ({ kept: prunePaths(input.scores, input) }),
} satisfies Adapters
