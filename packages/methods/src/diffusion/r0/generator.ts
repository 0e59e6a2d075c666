import { assertInteger, assertNotEmpty, GuerdonError } from '@guerdon/core'
import { add, div, mul, type Operand, sqrt, stopGradient, sub, type Tensor } from '@guerdon/tensor'

/** A denoiser ε(x, step): predicted noise at the k-th of the generator's timesteps, as a graph. */
export type StepDenoiser = (x: Tensor, step: number) => Tensor

/** A chain of K steps. */
export interface GeneratorPath {
  /** K + 1 states: the initial noise, the state after each step but the last, the sample. */
  readonly states: readonly Tensor[]
  /** K clean predictions x̂₀; the last is the sample. */
  readonly cleanPredictions: readonly Tensor[]
  readonly sample: Tensor
}

/** What a chain is run on. */
export interface GeneratorInput {
  /** x at the first timestep. */
  readonly initialNoise: Tensor
  /** [K] ᾱ at the timesteps, rising. */
  readonly alphasCumulative: readonly number[]
  /** [K] η_k ∈ [0, 1] of each step: numbers, or tensors that broadcast to x (drawn per sample and step in training). */
  readonly etas: readonly Operand[]
  /** [K] z of each step. */
  readonly noises: readonly Tensor[]
}

/** Choices of `generate`. */
export interface GenerateOptions {
  /**
   * R0+: 0-based step m whose clean prediction is supervised; the graph is cut before it and later steps are not run.
   * Absent: the whole chain carries the gradient.
   */
  readonly supervisedStep?: number
}

/**
 * The few-step generator: x̂₀ = (x − √(1 − ᾱ_k)·ε)/√ᾱ_k and, before the last step,
 *
 *   σ = η_k·√((1 − ᾱ_{k+1})/(1 − ᾱ_k)·(1 − ᾱ_k/ᾱ_{k+1})),  x ← √ᾱ_{k+1}·x̂₀ + √(1 − ᾱ_{k+1} − σ²)·ε + σ·z.
 *
 * A random η is the regulariser of training; evaluate with a fixed one. Equations reconstructed: the paper's code is not
 * public.
 */
export function generate(denoise: StepDenoiser, input: GeneratorInput, options: GenerateOptions = {}): GeneratorPath {
  const { alphasCumulative, etas, noises } = input
  const { supervisedStep } = options
  const steps = alphasCumulative.length
  assertNotEmpty(alphasCumulative, 'alphasCumulative')
  if (etas.length < steps || noises.length < steps) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected ${steps} etas and noises; got ${etas.length} and ${noises.length}`,
    )
  }
  if (supervisedStep !== undefined) {
    assertInteger(supervisedStep, 'supervisedStep')
    if (supervisedStep >= steps) {
      throw new GuerdonError('invalid_option', `expected supervisedStep < ${steps}; got ${supervisedStep}`, {
        path: ['supervisedStep'],
      })
    }
  }
  const last = supervisedStep ?? steps - 1
  let x = input.initialNoise
  const states = [x]
  const cleanPredictions: Tensor[] = []
  for (let k = 0; k <= last; k++) {
    if (k === supervisedStep) x = stopGradient(x)
    const alpha = alphasCumulative[k]
    const epsilon = denoise(x, k)
    const clean = div(sub(x, mul(epsilon, Math.sqrt(1 - alpha))), Math.sqrt(alpha))
    cleanPredictions.push(clean)
    x = k === steps - 1 ? clean : advance(clean, epsilon, k)
    states.push(x)
  }
  return { states, cleanPredictions, sample: cleanPredictions[cleanPredictions.length - 1] }

  function advance(clean: Tensor, epsilon: Tensor, k: number): Tensor {
    const [alpha, next] = [alphasCumulative[k], alphasCumulative[k + 1]]
    const sigma = mul(etas[k], Math.sqrt(((1 - next) / (1 - alpha)) * (1 - alpha / next)))
    const direction = mul(epsilon, sqrt(sub(1 - next, mul(sigma, sigma))))
    return add(add(mul(clean, Math.sqrt(next)), direction), mul(noises[k], sigma))
  }
}

/** Denoiser calls of one update, and how many of them carry a gradient: K of K, or 1 of m + 1 with a supervised step. */
export function generatorCalls(
  steps: number,
  options: GenerateOptions = {},
): { readonly calls: number; readonly differentiated: number } {
  const { supervisedStep } = options
  return supervisedStep === undefined
    ? { calls: steps, differentiated: steps }
    : { calls: supervisedStep + 1, differentiated: 1 }
}
