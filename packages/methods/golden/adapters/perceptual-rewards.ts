import {
  averageStd,
  combineSteps,
  fitStepModels,
  gaussianStepReward,
  perceptualReward,
  segment,
  selectFeatures,
  stepJaccard,
  stepWeights,
} from '@guerdon/methods/control/perceptual-rewards'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  averageStd: (input: { frames: number[][] }) => ({ averageStd: averageStd(input.frames) }),
  recursiveSegmentation: (input: { frames: number[][]; steps: number; minSize: number }) =>
    segment(input.frames, { steps: input.steps, minSize: input.minSize }) ?? { boundaries: null, objective: null },
  discriminativeFeatures: (input: { positives: number[][]; negatives: number[][]; alpha: number; topM: number }) =>
    selectFeatures(input.positives, input.negatives, { alpha: input.alpha, topM: input.topM }),
  gaussianStepReward: (input: { features: number[][]; mean: number[]; std: number[]; stdFloor: number }) => {
    const rewards = input.features.map(x => gaussianStepReward(x, input.mean, input.std, { stdFloor: input.stdFloor }))
    return { quadratic: rewards.map(r => r.quadratic), bounded: rewards.map(r => r.bounded) }
  },
  combinedReward: (input: { stepRewards: number[][] }) => {
    const rewards = input.stepRewards.map(row => combineSteps(row))
    return {
      weights: stepWeights(input.stepRewards[0].length),
      combined: rewards.map(r => r.combined),
      normalised: rewards.map(r => r.normalised),
    }
  },
  stepJaccard: (input: { predictedBoundaries: number[]; trueBoundaries: number[]; frames: number }) =>
    stepJaccard(input.predictedBoundaries, input.trueBoundaries, input.frames),
  perceptualRewardPipeline: (input: {
    demonstrations: number[][][]
    steps: number
    minSize: number
    topM: number
    alpha: number
    stdFloor: number
    query: number[][]
  }) => {
    const { steps, minSize, topM, alpha, stdFloor } = input
    const fit = fitStepModels(input.demonstrations, {
      steps,
      minSize,
      topM,
      alpha,
      stdFloor,
      standardise: false,
      dropConstant: false,
    })
    const rewards = input.query.map(frame => perceptualReward(fit.model, frame))
    return {
      boundaries: fit.segmentations.map(s => s?.boundaries ?? null),
      selected: fit.model.steps.map(step => step.selected),
      means: fit.model.steps.map(step => step.means),
      stds: fit.model.steps.map(step => step.stds),
      stepRewards: rewards.map(r => r.stepRewards),
      combined: rewards.map(r => r.combined),
    }
  },
} satisfies Adapters
