import { assertNotEmpty } from '@guerdon/core'
import { type FocusOptions, focusCoefficient, nearestPoint } from './goal-conditioned.ts'

/**
 * Inverted generational distance: mean over reference points of the distance to the nearest sample. Lower is better.
 */
export function invertedGenerationalDistance(
  samples: readonly ArrayLike<number>[],
  reference: readonly ArrayLike<number>[],
): number {
  assertNotEmpty(samples, 'samples')
  assertNotEmpty(reference, 'reference')
  let total = 0
  for (const point of reference) total += nearestPoint(point, samples).distance
  return total / reference.length
}

/**
 * Entropy of the samples' histogram over their nearest reference points, −Σ p·log(p + 1e-8). Higher is a more even
 * front.
 */
export function paretoClusteredEntropy(
  samples: readonly ArrayLike<number>[],
  reference: readonly ArrayLike<number>[],
): number {
  assertNotEmpty(samples, 'samples')
  const counts = new Float64Array(reference.length)
  for (const sample of samples) counts[nearestPoint(sample, reference).index]++
  let entropy = 0
  for (const count of counts) {
    const p = count / samples.length
    entropy -= p * Math.log(p + 1e-8)
  }
  return entropy
}

/**
 * Points that no other point improves on, costs minimised. Of exact duplicates only the first stays, as released.
 * @param costs [n][objectives]
 */
export function paretoEfficient(costs: readonly ArrayLike<number>[]): boolean[] {
  let alive = costs.map((_, i) => i)
  for (let next = 0; next < alive.length; ) {
    const pivot = alive[next]
    const kept = alive.filter(i => i === pivot || someLess(costs[i], costs[pivot]))
    next = kept.indexOf(pivot) + 1
    alive = kept
  }
  const mask = new Array<boolean>(costs.length).fill(false)
  for (const i of alive) mask[i] = true
  return mask
}

function someLess(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  for (let d = 0; d < a.length; d++) if (a[d] < b[d]) return true
  return false
}

/** Share of samples inside the cone they were asked for. */
export function focusAccuracy(
  rewards: readonly ArrayLike<number>[],
  directions: readonly ArrayLike<number>[],
  options: Pick<FocusOptions, 'cosineThreshold'> = {},
): number {
  assertNotEmpty(rewards, 'rewards')
  const inside = rewards.filter(
    (row, i) => focusCoefficient(row, directions[i], { ...options, limitCoefficient: 1 }).inFocus,
  )
  return inside.length / rewards.length
}

/**
 * Volume dominated by the points, objectives maximised, above the reference point 0. Exact, by slicing along the last
 * objective.
 */
export function hypervolume(points: readonly ArrayLike<number>[]): number {
  const dimensions = points[0]?.length ?? 0
  return volume(
    points.map(point => Array.from(point)).filter(point => point.every(value => value > 0)),
    dimensions,
  )
}

function volume(points: readonly (readonly number[])[], dimensions: number): number {
  if (points.length === 0) return 0
  if (dimensions === 1) return Math.max(...points.map(point => point[0]))
  const last = dimensions - 1
  const sorted = [...points].sort((a, b) => b[last] - a[last])
  let total = 0
  for (let i = 0; i < sorted.length; i++) {
    const below = i + 1 < sorted.length ? sorted[i + 1][last] : 0
    const height = sorted[i][last] - below
    if (height > 0) total += height * volume(sorted.slice(0, i + 1), last)
  }
  return total
}
