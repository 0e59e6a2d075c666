import { assertInRange, assertSameLength, GuerdonError } from '@guerdon/core'

/** How survivors are drawn from weights; all take draws as input, so that they can be checked bit for bit. */
export const resamplingSchemes = ['multinomial', 'stratified', 'systematic'] as const
/** Name of a way to draw survivors. */
export type ResamplingScheme = (typeof resamplingSchemes)[number]

/**
 * Source index of each new particle by inverse CDF: new particle i takes the first j whose cumulative share exceeds
 *
 *   multinomial uᵢ,  stratified (i + uᵢ)/k,  systematic (i + u₀)/k
 *
 * Stratified and systematic draws never duplicate particles of equal weight.
 *
 * @param weights [k] ≥ 0 with a positive sum
 * @param uniforms in [0, 1): k of them, or one for `systematic`
 */
export function resampleIndices(
  weights: ArrayLike<number>,
  uniforms: ArrayLike<number>,
  scheme: ResamplingScheme = 'systematic',
): Int32Array {
  const count = weights.length
  if (scheme !== 'systematic') assertSameLength(weights, 'weights', uniforms, 'uniforms')
  const total = totalWeight(weights)
  const sources = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    const uniform = scheme === 'systematic' ? uniforms[0] : uniforms[i]
    assertInRange(uniform, 'uniforms', 0, 1)
    const target = (scheme === 'multinomial' ? uniform : (i + uniform) / count) * total
    let cumulative = weights[0]
    let source = 0
    while (source < count - 1 && !(cumulative > target)) cumulative += weights[++source]
    while (source > 0 && weights[source] === 0) source--
    sources[i] = source
  }
  return sources
}

/** Effective sample size 1/Σ(w/Σw)², in [1, k]: how many particles still carry weight. */
export function effectiveSampleSize(weights: ArrayLike<number>): number {
  const total = totalWeight(weights)
  let squares = 0
  for (let i = 0; i < weights.length; i++) squares += (weights[i] / total) ** 2
  return 1 / squares
}

function totalWeight(weights: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < weights.length; i++) {
    if (!(weights[i] >= 0)) {
      throw new GuerdonError('invalid_input', `expected weights ≥ 0; got ${weights[i]} for particle ${i}`, {
        path: ['weights', i],
      })
    }
    total += weights[i]
  }
  if (total > 0 && Number.isFinite(total)) return total
  throw new GuerdonError('invalid_input', `expected weights with a positive finite sum; got ${total}`, {
    path: ['weights'],
  })
}

/** Which sampler steps are scored. */
export interface ResampleSchedule {
  /** Steps between scored ones; a value < 1 scores only the last step, which is best-of-n. */
  readonly frequency: number
  /** First scored step. */
  readonly start: number
  /** Last scored step before the end, inclusive. */
  readonly end: number
  /** Steps T of the sampler; T − 1 is the clean sample and always scored. */
  readonly steps: number
}

/** Scored steps in [0, T): start, start + f, … up to `end`, and T − 1. */
export function resampleSchedule({ frequency, start, end, steps }: ResampleSchedule): number[] {
  const scored = new Set<number>()
  if (frequency >= 1) {
    for (let step = start; step <= end; step += frequency) if (step >= 0 && step < steps) scored.add(step)
  }
  scored.add(steps - 1)
  return [...scored].sort((a, b) => a - b)
}
