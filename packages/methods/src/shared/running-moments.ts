import { assertFinite } from '@guerdon/core'

/** Statistics of everything seen so far, as plain JSON: can be saved, restored and replayed. */
export interface Moments {
  /** Number of values n. */
  readonly count: number
  readonly mean: number
  /** Σ (x − mean)². */
  readonly squares: number
  /** Smallest and largest value; null before the first. */
  readonly minimum: number | null
  readonly maximum: number | null
}

/** Statistics before anything was seen. */
export const noMoments: Moments = { count: 0, mean: 0, squares: 0, minimum: null, maximum: null }

/**
 * Statistics after one more batch of b values with mean m and population variance v (Chan, Golub & LeVeque 1983):
 * δ = m − μ, N′ = N + b, μ′ = μ + δ·b/N′, M₂′ = M₂ + v·b + δ²·N·b/N′. An empty batch changes nothing.
 *
 * @param values [b] finite numbers
 * @throws not_finite naming the first NaN or ±Infinity
 */
export function addToMoments(moments: Moments, values: ArrayLike<number>): Moments {
  assertFinite(values, 'values')
  const added = values.length
  if (added === 0) return moments
  let total = 0
  let minimum = moments.minimum ?? values[0]
  let maximum = moments.maximum ?? values[0]
  for (let i = 0; i < added; i++) {
    total += values[i]
    if (values[i] < minimum) minimum = values[i]
    if (values[i] > maximum) maximum = values[i]
  }
  const batchMean = allSame(values) ? values[0] : total / added
  let batchSquares = 0
  for (let i = 0; i < added; i++) batchSquares += (values[i] - batchMean) ** 2
  const count = moments.count + added
  const delta = batchMean - moments.mean
  return {
    count,
    mean: moments.count === 0 ? batchMean : moments.mean + delta * (added / count),
    squares: moments.squares + batchSquares + delta * delta * ((moments.count * added) / count),
    minimum,
    maximum,
  }
}

/** √(M₂/(n − ddof)); 0 while n ≤ max(ddof, 1). */
export function momentsDeviation(moments: Moments, options: { readonly ddof: 0 | 1 }): number {
  return moments.count > 1 ? Math.sqrt(moments.squares / (moments.count - options.ddof)) : 0
}

function allSame(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false
  return true
}
