import { assertInteger, Random, type RandomState } from '@guerdon/core'
import type { Evaluated, NdArray, Tree } from '@guerdon/tensor'
import { runningMeans } from '../control/running-means.ts'
import type { Learner, Settings } from '../run/learner.ts'
import { readLearnerState, writeLearnerState } from '../run/learner-state.ts'
import { arraysLike } from '../training/checkpoint.ts'
import { createTrainer, type MeasuredLoss, type TrainerOptions } from '../training/trainer.ts'
import { type DiffusionModel, parametersHash } from './model.ts'
import { createDiffusionSampler, type DiffusionSampler, type DiffusionSamplerOptions } from './sampler.ts'

/** Choices of every learner that learns from rewarded chains. */
export interface ChainLearnerOptions<P> extends TrainerOptions {
  /** A safe integer; decides chains and minibatches. */
  readonly seed: number
  /** Parameters to start from; they are the reference as well. */
  readonly initial: Evaluated<P>
  /** Default 20 steps with η = 1. */
  readonly sampler?: Omit<DiffusionSamplerOptions, 'threads'>
  /** Minibatches an update, each one gradient step. Default 8. */
  readonly miniBatches?: number
  /** Passes over an update's steps. Default 1. */
  readonly epochs?: number
  /** Classes to draw samples for, in turn. Default: none. */
  readonly labels?: readonly number[]
}

/** A learner of a diffusion model. */
export interface DiffusionLearner<P> extends Learner {
  parameters(): Evaluated<P>
  /** What was called so far, counted apart: a gradient is a call that is differentiated. */
  spent(): ChainCounts
}

/** Numbers of calls, for samples one by one. */
export interface ChainCounts {
  readonly denoiserCalls: number
  readonly gradientCalls: number
  readonly rewardCalls: number
}

/** What an update gathered before it learns. */
export interface Gathered<B> {
  /** Rows to learn from; none skips learning. */
  readonly rows: Int32Array
  /** The minibatch of some of these rows. */
  batch(rows: Int32Array): Promise<Evaluated<B>> | Evaluated<B>
  readonly rewards: Float64Array
  readonly denoiserCalls: number
  readonly measured?: Readonly<Record<string, number>>
}

/** What makes one learner differ from another. */
export interface ChainLearnerParts<P, B> {
  readonly name: string
  readonly settings: Settings
  /** Names of what `loss` measures, and `gather` beside them. */
  readonly measured: readonly string[]
  /** Calls of the network for one row of a gradient step, and calls without a gradient for its reference. */
  readonly callsPerRow: { readonly differentiated: number; readonly plain: number }
  /** Rows of one minibatch; default ⌈rows/miniBatches⌉. A number that stays the same keeps one compiled graph. */
  readonly batchRows?: number
  loss(parameters: P, batch: B): MeasuredLoss
  gather(sampler: DiffusionSampler<P>, parameters: Evaluated<P>, random: Random, update: number): Promise<Gathered<B>>
  /** State of its own, plain data. */
  save?(): unknown
  restore?(kept: unknown): void
}

interface Rest {
  readonly random: RandomState
  readonly updates: number
  readonly spent: ChainCounts
  readonly kept: unknown
}

/** The loop of learners from chains: sample, reward, learn in shuffled minibatches; counts, saves, restores. */
export function chainLearner<P, B>(
  model: DiffusionModel<P>,
  options: ChainLearnerOptions<P>,
  parts: ChainLearnerParts<P, B>,
): DiffusionLearner<P> {
  const { seed, initial, miniBatches = 8, epochs = 1, labels = [], threads = 1 } = options
  assertInteger(miniBatches, 'miniBatches', 1)
  assertInteger(epochs, 'epochs', 1)
  const samplerOptions = chainSamplerOptions(options)
  const sampler = createDiffusionSampler(model, { ...samplerOptions, threads })
  sampler.assertStochastic('log-probabilities')
  const trainer = createTrainer<P, B>(initial, parts.loss, options)
  const { learningRate, maximumGradientNorm = null, weightDecay = 0 } = options
  const owner = {
    name: parts.name,
    settings: {
      ...model.settings,
      initial: parametersHash(initial),
      sampler: JSON.stringify(sampler.settings),
      seed,
      miniBatches,
      epochs,
      labels,
      learningRate,
      maximumGradientNorm,
      weightDecay,
      ...parts.settings,
    },
  }
  let random = new Random(seed).split('chains')
  let updates = 0
  let spent: ChainCounts = { denoiserCalls: 0, gradientCalls: 0, rewardCalls: 0 }

  async function learn(gathered: Gathered<B>, size: number): Promise<ReturnType<typeof runningMeans>> {
    const means = runningMeans(['loss', 'gradientNorm', ...parts.measured])
    if (gathered.measured) means.add(gathered.measured)
    const { rows } = gathered
    for (let pass = 0; pass < epochs && rows.length > 0; pass++) {
      const order = random.shuffle(rows.slice())
      for (let first = 0; first < rows.length; first += size) {
        // the last minibatch is filled up from the front, so that all are of one size
        const some = Int32Array.from({ length: size }, (_, i) => order[(first + i) % rows.length])
        const { loss, gradientNorm, measured } = await trainer.step(await gathered.batch(some))
        means.add({ loss, gradientNorm, ...measured })
      }
    }
    return means
  }

  return {
    ...owner,
    parameters: () => trainer.parameters(),
    spent: () => spent,
    updates: () => updates,
    async update() {
      const gathered = await parts.gather(sampler, trainer.parameters(), random, updates)
      const { rows, rewards } = gathered
      const size = parts.batchRows ?? Math.max(1, Math.ceil(rows.length / miniBatches))
      const means = await learn(gathered, size)
      const learnt = epochs * Math.ceil(rows.length / size) * size
      spent = {
        denoiserCalls: spent.denoiserCalls + gathered.denoiserCalls + learnt * parts.callsPerRow.plain,
        gradientCalls: spent.gradientCalls + learnt * parts.callsPerRow.differentiated,
        rewardCalls: spent.rewardCalls + rewards.length,
      }
      updates++
      let total = 0
      for (const reward of rewards) total += reward
      return { meanReward: total / rewards.length, ...means.point(), ...spent }
    },
    save() {
      const rest: Rest = { random: random.state(), updates, spent, kept: parts.save?.() ?? null }
      return writeLearnerState(owner, trainer.state() as unknown as Tree<NdArray>, rest)
    },
    restore(bytes) {
      const { tensors, rest } = readLearnerState<Rest>(bytes, owner)
      trainer.restore(arraysLike(tensors, trainer.state()))
      random = new Random(rest.random)
      updates = rest.updates
      spent = rest.spent
      parts.restore?.(rest.kept)
    },
  }
}

/** A learner's sampler: 20 steps with η = 1 unless said otherwise. */
export function chainSamplerOptions({
  sampler,
}: Pick<ChainLearnerOptions<unknown>, 'sampler'>): DiffusionSamplerOptions {
  return { steps: 20, eta: 1, ...sampler }
}

/** `count` labels in turn; null without any. */
export function labelsInTurn(labels: readonly number[] | undefined, count: number): Int32Array | null {
  if (labels === undefined || labels.length === 0) return null
  return Int32Array.from({ length: count }, (_, i) => labels[i % labels.length])
}
