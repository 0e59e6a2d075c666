import { assertInteger } from '@guerdon/core'
import { partialDdimEdit, partialTimesteps } from '@guerdon/methods/diffusion/instruct-video'
import { constant, type Evaluated, normalArray, type Tensor } from '@guerdon/tensor'
import { dataHash } from '../language/policy-settings.ts'
import {
  createGradientLearner,
  type GradientLearner,
  type GradientLearnerOptions,
} from '../training/gradient-learner.ts'
import { takeSamples } from './chains.ts'
import { checkedData, type DiffusionData } from './diffusion-data.ts'
import { type DiffusionModel, parametersHash } from './model.ts'
import { sampleSize } from './network.ts'
import {
  type DifferentiableRewards,
  predictedNoise,
  type RewardObjectiveOptions,
  rewardObjective,
} from './reward-objective.ts'

/** Choices of fine-tuning on edits. */
export interface RewardEditorOptions<P> extends GradientLearnerOptions, RewardObjectiveOptions {
  /** Parameters to start from; they are the anchor of the regulariser as well. */
  readonly initial: Evaluated<P>
  /** Real samples that are edited. */
  readonly data: Pick<DiffusionData, 'samples' | 'labels'>
  /** D: DDIM steps of a full chain. Default 20. */
  readonly steps?: number
  /** τ: share of the chain that is run; 1 starts from noise alone. Default 0.6. */
  readonly noiseLevel?: number
  /** The last so many steps carry the gradient. Default 1. */
  readonly differentiatedSteps?: number
  /** Default 1. */
  readonly guidanceScale?: number
  /** Default 64. */
  readonly batchSize?: number
}

interface EditBatch<T = Tensor> {
  latents: T
  noise: T
  labels: T
}

/**
 * Reward fine-tuning on edits (InstructVideo, arXiv 2312.12490): a real sample is noised part of the way, denoised by
 * deterministic steps, and the reward of the result is differentiated through the last steps alone. ⌊τ·D⌋ calls a sample in
 * place of D. Rewards of videos from single frames: `segmentalRewardLoss` of methods inside the reward.
 *
 * Points: `loss`, `gradientNorm`, the mean of each reward under its name, `fieldNorm`, `drift`, and of this update
 * `denoiserCalls` and, those of them that were differentiated, `gradientCalls`.
 */
export function createRewardEditor<P>(
  model: DiffusionModel<P>,
  rewards: DifferentiableRewards,
  options: RewardEditorOptions<P>,
): GradientLearner<P> {
  const { initial, steps = 20, noiseLevel = 0.6, differentiatedSteps = 1, guidanceScale = 1, batchSize = 64 } = options
  const { normalise = false, regularisation = 0 } = options
  assertInteger(batchSize, 'batchSize', 1)
  const { network, trainSteps, scheduleOptions } = model
  const guided = network.classes > 0 && guidanceScale !== 1
  const data = checkedData(model, options.data, 'data')
  const editing = { trainSteps, ddimSteps: steps, noiseLevel }
  const { networkCalls } = partialTimesteps(editing)
  const calls = batchSize * (guided ? 2 : 1)
  const weights = Object.entries(rewards).map(([name, { weight = 1 }]) => [name, weight])
  return createGradientLearner<P, EditBatch>(
    {
      name: 'reward-editor',
      settings: {
        ...model.settings,
        initial: parametersHash(initial),
        steps,
        noiseLevel,
        differentiatedSteps,
        guidanceScale,
        batchSize,
        normalise,
        regularisation,
        rewards: JSON.stringify(weights),
        data: dataHash(data.samples, data.labels),
      },
      initial: () => initial,
      loss(parameters, { latents, noise, labels }) {
        const denoise = (samples: Tensor, timestep: number) =>
          predictedNoise(model, parameters, { samples, labels, timestep }, { guidanceScale })
        const { edited } = partialDdimEdit(
          latents,
          noise,
          { conditional: denoise },
          { ...scheduleOptions, ...editing, guidanceScale: 1, truncateBackpropSteps: differentiatedSteps },
        )
        const found = { samples: edited, labels, parameters, initial }
        const { loss, measured } = rewardObjective(rewards, found, { normalise, regularisation })
        return {
          loss,
          measured: {
            ...measured,
            denoiserCalls: constant(calls * networkCalls),
            gradientCalls: constant(calls * Math.min(networkCalls, differentiatedSteps)),
          },
        }
      },
      nextBatch(random) {
        const rows = Int32Array.from({ length: batchSize }, () => random.integer(data.count))
        const shape = [batchSize, ...network.shape]
        return {
          latents: { dtype: 'float32', shape, data: takeSamples(data.samples, rows, sampleSize(network)) },
          noise: normalArray(random, shape, 1),
          labels: { dtype: 'int32', shape: [batchSize], data: rows.map(row => data.labels[row]) },
        } as Evaluated<EditBatch>
      },
    },
    options,
  )
}
