import {
  attenuatedFrames,
  fixedFirstFrames,
  partialDdimEdit,
  partialTimesteps,
  rewardWeightedRegressionLoss,
  segmentalRewardLoss,
  segmentSpan,
} from '@guerdon/methods/diffusion/instruct-video'
import { add, interpret, mul, sum, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'

const scheduleNames = { linear: 'linear', scaled_linear: 'scaledLinear' } as const

interface Frames {
  numFrames: number
  numSegments: number
  localIndex: number[][]
  frameScores: number[][]
  lambdaTar: number
}

const framesOf = (input: Frames & { attenuate?: boolean }) =>
  input.localIndex.map(local =>
    attenuatedFrames(local, { ...input, lambda: input.attenuate === false ? 0 : input.lambdaTar }),
  )

export const adapters = {
  partialTimesteps: (input: { numTrainTimesteps: number; ddimSteps: number; noiseLevel: number }) =>
    partialTimesteps({ ...input, trainSteps: input.numTrainTimesteps, compat: 'released' }),
  segmentalAttenuatedReward: (
    input: Frames & { attenuate: boolean; reconstructionError: number[] | null; alignCoefficient: number },
  ) => {
    const frames = framesOf(input)
    const coefficients = frames.map(video => video.coefficients)
    const options = { alignCoefficient: input.alignCoefficient, compat: 'released' } as const
    const { reward, perVideoLoss, loss } =
      input.reconstructionError === null
        ? interpret((scores: Tensor, weights: Tensor) => segmentalRewardLoss(scores, weights, options))(
            input.frameScores,
            coefficients,
          )
        : interpret((scores: Tensor, weights: Tensor, error: Tensor) =>
            segmentalRewardLoss(scores, weights, options, error),
          )(input.frameScores, coefficients, input.reconstructionError)
    return {
      segmentSpan: segmentSpan(input),
      globalIndex: frames.map(video => video.globalIndex),
      coefficients,
      reward: reward.data,
      perVideoLoss: perVideoLoss.data,
      loss: loss.data[0],
    }
  },
  fixedFirstFrames,
  lossGradientPerFrame: (input: Frames) => {
    const frames = framesOf(input)
    const loss = (scores: Tensor, weights: Tensor) => segmentalRewardLoss(scores, weights).loss
    const { gradient } = interpret(valueAndGrad(loss))(
      input.frameScores,
      frames.map(video => video.coefficients),
    )
    const rows = frames.map(({ globalIndex }, video) => {
      const row = new Array<number>(input.numFrames).fill(0)
      for (const [s, frame] of globalIndex.entries()) row[frame] = gradient.data[video * input.numSegments + s]
      return row
    })
    return { dLossDScorePerFrame: rows }
  },
  partialDdimEdit: (input: {
    numTrainTimesteps: number
    betaSchedule: keyof typeof scheduleNames
    betaStart: number
    betaEnd: number
    ddimSteps: number
    noiseLevel: number
    truncateBackpropSteps: number
    guidanceScale: number
    latent: number[]
    noise: number[]
    condition: number[]
    unconditional: number[]
    epsLinearA: number
    epsLinearC: number
    lossWeights: number[]
  }) => {
    const edit = (
      linear: { a: Tensor; c: Tensor },
      latent: Tensor,
      noise: Tensor,
      condition: Tensor,
      unconditional: Tensor,
      weights: Tensor,
    ) => {
      const epsilon = (given: Tensor) => (x: Tensor) => add(mul(linear.a, x), mul(linear.c, given))
      const { noised, edited } = partialDdimEdit(
        latent,
        noise,
        { conditional: epsilon(condition), unconditional: epsilon(unconditional) },
        {
          ...input,
          trainSteps: input.numTrainTimesteps,
          schedule: scheduleNames[input.betaSchedule],
          compat: 'released',
        },
      )
      return [sum(mul(edited, weights)), { noised, edited }] as const
    }
    const { value, gradient, aux } = interpret(valueAndGrad(edit, { hasAux: true }))(
      { a: input.epsLinearA, c: input.epsLinearC },
      input.latent,
      input.noise,
      input.condition,
      input.unconditional,
      input.lossWeights,
    )
    return {
      noisedLatent: aux.noised.data,
      edited: aux.edited.data,
      loss: value.data[0],
      dLossDA: gradient.a.data[0],
      dLossDC: gradient.c.data[0],
    }
  },
  rewardWeightedRegressionLoss: (input: { reward: number[]; reconstructionLoss: number[] }) => ({
    loss: interpret(rewardWeightedRegressionLoss)(input.reward, input.reconstructionLoss).data[0],
  }),
} satisfies Adapters
