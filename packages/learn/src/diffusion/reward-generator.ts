import { assertInteger, assertOneOf } from '@guerdon/core'
import { generate } from '@guerdon/methods/diffusion/r0'
import { ddimTimesteps } from '@guerdon/methods/exploration/baselines-qd-diffusion'
import { constant, type Evaluated, normalArray, slice, squeeze, type Tensor } from '@guerdon/tensor'
import {
  createGradientLearner,
  type GradientLearner,
  type GradientLearnerOptions,
} from '../training/gradient-learner.ts'
import { labelsInTurn } from './chain-learner.ts'
import { callsPerStep, type DiffusionModel, type GuidanceOptions, parametersHash } from './model.ts'
import { conditionLabels } from './network.ts'
import {
  type DifferentiableRewards,
  predictedNoise,
  type RewardObjectiveOptions,
  rewardObjective,
} from './reward-objective.ts'

/** Choices of R0. */
export interface RewardGeneratorOptions<P> extends GradientLearnerOptions, RewardObjectiveOptions, GuidanceOptions {
  /** Parameters to start from; they are the anchor of the regulariser as well. */
  readonly initial: Evaluated<P>
  /** K steps of the generator. Default 4. */
  readonly steps?: number
  /**
   * `last`: the sample is rewarded and the whole chain differentiated (R0). `random`: the clean prediction of a step drawn
   * anew for each update is, and that step alone differentiated (R0+).
   */
  readonly supervise?: 'last' | 'random'
  /** Default 96. */
  readonly batchSize?: number
  /** Classes to generate, in turn. Default: none. */
  readonly labels?: readonly number[]
}

interface GeneratorBatch<T = Tensor> {
  initialNoise: T
  /** [steps run][B][1]… */
  etas: T
  /** [steps run][B][…shape] */
  noises: T
  labels: T
}

/**
 * R0 (Luo et al., arXiv 2503.13070): a few-step generator made of a denoiser by maximising rewards alone, through the chain
 * that draws the sample. What keeps it sane: a random η of every sample and step, gradients of the rewards made equally
 * strong, weights held near where they began. Evaluate with `createDiffusionSampler` at the same steps, a fixed η and
 * `finalAlpha: 'one'`.
 *
 * Points: `loss`, `gradientNorm`, the mean of each reward under its name, `fieldNorm`, `drift`, and of this update
 * `denoiserCalls` and, those of them that were differentiated, `gradientCalls`.
 */
export function createRewardGenerator<P>(
  model: DiffusionModel<P>,
  rewards: DifferentiableRewards,
  options: RewardGeneratorOptions<P>,
): GradientLearner<P> {
  const { initial, steps = 4, supervise = 'last', batchSize = 96, labels = [] } = options
  const { normalise = true, regularisation = 0, guidanceScale = 1 } = options
  assertInteger(steps, 'steps', 1)
  assertInteger(batchSize, 'batchSize', 1)
  assertOneOf(supervise, 'supervise', ['last', 'random'])
  const { timesteps } = ddimTimesteps({ trainSteps: model.trainSteps, steps })
  const alphasCumulative = Array.from(timesteps, t => model.schedule.alphasCumulative[t])
  const own = conditionLabels(model.network, labelsInTurn(labels, batchSize), batchSize)
  const calls = callsPerStep(model, options) * batchSize
  const weights = Object.entries(rewards).map(([name, { weight = 1 }]) => [name, weight])
  return createGradientLearner<P, GeneratorBatch>(
    {
      name: 'reward-generator',
      settings: {
        ...model.settings,
        initial: parametersHash(initial),
        steps,
        supervise,
        batchSize,
        labels,
        normalise,
        regularisation,
        guidanceScale,
        rewards: JSON.stringify(weights),
      },
      initial: () => initial,
      loss(parameters, batch) {
        const run = batch.noises.shape[0]
        // steps that are not run need no draws of their own
        const at = (all: Tensor, k: number) => {
          const first = Math.min(k, run - 1)
          return squeeze(slice(all, { starts: [first], ends: [first + 1], axes: [0] }), { axis: 0 })
        }
        const each = (all: Tensor) => alphasCumulative.map((_, k) => at(all, k))
        const path = generate(
          (x, k) =>
            predictedNoise(
              model,
              parameters,
              { samples: x, labels: batch.labels, timestep: timesteps[k] },
              { guidanceScale },
            ),
          { initialNoise: batch.initialNoise, alphasCumulative, etas: each(batch.etas), noises: each(batch.noises) },
          supervise === 'random' ? { supervisedStep: run - 1 } : {},
        )
        const found = { samples: path.sample, labels: batch.labels, parameters, initial }
        const { loss, measured } = rewardObjective(rewards, found, { normalise, regularisation })
        const differentiated = supervise === 'random' ? 1 : run
        return {
          loss,
          measured: {
            ...measured,
            denoiserCalls: constant(calls * run),
            gradientCalls: constant(calls * differentiated),
          },
        }
      },
      nextBatch(random) {
        const run = supervise === 'random' ? 1 + random.integer(steps) : steps
        const { shape } = model.network
        const initialNoise = normalArray(random, [batchSize, ...shape], 1)
        const etas = Float32Array.from({ length: run * batchSize }, () => random.float())
        const one = shape.map(() => 1)
        return {
          initialNoise,
          etas: { dtype: 'float32', shape: [run, batchSize, ...one], data: etas },
          noises: normalArray(random, [run, batchSize, ...shape], 1),
          labels: { dtype: 'int32', shape: [batchSize], data: own },
        } as Evaluated<GeneratorBatch>
      },
    },
    options,
  )
}
