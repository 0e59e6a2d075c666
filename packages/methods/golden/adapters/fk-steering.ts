import {
  effectiveSampleSize,
  logMeanExpReward,
  type Potential,
  releasedFkStep,
  resampleIndices,
  resampleSchedule,
  tiltedGaussianMixture,
} from '@guerdon/methods/diffusion/fk-steering'
import type { Adapters } from '../adapter.ts'

const potentialNames: Readonly<Record<string, Potential>> = {
  diff: 'difference',
  max: 'max',
  add: 'sum',
  rt: 'reward',
  bon: 'bestOfN',
  is: 'importance',
}

interface Schedule {
  resampleFrequency: number
  tStart: number
  tEnd: number
  timeSteps: number
}

const scheduleOf = (input: Schedule) => ({
  frequency: input.resampleFrequency,
  start: input.tStart,
  end: input.tEnd,
  steps: input.timeSteps,
})

export const adapters = {
  fkResampleStep: (
    input: Schedule & {
      variant: 'image' | 'text'
      potential: string
      lambda_: number
      rewards: number[]
      populationRewards: number[]
      productOfPotentials: number[]
      forcedIndices: number[]
      samplingIndex: number
      adaptive: boolean
      adaptiveAtEnd?: boolean
      essThresholdFraction: number
    },
  ) =>
    releasedFkStep(
      {
        ...input,
        potential: potentialNames[input.potential],
        lambda: input.lambda_,
        step: input.samplingIndex,
        schedule: scheduleOf(input),
        essThreshold: input.essThresholdFraction,
      },
      () => input.forcedIndices,
    ),
  resampleSchedule: (input: Schedule) => ({ indices: resampleSchedule(scheduleOf(input)) }),
  logMeanExpReward: (input: { scoresPerParticle: number[][] }) => ({
    reward: logMeanExpReward(input.scoresPerParticle),
  }),
  resampleIndices: (input: { weights: number[]; uniforms: number[]; systematicOffset: number }) => ({
    multinomial: resampleIndices(input.weights, input.uniforms, 'multinomial'),
    stratified: resampleIndices(input.weights, input.uniforms, 'stratified'),
    systematic: resampleIndices(input.weights, [input.systematicOffset], 'systematic'),
    ess: effectiveSampleSize(input.weights),
  }),
  tiltedGaussianMixture: (input: {
    mixtureWeights: number[]
    means: number[][]
    variances: number[]
    lambda_: number
    rewardCentre: number[]
    rewardVariance: number
  }) =>
    tiltedGaussianMixture(
      { weights: input.mixtureWeights, means: input.means, variances: input.variances },
      { lambda: input.lambda_, centre: input.rewardCentre, variance: input.rewardVariance },
    ),
} satisfies Adapters
