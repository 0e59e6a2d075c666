import { assertInteger, GuerdonError } from '@guerdon/core'
import { add, div, mul, stopGradient, sub, type Tensor } from '@guerdon/tensor'
import { type NoiseScheduleOptions, noiseSchedule } from '../../shared/noise-schedule.ts'

/** Where a chain that edits starts, and what it costs. */
export interface PartialTimesteps {
  /** All DDIM timesteps, falling. */
  readonly fullSequence: readonly number[]
  /** Those that are run. */
  readonly partialSequence: readonly number[]
  /** Timestep the real sample is noised to. */
  readonly noiseTimestep: number
  /** Denoiser calls of one edit. */
  readonly networkCalls: number
}

/** Choices of `partialTimesteps`. */
export interface EditingOptions {
  /** Training steps T. Default 1000. */
  readonly trainSteps?: number
  /** DDIM steps D of a full chain. Default 20. */
  readonly ddimSteps?: number
  /** τ: share of the chain that is run; ⌊τ·D⌋ steps. Default 0.6. */
  readonly noiseLevel?: number
  /**
   * `released`: ⌊τ·D⌋ = 0 runs the whole chain, as slicing by −0 does, instead of being refused; where D does not divide T the
   * chain has ⌈T/⌊T/D⌋⌉ steps instead of D.
   */
  readonly compat?: 'released'
}

/**
 * Timesteps of an edit: with d(i) = ⌊T/D⌋(i − 1) + 1, at most T − 1, a real sample is noised to d(⌊τD⌋) and denoised over d(⌊τD⌋), …, d(1).
 * Fine-tuning on edits costs ⌊τD⌋ denoiser calls instead of D. τ·D is floored in floating point: 0.29·100 gives 28.
 *
 * @throws invalid_option for τ·D < 1 or τ > 1
 */
export function partialTimesteps(options: EditingOptions = {}): PartialTimesteps {
  const { trainSteps = 1000, ddimSteps = 20, noiseLevel = 0.6, compat } = options
  assertInteger(ddimSteps, 'ddimSteps', 1)
  assertInteger(trainSteps, 'trainSteps', ddimSteps)
  const stride = Math.floor(trainSteps / ddimSteps)
  const count = Math.trunc(noiseLevel * ddimSteps)
  if (!(noiseLevel <= 1) || (count < 1 && compat !== 'released')) {
    throw new GuerdonError('invalid_option', `expected noiseLevel in [1/${ddimSteps}, 1]; got ${noiseLevel}`, {
      path: ['noiseLevel'],
      hint: 'less than one denoising step leaves nothing to train',
    })
  }
  const length = compat === 'released' ? Math.ceil(trainSteps / stride) : ddimSteps
  const fullSequence = Array.from({ length }, (_, i) => Math.min(stride * (length - 1 - i) + 1, trainSteps - 1))
  const partialSequence = count < 1 ? fullSequence : fullSequence.slice(-count)
  return { fullSequence, partialSequence, noiseTimestep: partialSequence[0], networkCalls: partialSequence.length }
}

/** A denoiser: ε(x, t) under a condition, all as graphs. */
export type Denoiser = (x: Tensor, timestep: number) => Tensor

/** Choices of `partialDdimEdit`. */
export interface EditOptions extends EditingOptions, Omit<NoiseScheduleOptions, 'steps'> {
  /** s of ε = ε_u + s·(ε_c − ε_u); 1 is the conditional denoiser alone. Default 3. */
  readonly guidanceScale?: number
  /** K: only the last K steps carry a gradient. Default 1. */
  readonly truncateBackpropSteps?: number
}

/** An edit as graphs. */
export interface PartialEdit {
  /** The sample at the noise timestep. */
  readonly noised: Tensor
  /** The denoised sample; a small share of noise is left, as ᾱ₀ ≠ 1. */
  readonly edited: Tensor
}

/**
 * Noises a real sample to level τ and denoises it by deterministic DDIM steps (η = 0),
 *
 *   x̂₀ = (x − √(1 − ᾱ_t)·ε)/√ᾱ_t,  x ← √ᾱ_{t'}·x̂₀ + √(1 − ᾱ_{t'})·ε,  t' = max(t − T/D, 0),
 *
 * with the gradient stopped before the last K steps. The reward of the result is differentiated through those alone.
 *
 * @param latent a real sample
 * @param noise standard normal of the same shape (`offsetNoise` adds the released code's offset)
 */
export function partialDdimEdit(
  latent: Tensor,
  noise: Tensor,
  denoisers: { readonly conditional: Denoiser; readonly unconditional?: Denoiser },
  options: EditOptions = {},
): PartialEdit {
  const { trainSteps = 1000, ddimSteps = 20, guidanceScale = 3, truncateBackpropSteps = 1 } = options
  assertInteger(truncateBackpropSteps, 'truncateBackpropSteps', 1)
  const { partialSequence, noiseTimestep } = partialTimesteps(options)
  const { alphasCumulative } = noiseSchedule({ ...options, steps: trainSteps })
  const stride = Math.floor(trainSteps / ddimSteps)
  const noised = add(
    mul(latent, Math.sqrt(alphasCumulative[noiseTimestep])),
    mul(noise, Math.sqrt(1 - alphasCumulative[noiseTimestep])),
  )
  let x = noised
  for (const [i, timestep] of partialSequence.entries()) {
    const epsilon = guided(x, timestep)
    const alpha = alphasCumulative[timestep]
    const next = alphasCumulative[Math.max(timestep - stride, 0)]
    const clean = div(sub(x, mul(epsilon, Math.sqrt(1 - alpha))), Math.sqrt(alpha))
    x = add(mul(clean, Math.sqrt(next)), mul(epsilon, Math.sqrt(1 - next)))
    if (partialSequence.length - 1 - i >= truncateBackpropSteps) x = stopGradient(x)
  }
  return { noised, edited: x }

  function guided(sample: Tensor, timestep: number): Tensor {
    const conditional = denoisers.conditional(sample, timestep)
    if (!denoisers.unconditional || guidanceScale === 1) return conditional
    const unconditional = denoisers.unconditional(sample, timestep)
    return add(unconditional, mul(sub(conditional, unconditional), guidanceScale))
  }
}

/**
 * The released noise: ε plus `strength` times a draw that is constant over each frame, so that brightness can move too.
 *
 * @param noise standard normal [B][C][F][…]
 * @param offsets standard normal, one a batch entry, channel and frame: [B][C][F][1]…
 */
export function offsetNoise(noise: Tensor, offsets: Tensor, options: { readonly strength?: number } = {}): Tensor {
  return add(noise, mul(offsets, options.strength ?? 0.1))
}
