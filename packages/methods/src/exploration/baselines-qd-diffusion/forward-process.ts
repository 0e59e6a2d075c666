import { assertFiniteNumber, assertInRange, assertSameLength } from '@guerdon/core'
import { mean, type Operand, square, sub, type Tensor } from '@guerdon/tensor'
import { cleanOf, noiseOf } from '../../shared/ddim.ts'
import type { NoiseSchedule } from '../../shared/noise-schedule.ts'

/** q(x_{t−1} | x_t, x₀) of a schedule, [T] each: mean = clean·x₀ + noisy·x_t. */
export interface DiffusionPosterior {
  /** β_t·(1 − ᾱ_{t−1})/(1 − ᾱ_t), 0 at t = 0 */
  readonly variance: Float64Array
  /** β_t·√ᾱ_{t−1}/(1 − ᾱ_t) */
  readonly cleanCoefficient: Float64Array
  /** (1 − ᾱ_{t−1})·√α_t/(1 − ᾱ_t) */
  readonly noisyCoefficient: Float64Array
}

/** The Gaussian posterior of a step of the forward process, with ᾱ_{−1} = 1. Ho et al., arXiv 2006.11239, Eq. 6–7. */
export function diffusionPosterior(schedule: NoiseSchedule): DiffusionPosterior {
  const { betas, alphasCumulative } = schedule
  const before = (t: number) => (t === 0 ? 1 : alphasCumulative[t - 1])
  const left = (t: number) => 1 - alphasCumulative[t]
  return {
    variance: betas.map((beta, t) => (beta * (1 - before(t))) / left(t)),
    cleanCoefficient: betas.map((beta, t) => (beta * Math.sqrt(before(t))) / left(t)),
    noisyCoefficient: betas.map((beta, t) => ((1 - before(t)) * Math.sqrt(1 - beta)) / left(t)),
  }
}

/** x_t = √ᾱ·x₀ + √(1 − ᾱ)·ε */
export function addNoise(clean: ArrayLike<number>, noise: ArrayLike<number>, alphaBar: number): Float64Array {
  assertInRange(alphaBar, 'alphaBar', 0, 1)
  assertSameLength(clean, 'clean', noise, 'noise')
  const [signal, spread] = [Math.sqrt(alphaBar), Math.sqrt(1 - alphaBar)]
  return Float64Array.from(clean, (value, d) => signal * value + spread * noise[d])
}

/** v = √ᾱ·ε − √(1 − ᾱ)·x₀ */
export function velocity(clean: ArrayLike<number>, noise: ArrayLike<number>, alphaBar: number): Float64Array {
  assertSameLength(clean, 'clean', noise, 'noise')
  const [signal, spread] = [Math.sqrt(alphaBar), Math.sqrt(1 - alphaBar)]
  return Float64Array.from(clean, (value, d) => signal * noise[d] - spread * value)
}

/** x₀ from x_t and what was predicted. */
export function cleanFrom(
  noisy: ArrayLike<number>,
  output: ArrayLike<number>,
  alphaBar: number,
  prediction: 'noise' | 'velocity',
): Float64Array {
  assertSameLength(noisy, 'noisy', output, 'output')
  const [signal, spread] = [Math.sqrt(alphaBar), Math.sqrt(1 - alphaBar)]
  return Float64Array.from(noisy, (x, d) => cleanOf(x, output[d], signal, spread, prediction))
}

/** ε from x_t and what was predicted. */
export function noiseFrom(
  noisy: ArrayLike<number>,
  output: ArrayLike<number>,
  alphaBar: number,
  prediction: 'sample' | 'velocity',
): Float64Array {
  assertSameLength(noisy, 'noisy', output, 'output')
  const [signal, spread] = [Math.sqrt(alphaBar), Math.sqrt(1 - alphaBar)]
  return Float64Array.from(noisy, (x, d) => noiseOf(x, output[d], signal, spread, prediction))
}

/** Score of the noised law, ∇ log p(x_t) ≈ −ε/√(1 − ᾱ). */
export function scoreFrom(noise: ArrayLike<number>, alphaBar: number): Float64Array {
  return Float64Array.from(noise, value => -value / Math.sqrt(1 - alphaBar))
}

/**
 * Classifier-free guidance: ε = ε_u + s·(ε_c − ε_u); s = 1 is conditional, s = 0 unconditional. For policy gradients the
 * mixture *is* the policy, while sampling and while training alike.
 *
 * Ho & Salimans, arXiv 2207.12598.
 */
export function classifierFreeGuidance(
  unconditional: ArrayLike<number>,
  conditional: ArrayLike<number>,
  scale: number,
): Float64Array {
  assertSameLength(unconditional, 'unconditional', conditional, 'conditional')
  assertFiniteNumber(scale, 'scale')
  return Float64Array.from(unconditional, (base, d) => base + scale * (conditional[d] - base))
}

/** The training loss of a denoiser: mean of (ε_θ(x_t, t, c) − ε)², a scalar. Ho et al., Eq. 14. */
export function noisePredictionLoss(predicted: Tensor, noise: Operand): Tensor {
  return mean(square(sub(predicted, noise)))
}
