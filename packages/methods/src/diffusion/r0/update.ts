import { assertInRange, assertSameLength } from '@guerdon/core'

/** Choices of `weightRegularizedStep`. */
export interface RegularizedStepOptions {
  /** λ ≥ 0. Default 0.1. */
  readonly lambda?: number
  /** ρ > 0 */
  readonly learningRate: number
  /** T ≥ 0: noise of the update that samples the reward-tilted law of parameters; 0 is plain descent. Default 0. */
  readonly temperature?: number
}

/** One update and its parts. */
export interface RegularizedStep {
  /** λ·‖θ − θ₀‖² */
  readonly regularizationLoss: number
  /** −∇r + 2λ(θ − θ₀) */
  readonly objectiveGradient: Float64Array
  readonly next: Float64Array
}

/**
 * θ ← θ − ρ·(−∇r + 2λ(θ − θ₀)) + √(2ρT)·z: ascent on the reward held to its starting point, with optional Langevin noise.
 *
 * @param rewardGradient ∇r(θ)
 * @param normals z, used only when T > 0
 */
export function weightRegularizedStep(
  parameters: ArrayLike<number>,
  reference: ArrayLike<number>,
  rewardGradient: ArrayLike<number>,
  options: RegularizedStepOptions,
  normals?: ArrayLike<number>,
): RegularizedStep {
  const { lambda = 0.1, learningRate, temperature = 0 } = options
  assertSameLength(parameters, 'parameters', reference, 'reference')
  assertSameLength(parameters, 'parameters', rewardGradient, 'rewardGradient')
  assertInRange(lambda, 'lambda', 0, Number.MAX_VALUE)
  assertInRange(temperature, 'temperature', 0, Number.MAX_VALUE)
  const size = parameters.length
  if (temperature > 0) assertSameLength(parameters, 'parameters', normals ?? [], 'normals')
  const objectiveGradient = new Float64Array(size)
  const next = new Float64Array(size)
  const spread = Math.sqrt(2 * learningRate * temperature)
  let squares = 0
  for (let i = 0; i < size; i++) {
    const distance = parameters[i] - reference[i]
    squares += distance * distance
    objectiveGradient[i] = 2 * lambda * distance - rewardGradient[i]
    next[i] = parameters[i] - learningRate * objectiveGradient[i] + (spread > 0 ? spread * (normals?.[i] ?? 0) : 0)
  }
  return { regularizationLoss: lambda * squares, objectiveGradient, next }
}
