import {
  type Aggregator,
  aggregateScores,
  klPenalisedRewards,
  memberLoss,
  rankAgreement,
  selectBest,
  standardiseMembers,
  winRate,
} from '@guerdon/methods/shaping/rm-ensembles'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'
import { row, scalar } from '../nested.ts'

interface Members {
  scoresByMember: number[][]
}

export const adapters = {
  aggregate: ({ scoresByMember }: Members) => {
    const by = (aggregator: Aggregator) => aggregateScores(scoresByMember, { aggregator }).scores
    return { mean: by('mean'), median: by('median'), min: by('min'), meanMinusStd: by('meanMinusStd') }
  },
  uncertaintyWeighted: (input: Members & { lambda: number }) => ({
    meanMinusLambdaVar: aggregateScores(input.scoresByMember, {
      aggregator: 'uncertaintyWeighted',
      lambda: input.lambda,
    }).scores,
  }),
  standardizePerMember: (input: Members) => ({
    standardized: standardiseMembers(input.scoresByMember).standardised,
  }),
  bestOfNIndex: (input: Members & { aggregator: Aggregator }) =>
    selectBest(input.scoresByMember, { aggregator: input.aggregator }),
  regularizedLoss: (input: { chosen: number[]; rejected: number[]; eta: number }) => {
    const { chosen, rejected, eta } = input
    const { gradient, aux } = interpret(
      valueAndGrad(
        (pair: { chosen: Tensor; rejected: Tensor }) => {
          const loss = memberLoss(pair.chosen, pair.rejected, { eta })
          return [loss.total, loss] as const
        },
        { hasAux: true },
      ),
    )({ chosen, rejected })
    return {
      nll: scalar(aux.nll),
      regularizer: scalar(aux.regulariser),
      total: scalar(aux.total),
      gradChosen: row(gradient.chosen),
      gradRejected: row(gradient.rejected),
    }
  },
  rankAgreement: (input: { scoresA: number[]; scoresB: number[] }) => {
    const { spearman = Number.NaN, kendallTauB = Number.NaN, sameTop1 } = rankAgreement(input.scoresA, input.scoresB)
    return { spearman, kendallTauB, sameTop1 }
  },
  winRate: (input: { scoresPolicy: number[]; scoresBaseline: number[] }) => ({
    winRateTiesHalf: winRate(input.scoresPolicy, input.scoresBaseline),
  }),
  klPenalizedReward: (input: {
    aggregatedReward: number[]
    logprobs: number[][]
    sftLogprobs: number[][]
    lambda: number
  }) => {
    const { aggregatedReward, logprobs, sftLogprobs, lambda } = input
    const { kl, rewards } = klPenalisedRewards(aggregatedReward, logprobs, sftLogprobs, { lambda })
    return { sequenceKlEstimate: kl, reward: rewards }
  },
} satisfies Adapters
