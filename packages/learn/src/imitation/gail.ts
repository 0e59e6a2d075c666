import { GuerdonError, Random } from '@guerdon/core'
import { type ImitationReward, imitationReward } from '@guerdon/methods/control/lipschitz-gail'
import type { Evaluated, NdArray } from '@guerdon/tensor'
import { type Space, sizeOf } from '@guerdon/worlds/world/space'
import type { VectorWorld } from '@guerdon/worlds/world/vector-world'
import type { Experience } from '../control/experience.ts'
import { type ControlLearner, onPolicyLearner, type Trained } from '../control/on-policy.ts'
import { type PpoOptions, ppoRule } from '../control/ppo.ts'
import { runningMeans } from '../control/running-means.ts'
import { assertDemonstrations, type Demonstrations, demonstrationsHash } from './demonstrations.ts'
import { type DiscriminatorSettings, type ImitationBatch, trainedDiscriminator } from './discriminator.ts'

/** Choices of GAIL: PPO's, the discriminator's, and the reward between them. */
export interface GailOptions extends Omit<PpoOptions, 'normalise' | 'rewardFunction'> {
  readonly demonstrations: Demonstrations
  readonly discriminator?: DiscriminatorSettings
  /**
   * `minimax`, −log(1 − σ(D)) ≥ 0, also rewards staying alive; `minimax-plus-non-saturating`, the logit, also rewards an early
   * end while it is negative. Choose by the task. Default `minimax`.
   */
  readonly reward?: ImitationReward
}

/**
 * Generative adversarial imitation (Ho & Ermon, arXiv 1606.03476) with PPO, and the gradient penalty that Blondé et al., arXiv
 * 2006.16785, found indispensable: in an update the policy plays a block, the discriminator learns to tell its pairs from the
 * expert's, the block's rewards are computed with it as it then is, and PPO learns from them. The world's own rewards are only
 * reported.
 *
 * The discriminator sees observations scaled by mean and deviation of the demonstrations, clamped to ±5, and actions held in
 * their bounds, discrete ones as one-hot vectors. On-policy: differs from the paper's off-policy agent in that each block is
 * scored once.
 *
 * Points: PPO's, and means over the discriminator's batches of `discriminatorLoss`, `policyLogit`, `expertLogit`, `penalty`,
 * `logitGradientNorm` (null without a penalty), and `imitationReward`, the block's mean.
 *
 * @throws empty, shape_mismatch, not_finite, invalid_input for demonstrations that do not fit the world, naming the pair
 */
