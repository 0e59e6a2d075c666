import { assertFiniteNumber } from './checks.ts'
import { GuerdonError } from './errors.ts'
import type { SpreadOptions } from './statistics.ts'

/** Statistics of everything seen so far, as plain JSON: a stage can keep them in its state. */
export interface RunningMoments {
  readonly count: number
  readonly mean: number
  /** Σ (x − mean)². */
  readonly squares: number
  /** null before the first value. */
  readonly minimum: number | null
  readonly maximum: number | null
}

/** Nothing seen yet. */
export const noMoments: RunningMoments = { count: 0, mean: 0, squares: 0, minimum: null, maximum: null }

/** With one more value (Welford 1962). Throws `not_finite`. */
export function addMoment(moments: RunningMoments, value: number): RunningMoments {
  assertFiniteNumber(value, 'value')
  return mergeMoments(moments, { count: 1, mean: value, squares: 0, minimum: value, maximum: value })
}

/** Moments of an array: merged from nothing, value by value. Throws `not_finite`. */
export function momentsOf(values: ArrayLike<number>): RunningMoments {
  let count = 0
  let mean = 0
  let squares = 0
  let minimum = Number.POSITIVE_INFINITY
  let maximum = Number.NEGATIVE_INFINITY
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    assertFiniteNumber(value, `values[${i}]`)
    count++
    const delta = value - mean
    mean += delta / count
    squares += delta * (value - mean)
    if (value < minimum) minimum = value
    if (value > maximum) maximum = value
  }
  return count === 0 ? noMoments : { count, mean, squares, minimum, maximum }
}

/**
 * Moments of two sets of values together, in either order (Chan, Golub and LeVeque 1979):
 * mean = m₁ + δ·n₂/n, squares = s₁ + s₂ + δ²·n₁n₂/n with δ = m₂ − m₁.
 */
export function mergeMoments(first: RunningMoments, second: RunningMoments): RunningMoments {
  if (first.count === 0) return second
  if (second.count === 0) return first
  const count = first.count + second.count
  const delta = second.mean - first.mean
  return {
    count,
    mean: first.mean + (delta * second.count) / count,
    squares: first.squares + second.squares + (delta * delta * first.count * second.count) / count,
    minimum: Math.min(first.minimum ?? Number.POSITIVE_INFINITY, second.minimum ?? Number.POSITIVE_INFINITY),
    maximum: Math.max(first.maximum ?? Number.NEGATIVE_INFINITY, second.maximum ?? Number.NEGATIVE_INFINITY),
  }
}

/** squares / (n − ddof). Throws `empty` when n ≤ ddof. */
export function momentsVariance(moments: RunningMoments, options: SpreadOptions): number {
  if (moments.count > options.ddof) return moments.squares / (moments.count - options.ddof)
  throw new GuerdonError('empty', `expected more than ${options.ddof} values for a variance; got ${moments.count}`)
}
