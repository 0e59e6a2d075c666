import { assertFinite, assertInteger, assertProbability, assertSameLength, GuerdonError } from '@guerdon/core'
import { add, clip, div, mul, type Operand, sub, type Tensor } from '@guerdon/tensor'
import type { NoiseSchedule } from './noise-schedule.ts'

/** What a denoiser predicts: the noise ε, the clean sample x₀, or v = √ᾱ·ε − √(1 − ᾱ)·x₀. */
export const predictionTypes = ['noise', 'sample', 'velocity'] as const
/** Name of what the network predicts. */
export type PredictionType = (typeof predictionTypes)[number]

/** Timesteps a sampler visits, [N], falling, with where each one leads. */
export interface DdimTimesteps {
  readonly timesteps: Int32Array
  /** t − ⌊T/N⌋; negative where the chain ends. */
  readonly previous: Int32Array
  /** The same held in [0, T − 1], as the released policy-gradient trainers do. */
  readonly previousClamped: Int32Array
}

/**
 * "Leading" timesteps: i·⌊T/N⌋ + offset for i = N − 1 … 0. Stable Diffusion uses offset 1; a model trained for offset 1 must
 * not be sampled with 0. With N close to T an offset can lead past T − 1; `ddimCoefficients` then names the timestep.
 *
 * @param options.steps N, default 50; options.trainSteps T, default 1000; options.offset default 1
 * @throws invalid_option when N exceeds T
 */
export function ddimTimesteps(
  options: { readonly trainSteps?: number; readonly steps?: number; readonly offset?: number } = {},
): DdimTimesteps {
  const { trainSteps = 1000, steps = 50, offset = 1 } = options
  assertInteger(trainSteps, 'trainSteps', 1)
  assertInteger(steps, 'steps', 1)
  assertInteger(offset, 'offset')
  const stride = Math.floor(trainSteps / steps)
  if (stride < 1) {
    throw new GuerdonError('invalid_option', `expected steps ≤ trainSteps ${trainSteps}; got ${steps}`, {
      path: ['steps'],
    })
  }
  const timesteps = Int32Array.from({ length: steps }, (_, i) => (steps - 1 - i) * stride + offset)
  const previous = timesteps.map(t => t - stride)
  return { timesteps, previous, previousClamped: previous.map(t => Math.max(t, 0)) }
}

/** Choices of a reverse step. */
export interface DdimOptions {
  /** Sampling steps N; with the schedule's T they give the stride ⌊T/N⌋. Default 50. */
  readonly steps?: number
  /** Noise of the step: 0 deterministic, 1 ancestral. Default 1. */
  readonly eta?: number
  /** Default `noise`. */
  readonly prediction?: PredictionType
  /** Holds x̂₀ in ± this; null leaves it. Default null. */
  readonly clipRange?: number | null
  /** Recomputes ε from the clipped x̂₀; otherwise ε stays what the model said. Default false. */
  readonly recomputeNoise?: boolean
  /**
   * ᾱ where the chain ends: `first` is ᾱ₀, so that σ > 0 and the last step has a log-probability too (policy-gradient
   * trainers); `one` is the clean end of plain DDIM. Default `first`.
   */
  readonly finalAlpha?: 'first' | 'one'
}

/** The numbers of a step, one for each sample of the batch, or tensors that broadcast to it. */
export interface DdimCoefficients<T = Float64Array> {
  /** √ᾱ_t */
  readonly signal: T
  /** √(1 − ᾱ_t) */
  readonly noise: T
  /** √ᾱ_t′ */
  readonly previousSignal: T
  /** √(1 − ᾱ_t′ − σ²) */
  readonly direction: T
  /** σ_t = η·√((1 − ᾱ_t′)/(1 − ᾱ_t)·(1 − ᾱ_t/ᾱ_t′)) */
  readonly sigma: T
}

