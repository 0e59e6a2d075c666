import { assertProbability, assertSameLength, GuerdonError, type Random } from '@guerdon/core'
import { type DdimOptions, ddimLogProb, ddimStep, ddimTimesteps } from '../../shared/ddim.ts'
import type { NoiseSchedule } from '../../shared/noise-schedule.ts'
import { addNoise } from './forward-process.ts'

/** What a denoiser says of a batch at one timestep, guidance included: [B][D]. */
export type Denoiser = (samples: readonly Float64Array[], timestep: number) => Promise<readonly ArrayLike<number>[]>

/** A recorded chain: N steps between N + 1 states. */
export interface DenoisingChain {
  /** [N] falling */
  readonly timesteps: Int32Array
  /** [N + 1][B][D] states before, between and after the steps. */
  readonly states: readonly (readonly Float64Array[])[]
  /** [N][B] log-probability of each step taken; null in a deterministic chain. */
  readonly logProbs: readonly (Float64Array | null)[]
}

/** Choices of `sampleDenoisingChain`. */
export interface ChainOptions extends DdimOptions {
  /** Added to the leading timesteps. Default 1. */
  readonly offset?: number
  readonly signal?: AbortSignal
}

/**
 * Samples a batch of chains and keeps what reinforcement learning needs: the states before and after each step, and the
 * log-probability of the step, recomputable from (t, x, x′) and the weights alone. The reward belongs to the last state.
 *
 * Draws D normals a sample at each step with σ > 0, sample after sample.
 *
 * @param initial [B][D] x_T, standard normal
 */
export async function sampleDenoisingChain(
  initial: readonly Float64Array[],
  denoise: Denoiser,
  schedule: NoiseSchedule,
  options: ChainOptions,
  random: Random,
): Promise<DenoisingChain> {
  const { steps = 50, offset = 1 } = options
  const { timesteps } = ddimTimesteps({ trainSteps: schedule.betas.length, steps, offset })
  const states: (readonly Float64Array[])[] = [initial]
  const logProbs: (Float64Array | null)[] = []
  for (const timestep of timesteps) {
    options.signal?.throwIfAborted()
    const samples = states[states.length - 1]
    const outputs = await denoise(samples, timestep)
    const batch = { samples, outputs, timesteps: new Int32Array(samples.length).fill(timestep) }
    const { means, sigma } = ddimStep(schedule, batch, options)
    const next = means.map((mean, b) => (sigma[b] === 0 ? mean : mean.map(value => value + sigma[b] * random.normal())))
    states.push(next)
    logProbs.push(sigma.some(value => value === 0) ? null : ddimLogProb(next, means, sigma))
  }
  return { timesteps, states, logProbs }
}

/** A batch to train a denoiser on. */
export interface DenoisingBatch {
  /** [B] */
  readonly timesteps: Int32Array
  /** [B][D] ε */
  readonly noise: readonly Float64Array[]
  /** [B][D] x_t */
  readonly noisy: readonly Float64Array[]
  /** [B] 1 where the condition is replaced by the empty one. */
  readonly dropped: Uint8Array
}

/**
 * Noises clean samples for training. Draws a sample: whether the condition is dropped (one uniform), t uniform in
 * {0 … T − 1} (one integer), then D normals.
 *
 * @param clean [B][D]
 * @param options.dropCondition probability of the empty condition, default 0.1
 */
export function denoisingBatch(
  clean: readonly ArrayLike<number>[],
  schedule: NoiseSchedule,
  random: Random,
  options: { readonly dropCondition?: number } = {},
): DenoisingBatch {
  const { dropCondition = 0.1 } = options
  assertProbability(dropCondition, 'dropCondition')
  const timesteps = new Int32Array(clean.length)
  const dropped = new Uint8Array(clean.length)
  const noise: Float64Array[] = []
  const noisy = clean.map((sample, b) => {
    dropped[b] = random.bernoulli(dropCondition) ? 1 : 0
    timesteps[b] = random.integer(schedule.betas.length)
    noise.push(random.normals(sample.length))
    return addNoise(sample, noise[b], schedule.alphasCumulative[timesteps[b]])
  })
  return { timesteps, noise, noisy, dropped }
}

/**
 * One step of the average of weights that is used for sampling: d·average + (1 − d)·weight.
 *
 * @param options.decay d in [0, 1], customarily 0.999 to 0.9999
 */
export function averageWeights(
  average: ArrayLike<number>,
  weights: ArrayLike<number>,
  options: { readonly decay: number },
): Float64Array {
  assertProbability(options.decay, 'decay')
  assertSameLength(average, 'average', weights, 'weights')
  const averaged = Float64Array.from(average, (value, i) => options.decay * value + (1 - options.decay) * weights[i])
  if (averaged.every(Number.isFinite)) return averaged
  throw new GuerdonError('not_finite', 'expected finite weights; got NaN or Infinity', { path: ['weights'] })
}
