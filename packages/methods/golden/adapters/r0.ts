import {
  generate,
  implicitGuidanceReward,
  normalizedRewardGradient,
  regularizedMaximizer,
  rewardFieldLoss,
  weightRegularizedStep,
} from '@guerdon/methods/diffusion/r0'
import { noiseSchedule } from '@guerdon/methods/shared/noise-schedule'
import { add, expandDims, interpret, mul, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'

interface Chain {
  timesteps: number[]
  etaPerStep: number[]
  noisePerStep: number[][]
  initialNoise: number[]
  epsLinearA: number
  epsLinearC: number[]
}

const pathOf = (input: Chain, a: Tensor, c: Tensor, x: Tensor, noises: Tensor[], supervisedStep?: number) => {
  const { alphasCumulative } = noiseSchedule()
  return generate(
    state => add(mul(a, state), c),
    {
      initialNoise: x,
      alphasCumulative: input.timesteps.map(t => alphasCumulative[t]),
      etas: input.etaPerStep,
      noises,
    },
    supervisedStep === undefined ? {} : { supervisedStep },
  )
}

const arrays = (rows: number[][]) => rows.map(row => Float64Array.from(row))

export const adapters = {
  normalizedRewardGradient: (input: { rewardGradients: number[][]; weights: number[]; epsilon: number }) =>
    normalizedRewardGradient(input.rewardGradients, input),
  randomEtaGenerator: (input: Chain) => {
    const run = interpret((a: Tensor, c: Tensor, x: Tensor, noises: Tensor[]) => {
      const { states, cleanPredictions, sample } = pathOf(input, a, c, x, noises)
      return { states: [...states], cleanPredictions: [...cleanPredictions], sample }
    })
    const { states, cleanPredictions, sample } = run(
      input.epsLinearA,
      input.epsLinearC,
      input.initialNoise,
      arrays(input.noisePerStep),
    )
    return {
      states: states.map(state => state.data),
      cleanPredictions: cleanPredictions.map(clean => clean.data),
      sample: sample.data,
    }
  },
  rewardLossGradient: (input: Chain & { rewardGradientInImage: number[]; supervisedStep: number | null }) => {
    const loss = (a: Tensor, c: Tensor, x: Tensor, noises: Tensor[], field: Tensor) => {
      const { sample } = pathOf(input, a, c, x, noises, input.supervisedStep ?? undefined)
      const row = (vector: Tensor) => expandDims(vector, { axis: 0 })
      return [rewardFieldLoss(row(sample), row(field)), sample] as const
    }
    const { value, gradient, aux } = interpret(valueAndGrad(loss, { hasAux: true }))(
      input.epsLinearA,
      input.epsLinearC,
      input.initialNoise,
      arrays(input.noisePerStep),
      input.rewardGradientInImage,
    )
    return { cleanPrediction: aux.data, loss: value.data[0], dLossDA: gradient.data[0] }
  },
  weightRegularizedStep: (input: {
    theta: number[]
    thetaReference: number[]
    rewardGradient: number[]
    regularization: number
    learningRate: number
    temperature: number
    standardNormal: number[]
  }) => {
    const { regularizationLoss, objectiveGradient, next } = weightRegularizedStep(
      input.theta,
      input.thetaReference,
      input.rewardGradient,
      { ...input, lambda: input.regularization },
      input.standardNormal,
    )
    return { regularizationLoss, objectiveGradient, thetaNext: next }
  },
  regularizedMaximizer: (input: {
    Q: number[][]
    peak: number[]
    thetaReference: number[]
    regularization: number
  }) => {
    const result = regularizedMaximizer(
      { curvature: input.Q, peak: input.peak },
      input.thetaReference,
      input.regularization,
    )
    return { ...result, theta: result.parameters }
  },
  implicitGuidanceReward: (input: { alphaBar: number; epsUncond: number[]; epsCond: number[] }) => {
    const reward = (conditional: Tensor, unconditional: Tensor) =>
      implicitGuidanceReward(conditional, unconditional, input.alphaBar)
    const { logLikelihoodGradient, cleanDirection } = interpret(reward)(input.epsCond, input.epsUncond)
    return { gradLogPcGivenXt: logLikelihoodGradient.data, directionOnCleanPrediction: cleanDirection.data }
  },
} satisfies Adapters