/**
 * Coefficients of x′ = √ᾱ′·x̂₀ + √(1 − ᾱ′ − σ²)·ε̂ + σ·z for each timestep of `timesteps` [B]; samples of one batch may stand
 * at different steps. 1 − ᾱ′ − σ² is held at 0 against rounding.
 */
export function ddimCoefficients(
  schedule: Pick<NoiseSchedule, 'alphasCumulative'>,
  timesteps: ArrayLike<number>,
  options: DdimOptions = {},
): DdimCoefficients {
  const { steps = 50, eta = 1, finalAlpha = 'first' } = options
  const alphas = schedule.alphasCumulative
  assertInteger(steps, 'steps', 1)
  assertProbability(eta, 'eta')
  const stride = Math.floor(alphas.length / steps)
  const make = () => new Float64Array(timesteps.length)
  const result = { signal: make(), noise: make(), previousSignal: make(), direction: make(), sigma: make() }
  for (let i = 0; i < timesteps.length; i++) {
    const t = timesteps[i]
    if (!Number.isInteger(t) || t < 0 || t >= alphas.length) {
      throw new GuerdonError('invalid_input', `expected timesteps in [0, ${alphas.length}); got ${t} at ${i}`, {
        path: ['timesteps', i],
      })
    }
    const before = t - stride
    const alpha = alphas[t]
    const previous = before < 0 && finalAlpha === 'one' ? 1 : alphas[Math.max(before, 0)]
    const variance = ((1 - previous) / (1 - alpha)) * (1 - alpha / previous)
    const sigma = eta * Math.sqrt(Math.max(variance, 0))
    result.signal[i] = Math.sqrt(alpha)
    result.noise[i] = Math.sqrt(1 - alpha)
    result.previousSignal[i] = Math.sqrt(previous)
    result.direction[i] = Math.sqrt(Math.max(1 - previous - sigma * sigma, 0))
    result.sigma[i] = sigma
  }
  return result
}

/** Mean and deviation of a batch of reverse steps. */
export interface DdimStep {
  /** [B][D] μ */
  readonly means: Float64Array[]
  /** [B] σ */
  readonly sigma: Float64Array
  /** [B][D] x̂₀, clipped when asked. */
  readonly clean: Float64Array[]
}

/**
 * One reverse step of DDIM for a batch, in numbers: the mean μ and deviation σ of x′ given x and what the model said.
 * `ddimMeans` is the same as a graph, for training through μ.
 *
 * Song et al., arXiv 2010.02502, Eq. 12; kvablack/ddpo-pytorch `ddim_step_with_logprob`.
 *
 * @param input.samples [B][D] x; input.outputs [B][D] the model's prediction; input.timesteps [B]
 */
export function ddimStep(
  schedule: Pick<NoiseSchedule, 'alphasCumulative'>,
  input: {
    readonly samples: readonly ArrayLike<number>[]
    readonly outputs: readonly ArrayLike<number>[]
    readonly timesteps: ArrayLike<number>
  },
  options: DdimOptions = {},
): DdimStep {
  const { samples, outputs, timesteps } = input
  assertSameLength(samples, 'samples', outputs, 'outputs')
  assertSameLength(samples, 'samples', timesteps, 'timesteps')
  const { prediction = 'noise', clipRange = null, recomputeNoise = false } = options
  const { signal, noise, previousSignal, direction, sigma } = ddimCoefficients(schedule, timesteps, options)
  const clean: Float64Array[] = []
  const means = samples.map((x, b) => {
    const output = outputs[b]
    assertSameLength(x, `samples[${b}]`, output, `outputs[${b}]`)
    assertFinite(x, 'samples', ['samples', b])
    assertFinite(output, 'outputs', ['outputs', b])
    const start = new Float64Array(x.length)
    const mean = new Float64Array(x.length)
    for (let d = 0; d < x.length; d++) {
      const clear = cleanOf(x[d], output[d], signal[b], noise[b], prediction)
      let epsilon = noiseOf(x[d], output[d], signal[b], noise[b], prediction)
      start[d] = clipRange === null ? clear : Math.min(Math.max(clear, -clipRange), clipRange)
      if (recomputeNoise) epsilon = (x[d] - signal[b] * start[d]) / noise[b]
      mean[d] = previousSignal[b] * start[d] + direction[b] * epsilon
    }
    clean.push(start)
    return mean
  })
  return { means, sigma, clean }
}

