import {
  type BaseRewardPairs,
  baseRewardLoss,
  benchmarkMetrics,
  type EnsembleMode,
  ensembleWeights,
  hybridReward,
  orderSwapVerdict,
  pairwiseSumRewards,
  parseVerdict,
  rewardHead,
  type Verdict,
  weightedScores,
} from '@guerdon/methods/models/base-reward'
import type { Activation, MlpLayer } from '@guerdon/methods/shared/mlp'
import { pairAccuracy } from '@guerdon/methods/shared/pair-loss'
import { interpret, sum, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'
import { row, rows, scalar } from '../nested.ts'

export const adapters = {
  rewardHead: (input: { hidden: number[][]; weights: number[][][]; biases: number[][]; activation: Activation }) => {
    const { gradient, aux } = interpret(
      valueAndGrad(
        (hidden: Tensor, layers: MlpLayer[]) => {
          const rewards = rewardHead(hidden, layers, { activation: input.activation })
          return [sum(rewards), rewards] as const
        },
        { hasAux: true },
      ),
    )(
      input.hidden,
      input.weights.map((weight, i) => ({ weight, bias: input.biases[i] })),
    )
    return { rewards: row(aux), gradHiddenOfSum: rows(gradient) }
  },
  pairwiseLoss: (input: {
    chosen: number[]
    rejected: number[]
    chosenLengths: number[]
    rejectedLengths: number[]
    zeroCoeffLambda: number
    lengthNormalize: boolean
  }) => {
    const { chosen, rejected, chosenLengths, rejectedLengths } = input
    const { gradient, aux } = interpret(
      valueAndGrad(
        (pairs: Required<BaseRewardPairs>) => {
          const loss = baseRewardLoss(pairs, {
            zeroCoefficient: input.zeroCoeffLambda,
            lengthNormalise: input.lengthNormalize,
          })
          return [loss.total, loss] as const
        },
        { hasAux: true },
      ),
    )({ chosen, rejected, chosenLengths, rejectedLengths })
    return {
      rankingLoss: scalar(aux.ranking),
      zeroCoeffLoss: scalar(aux.zeroCoefficient),
      total: scalar(aux.total),
      gradChosen: row(gradient.chosen),
      gradRejected: row(gradient.rejected),
    }
  },
  hybridReward: (input: { rewardModelScores: number[]; matchesGroundTruth: boolean[] }) => ({
    rewards: input.rewardModelScores.map((score, i) => hybridReward(score, input.matchesGroundTruth[i])),
  }),
  pairwiseSumReward: (input: { scores: number[][] }) => ({ rewards: pairwiseSumRewards(input.scores) }),
  ensembleScores: (input: {
    chosenScoresByModel: (number | null)[][]
    rejectedScoresByModel: (number | null)[][]
    mode: EnsembleMode
    validationChosenByModel: number[][] | null
    validationRejectedByModel: number[][] | null
  }) => {
    const { chosenScoresByModel, rejectedScoresByModel, mode } = input
    const { validationChosenByModel, validationRejectedByModel } = input
    const validation =
      validationChosenByModel && validationRejectedByModel
        ? { chosen: validationChosenByModel, rejected: validationRejectedByModel }
        : undefined
    const weights = ensembleWeights(chosenScoresByModel.length, mode, validation)
    const chosen = weightedScores(chosenScoresByModel, weights)
    const rejected = weightedScores(rejectedScoresByModel, weights)
    return { weights, chosen, rejected, accuracy: pairAccuracy(chosen, rejected).strict }
  },
  benchmarkMetrics: (input: { pairs: { sampleId: number; category: string; correct: number }[] }) => {
    const metrics = benchmarkMetrics(input.pairs.map(pair => ({ ...pair, correct: Boolean(pair.correct) })))
    return { ...metrics, accPlus: metrics.accuracyPlus }
  },
  parseVerdict: (input: { text: string }) => ({ winner: parseVerdict(input.text) }),
  orderSwapVote: (input: { winnerOriginalOrder: Verdict; winnerSwappedOrder: Verdict }) => ({
    winner: orderSwapVerdict(input.winnerOriginalOrder, input.winnerSwappedOrder),
  }),
} satisfies Adapters
