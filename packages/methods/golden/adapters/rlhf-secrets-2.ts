import {
  type DenoisedLossOptions,
  type DenoiseMode,
  denoisedPairLoss,
  differenceFeatures,
  flipLowest,
  inverseSquareRootMultiplier,
  meanScoreSpread,
  metaStep,
  partitionByStrength,
  preferenceStrength,
  scoreSpread,
  simcseLoss,
  swavLoss,
} from '@guerdon/methods/models/rlhf-secrets-2'
import { pairAccuracy, pairLoss } from '@guerdon/methods/shared/pair-loss'
import { interpret, mul, sum, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'
import { row, rows, scalar } from '../nested.ts'

const denoised = (chosen: number[], rejected: number[], strength: number[], options: DenoisedLossOptions) => {
  const { value, gradient, aux } = interpret(
    valueAndGrad(
      (pair: { chosen: Tensor; rejected: Tensor }, mu: Tensor) => {
        const loss = (reduction: 'mean' | 'none') =>
          denoisedPairLoss(pair.chosen, pair.rejected, mu, { ...options, reduction })
        return [loss('mean'), loss('none')] as const
      },
      { hasAux: true },
    ),
  )({ chosen, rejected }, strength)
  return {
    perPair: row(aux),
    loss: scalar(value),
    gradChosen: row(gradient.chosen),
    gradRejected: row(gradient.rejected),
  }
}

const linear = (features: Tensor, theta: Tensor) => sum(mul(features, theta), { axis: 1 })

export const adapters = {
  preferenceStrength: (input: { chosenScoresByModel: number[][]; rejectedScoresByModel: number[][] }) =>
    preferenceStrength(input.chosenScoresByModel, input.rejectedScoresByModel),
  partitionByStrength: (input: { mean: number[]; groups: number }) =>
    partitionByStrength(input.mean, { groups: input.groups }),
  flipLowest: (input: { mean: number[]; fraction: number }) => ({
    flip: Array.from(flipLowest(input.mean, { fraction: input.fraction }), Boolean),
  }),
  pairLoss: (input: {
    chosen: number[]
    rejected: number[]
    meanStrength: number[]
    alpha: number
    mode: DenoiseMode
  }) => denoised(input.chosen, input.rejected, input.meanStrength, { mode: input.mode, alpha: input.alpha }),
  officialCriterion: (input: { preferred: number[]; rejected: number[] }) => {
    const { preferred, rejected } = input
    const { loss, gradChosen } = denoised(preferred, rejected, preferred, { mode: 'base', compat: 'released' })
    return { loss, accuracy: pairAccuracy(preferred, rejected).strict, gradPreferred: gradChosen }
  },
  invSqrtLrMultiplier: (input: { warmupSteps: number; steps: number[] }) => ({
    multiplier: input.steps.map(step => inverseSquareRootMultiplier(step, { warmup: input.warmupSteps })),
  }),
  simcseLoss: (input: { viewS: number[][]; viewT: number[][]; temperature: number }) => {
    const { value, gradient, aux } = interpret(
      valueAndGrad(
        (first: Tensor, second: Tensor) => {
          const result = simcseLoss(first, second, { temperature: input.temperature })
          return [result.loss, result.perSample] as const
        },
        { hasAux: true },
      ),
    )(input.viewS, input.viewT)
    return { perSample: row(aux), loss: scalar(value), gradViewS: rows(gradient) }
  },
  differenceFeatures: (input: { chosenFeatures: number[][]; rejectedFeatures: number[][] }) => ({
    features: rows(interpret(differenceFeatures)(input.chosenFeatures, input.rejectedFeatures)),
  }),
  swavLoss: (input: {
    viewT: number[][]
    viewS: number[][]
    prototypes: number[][]
    temperature: number
    sinkhornEpsilon: number
    sinkhornIterations: number
  }) => {
    const { viewT, viewS, prototypes, temperature, sinkhornEpsilon, sinkhornIterations } = input
    const result = interpret((t: Tensor, s: Tensor, c: Tensor) =>
      swavLoss(t, s, c, { temperature, sinkhornEpsilon, sinkhornIterations }),
    )(viewT, viewS, prototypes)
    return {
      codesT: rows(result.firstCodes),
      codesS: rows(result.secondCodes),
      perSample: row(result.perSample),
      loss: scalar(result.loss),
    }
  },
  metaDifference: (input: { scores: number[] }) => {
    const { value, gradient } = interpret(valueAndGrad(scoreSpread))(input.scores)
    return { J: scalar(value), gradScores: row(gradient) }
  },
  metaStepLinear: (input: {
    theta: number[]
    chosenFeatures: number[][]
    rejectedFeatures: number[][]
    metaResponseFeatures: number[][][]
    eta: number
    alpha: number
  }) => {
    const { theta, chosenFeatures, rejectedFeatures, metaResponseFeatures, eta, alpha } = input
    const step = interpret((weights: Tensor, chosen: Tensor, rejected: Tensor, meta: { features: Tensor }[]) =>
      metaStep(
        weights,
        {
          spread: w => meanScoreSpread(meta.map(({ features }) => linear(features, w))),
          preference: w => pairLoss(linear(chosen, w), linear(rejected, w)),
        },
        { eta, alpha },
      ),
    )(
      theta,
      chosenFeatures,
      rejectedFeatures,
      metaResponseFeatures.map(features => ({ features })),
    )
    return {
      J: scalar(step.spread),
      gradJ: row(step.spreadGradient),
      thetaPrime: row(step.lookahead),
      loss: scalar(step.loss),
      gradAtThetaPrime: row(step.lossGradient),
      thetaNext: row(step.next),
    }
  },
} satisfies Adapters