/**
 * Mean log-density (over the entries of a sample) of the step that was taken:
 * mean_d [−(x′ − μ)²/(2σ²) − log σ − ½·log 2π], [B]. The graph of it is `denoisingLogProb`.
 *
 * @throws invalid_input where σ = 0: a deterministic step has no log-probability
 */
export function ddimLogProb(
  next: readonly ArrayLike<number>[],
  means: readonly ArrayLike<number>[],
  sigma: ArrayLike<number>,
): Float64Array {
  assertSameLength(means, 'means', next, 'next')
  assertSameLength(means, 'means', sigma, 'sigma')
  return Float64Array.from(next, (row, b) => {
    assertSameLength(means[b], `means[${b}]`, row, `next[${b}]`)
    if (!(sigma[b] > 0)) {
      throw new GuerdonError('invalid_input', `expected sigma > 0; got ${sigma[b]} at sample ${b}`, {
        path: ['sigma', b],
        hint: 'sample with η > 0 and finalAlpha "first": a deterministic step has no log-probability',
      })
    }
    let squared = 0
    for (let d = 0; d < row.length; d++) squared += (row[d] - means[b][d]) ** 2
    return -squared / row.length / (2 * sigma[b] ** 2) - Math.log(sigma[b]) - 0.5 * Math.log(2 * Math.PI)
  })
}

/**
 * `ddimStep` as a graph of the model's output: μ, for losses that train through the log-probability of stored transitions.
 *
 * @param outputs [B][…]; @param samples [B][…]
 * @param coefficients numbers, or tensors that broadcast to the samples ([B][1][…])
 */
export function ddimMeans(
  outputs: Tensor,
  samples: Tensor,
  coefficients: DdimCoefficients<Operand>,
  options: Pick<DdimOptions, 'prediction' | 'clipRange' | 'recomputeNoise'> = {},
): Tensor {
  const { prediction = 'noise', clipRange = null, recomputeNoise = false } = options
  const { signal, noise, previousSignal, direction } = coefficients
  const unclipped =
    prediction === 'sample'
      ? outputs
      : prediction === 'velocity'
        ? sub(mul(samples, signal), mul(outputs, noise))
        : div(sub(samples, mul(outputs, noise)), signal)
  const clean = clipRange === null ? unclipped : clip(unclipped, { minimum: -clipRange, maximum: clipRange })
  const fromClean = (x: Tensor) => div(sub(samples, mul(x, signal)), noise)
  const epsilon = recomputeNoise
    ? fromClean(clean)
    : prediction === 'sample'
      ? fromClean(outputs)
      : prediction === 'velocity'
        ? add(mul(outputs, signal), mul(samples, noise))
        : outputs
  return add(mul(clean, previousSignal), mul(epsilon, direction))
}

/** x₀ of a prediction: (x − √(1 − ᾱ)·ε)/√ᾱ, or √ᾱ·x − √(1 − ᾱ)·v, or itself. */
export function cleanOf(x: number, output: number, signal: number, noise: number, prediction: PredictionType): number {
  if (prediction === 'sample') return output
  return prediction === 'velocity' ? signal * x - noise * output : (x - noise * output) / signal
}

/** ε of a prediction: itself, or √ᾱ·v + √(1 − ᾱ)·x, or (x − √ᾱ·x₀)/√(1 − ᾱ). */
export function noiseOf(x: number, output: number, signal: number, noise: number, prediction: PredictionType): number {
  if (prediction === 'noise') return output
  return prediction === 'velocity' ? signal * output + noise * x : (x - signal * output) / noise
}