export function createGail(world: VectorWorld, options: GailOptions): ControlLearner {
  const { demonstrations, discriminator: settings, reward: form = 'minimax', ...ppoOptions } = options
  assertDemonstrations(demonstrations, world)
  if (form !== 'minimax' && form !== 'minimax-plus-non-saturating') {
    throw new GuerdonError(
      'invalid_option',
      `expected reward 'minimax' or 'minimax-plus-non-saturating'; got '${form}'`,
      {
        path: ['reward'],
      },
    )
  }
  const { actionSpace, observationSpace } = world
  const observationSize = sizeOf(observationSpace)
  const actionSize = actionSpace.kind === 'discrete' ? actionSpace.count : sizeOf(actionSpace)
  const ppo = ppoRule(world, { ...ppoOptions, normalise: false })
  const rows = ppo.steps * world.copies
  const random = new Random(options.seed).split('discriminator')
  const sizes = { observationSize, actionSize, threads: options.threads ?? 1 }
  const discriminator = trainedDiscriminator(random, sizes, settings)
  const { trainer } = discriminator
  const { batchSize, updates, expertLabels, ...told } = discriminator.settings
  const scaling = scalingOf(demonstrations, observationSize)
  const expert = {
    observations: scaled(demonstrations.observations, demonstrations.count, scaling),
    actions: actionVectors(demonstrations.actions, demonstrations.count, actionSpace),
  }

  async function learn(trained: Trained, experience: Experience, shuffle: Random, update: number) {
    trainer.restore(trained.extra as ReturnType<typeof trainer.state>)
    const observations = scaled(experience.observations, rows, scaling)
    const actions = actionVectors(experience.actions, rows, actionSpace)
    const means = runningMeans(['discriminatorLoss', 'policyLogit', 'expertLogit', 'penalty', 'logitGradientNorm'])
    for (let k = 0; k < updates; k++) {
      const fromPolicy = Int32Array.from({ length: batchSize }, () => shuffle.integer(rows))
      const fromExpert = Int32Array.from({ length: batchSize }, () => shuffle.integer(demonstrations.count))
      const batch: ImitationBatch<NdArray> = {
        policyObservations: takeRows(observations, fromPolicy),
        policyActions: takeRows(actions, fromPolicy),
        expertObservations: takeRows(expert.observations, fromExpert),
        expertActions: takeRows(expert.actions, fromExpert),
        ...discriminator.draws(shuffle),
      }
      const { loss, measured } = await trainer.step(batch as unknown as Evaluated<ImitationBatch>)
      means.add({ discriminatorLoss: loss, ...measured })
    }
    trained.extra = trainer.state()
    const logits = await discriminator.logits(observations, actions)
    let total = 0
    for (let i = 0; i < rows; i++) total += experience.rewards[i] = imitationReward(logits[i], { form })
    const measured = await ppo.learn(trained, experience, shuffle, update)
    return { ...measured, ...means.point(), imitationReward: total / rows }
  }

  return onPolicyLearner(world, ppoOptions, {
    ...ppo,
    name: 'gail',
    settings: {
      ...ppo.settings,
      demonstrations: demonstrationsHash(demonstrations),
      reward: form,
      ...Object.fromEntries(
        Object.entries({ ...told, batchSize, updates }).map(([name, value]) => [`discriminator.${name}`, value]),
      ),
      'discriminator.expertLabels': [...expertLabels],
    },
    extra: trainer.state(),
    learn,
  })
}

interface Scaling {
  /** [D] */
  readonly mean: Float64Array
  /** [D], at least 1e-3. */
  readonly deviation: Float64Array
}

function scalingOf({ count, observations }: Demonstrations, size: number): Scaling {
  const [mean, deviation] = [new Float64Array(size), new Float64Array(size)]
  for (let i = 0; i < observations.length; i++) mean[i % size] += observations[i] / count
  for (let i = 0; i < observations.length; i++) deviation[i % size] += (observations[i] - mean[i % size]) ** 2 / count
  return { mean, deviation: deviation.map(variance => Math.max(Math.sqrt(variance), 1e-3)) }
}

/** The first `rows` observations, scaled. */
function scaled(observations: Float32Array, rows: number, { mean, deviation }: Scaling): NdArray {
  const size = mean.length
  const data = new Float32Array(rows * size)
  for (let i = 0; i < data.length; i++) data[i] = (observations[i] - mean[i % size]) / deviation[i % size]
  return { dtype: 'float32', shape: [rows, size], data }
}

/** Actions held in their bounds, or one-hot. */
function actionVectors(actions: Float32Array | Int32Array, rows: number, space: Space): NdArray {
  const size = space.kind === 'discrete' ? space.count : sizeOf(space)
  const data = new Float32Array(rows * size)
  if (space.kind === 'discrete') for (let i = 0; i < rows; i++) data[i * size + actions[i]] = 1
  else {
    for (let i = 0; i < data.length; i++) {
      const [low, high] = [
        space.low[i % size] ?? Number.NEGATIVE_INFINITY,
        space.high[i % size] ?? Number.POSITIVE_INFINITY,
      ]
      data[i] = Math.min(high, Math.max(low, actions[i]))
    }
  }
  return { dtype: 'float32', shape: [rows, size], data }
}

function takeRows({ shape, data }: NdArray, indices: Int32Array): NdArray {
  const width = shape[1]
  const taken = new Float32Array(indices.length * width)
  for (let i = 0; i < indices.length; i++) {
    taken.set(data.subarray(indices[i] * width, (indices[i] + 1) * width) as Float32Array, i * width)
  }
  return { dtype: 'float32', shape: [indices.length, width], data: taken }
}
