import {
  averageWeights,
  fitSigmoid,
  groupAdvantages,
  type OdinBatch,
  odinLoss,
  policyAdvantages,
  regularisedPairLoss,
  type Shape,
  shapeScores,
  type Weights,
} from '@guerdon/methods/shaping/par'
import type { PairReduction } from '@guerdon/methods/shared/pair-loss'
import { noMoments } from '@guerdon/methods/shared/running-moments'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'
import { row, scalar } from '../nested.ts'

interface ShaperConfig {
  rewardCeil: number | null
  penalizeLength: boolean
  odin: boolean
  genValidLen: number
  lenPenalty: number
  centered: boolean
  maxRef: number
  sgfc: boolean
  meanStd: boolean
  clipping: boolean
  minMax: boolean
  sigmoid: boolean
  relative: boolean
  sigmoidK: number
  tanh: boolean
  fittedPoly: boolean
  lsc: boolean
}

function shapeNames(config: ShaperConfig): Shape[] {
  const names: [boolean, Shape][] = [
    [config.centered, 'centred'],
    [config.sgfc, 'slowGrowth'],
    [config.meanStd, 'meanStd'],
    [config.clipping, 'clip'],
    [config.minMax, 'minMax'],
    [config.sigmoid, config.relative ? 'par' : 'sigmoid'],
    [config.tanh, config.relative ? 'relativeTanh' : 'tanh'],
    [config.fittedPoly, config.relative ? 'relativeFittedPolynomial' : 'fittedPolynomial'],
    [config.lsc, 'logSigmoidCentred'],
  ]
  return names.filter(([on]) => on).map(([, name]) => name)
}

export const adapters = {
  shapeReward: (input: {
    config: ShaperConfig
    batches: { rewards: number[]; refRewards: number[][]; lengths: number[] }[]
  }) => {
    const { config } = input
    let moments = noMoments
    const shaped = input.batches.map(batch => {
      const result = shapeScores(
        { scores: batch.rewards, references: batch.refRewards, lengths: batch.lengths },
        {
          shape: shapeNames(config),
          steepness: config.sigmoidK,
          maxReferences: config.maxRef,
          ceiling: config.rewardCeil,
          lengthPenalty:
            config.penalizeLength && !config.odin
              ? { freeTokens: config.genValidLen, perToken: config.lenPenalty }
              : null,
          compat: 'released',
        },
        moments,
      )
      moments = result.moments
      return result.rewards
    })
    return { shaped }
  },
  fittedPolyCoefficients: (input: { xMin: number; xMax: number; points: number; degree: number }) => ({
    coefficientsHighToLow: fitSigmoid({
      minimum: input.xMin,
      maximum: input.xMax,
      points: input.points,
      degree: input.degree,
    }).coefficients,
  }),
  ppoAdvantages: (input: {
    sequenceRewards: number[]
    logprobs: number[][]
    refLogprobs: number[][]
    values: number[][]
    mask: number[][]
    klCoef: number
    gamma: number
    lambda: number
  }) =>
    policyAdvantages(
      {
        rewards: input.sequenceRewards,
        logprobs: input.logprobs,
        refLogprobs: input.refLogprobs,
        values: input.values,
        mask: input.mask,
      },
      { klCoefficient: input.klCoef, discount: input.gamma, lambda: input.lambda },
    ),
  grpoAdvantages: (input: { rewards: number[]; groupSize: number }) => ({
    advantagePerResponse: groupAdvantages(input.rewards, { groupSize: input.groupSize }),
  }),
  rewardLossReg: (input: { chosen: number[]; rejected: number[]; regWeight: number }) => {
    const { chosen, rejected } = input
    const { value, gradient, aux } = interpret(
      valueAndGrad(
        (pair: { chosen: Tensor; rejected: Tensor }) => {
          const loss = (reduction: PairReduction) =>
            regularisedPairLoss(pair.chosen, pair.rejected, { weight: input.regWeight, reduction })
          return [loss('mean'), loss('none')] as const
        },
        { hasAux: true },
      ),
    )({ chosen, rejected })
    return {
      perPair: row(aux),
      loss: scalar(value),
      gradChosen: row(gradient.chosen),
      gradRejected: row(gradient.rejected),
    }
  },
  odinLoss: (input: {
    chosenQuality: number[]
    chosenLength: number[]
    rejectedQuality: number[]
    rejectedLength: number[]
    responseLengthsChosenThenRejected: number[]
    qualityHead: number[]
    lengthHead: number[]
    lengthWeight: number
    orthogonalWeight: number
  }) => {
    const { responseLengthsChosenThenRejected: lengths, lengthWeight, orthogonalWeight } = input
    const { chosenQuality, chosenLength, rejectedQuality, rejectedLength, qualityHead, lengthHead } = input
    const loss = interpret((batch: OdinBatch) => odinLoss(batch, { lengthWeight, orthogonalWeight }))({
      chosenQuality,
      chosenLength,
      rejectedQuality,
      rejectedLength,
      lengths,
      qualityHead,
      lengthHead,
    })
    return {
      lengthLoss: scalar(loss.length),
      orthogonalLoss: scalar(loss.orthogonal),
      rankingLoss: row(loss.ranking),
      total: scalar(loss.total),
    }
  },
  warmMerge: (input: { models: Weights[] }) => ({ merged: averageWeights(input.models) }),
} satisfies Adapters
