import { assertInRange, assertOneOf, assertSameLength, GuerdonError } from '@guerdon/core'

/** Group membership of n items: `index[i]` in [0, count), numbered by first appearance. */
export interface Grouping {
  readonly index: Int32Array
  readonly count: number
}

/** Numbers arbitrary group ids by first appearance. Items of one group need not be adjacent. */
export function groupItems(ids: ArrayLike<string | number>): Grouping {
  const numbers = new Map<string | number, number>()
  const index = new Int32Array(ids.length)
  for (let i = 0; i < ids.length; i++) {
    let number = numbers.get(ids[i])
    if (number === undefined) numbers.set(ids[i], (number = numbers.size))
    index[i] = number
  }
  return { index, count: numbers.size }
}

/** Grouping of consecutive items from offsets `[G+1]`. */
export function groupsFromOffsets(offsets: ArrayLike<number>): Grouping {
  const count = offsets.length - 1
  const index = new Int32Array(offsets[count])
  for (let g = 0; g < count; g++) index.fill(g, offsets[g], offsets[g + 1])
  return { index, count }
}

/** Every choice a group estimator makes; most disagreements between trainers are one of these. */
export interface GroupNormaliseOptions {
  /** What is subtracted: the group mean, the mean of the *other* members, or nothing. Default `mean`. */
  readonly baseline?: 'mean' | 'leave-one-out' | 'none'
  /** What it is divided by: the group's standard deviation or nothing. Default `std`. */
  readonly scale?: 'std' | 'none'
  /** Divisor of the variance is n − ddof. Default 1. */
  readonly ddof?: 0 | 1
  /** Default 1e-6. */
  readonly epsilon?: number
  /**
   * Where epsilon stands: `std + ε`, `sqrt(var + ε)`, `sqrt(max(var, ε)) + ε` (`floored-variance`), or `max(std, ε)`.
   * Default `added-to-std`.
   */
  readonly epsilonPlacement?: 'added-to-std' | 'inside-root' | 'floored-variance' | 'floored-std'
  /** A group with one scored member: 0, its own score, or an error. Default `zero`. */
  readonly singleton?: 'zero' | 'raw' | 'error'
}

/**
 * Centres and scales scores within their groups: Aᵢ = (sᵢ − b_g) / d_g.
 *
 * A group whose scored members are all equal gives exactly 0, tested by equality before any arithmetic (in float32 the mean
 * of 15 × 0.98 is not 0.98, and a small ε would blow the residue up). Items with `scored[i] = 0` leave the statistics and
 * get 0 in the result; callers keep their status.
 *
 * @param scores [n] one score an item
 * @param scored [n] 1 where the item is scored; all when absent
 * @returns [n]
 * @throws not_finite for a scored NaN or ±Infinity, invalid_input for a singleton under `singleton: 'error'`
 */
export function groupNormalise(
  scores: ArrayLike<number>,
  grouping: Grouping,
  options: GroupNormaliseOptions = {},
  scored?: ArrayLike<number>,
): Float64Array {
  const { baseline = 'mean', scale = 'std', ddof = 1, epsilon = 1e-6 } = options
  const { epsilonPlacement = 'added-to-std', singleton = 'zero' } = options
  assertOneOf(singleton, 'singleton', ['zero', 'raw', 'error'])
  assertInRange(epsilon, 'epsilon', 0, Number.MAX_VALUE)
  assertSameLength(scores, 'scores', grouping.index, 'groups')
  const moments = groupMoments(scores, grouping, scored)
  const result = new Float64Array(scores.length)
  for (let i = 0; i < scores.length; i++) {
    if (scored && !scored[i]) continue
    const g = grouping.index[i]
    const n = moments.counts[g]
    if (n === 1) {
      if (singleton === 'error') {
        throw new GuerdonError(
          'invalid_input',
          `expected groups of at least 2 scored items; the group of item ${i} has 1`,
          {
            path: ['scores', i],
            hint: 'drop the group, or choose singleton: "zero"',
          },
        )
      }
      result[i] = singleton === 'raw' ? scores[i] : 0
      continue
    }
    if (baseline !== 'none' && moments.allEqual[g]) continue
    let centred = scores[i]
    if (baseline === 'mean') centred -= moments.means[g]
    else if (baseline === 'leave-one-out') centred = (n / (n - 1)) * (scores[i] - moments.means[g])
    result[i] =
      scale === 'none' ? centred : centred / spread(moments.squares[g] / (n - ddof), epsilon, epsilonPlacement)
  }
  return result
}

function spread(variance: number, epsilon: number, placement: GroupNormaliseOptions['epsilonPlacement']): number {
  if (placement === 'inside-root') return Math.sqrt(variance + epsilon)
  if (placement === 'floored-variance') return Math.sqrt(Math.max(variance, epsilon)) + epsilon
  if (placement === 'floored-std') return Math.max(Math.sqrt(variance), epsilon)
  return Math.sqrt(variance) + epsilon
}

/** Per group: number of scored members, mean, Σ(s − mean)², and whether all are exactly equal. */
export interface GroupMoments {
  readonly counts: Int32Array
  readonly means: Float64Array
  readonly squares: Float64Array
  readonly allEqual: Uint8Array
}

/** Two-pass moments of every group. Empty groups have count 0 and mean 0. */
export function groupMoments(scores: ArrayLike<number>, grouping: Grouping, scored?: ArrayLike<number>): GroupMoments {
  const { index, count } = grouping
  const counts = new Int32Array(count)
  const means = new Float64Array(count)
  const squares = new Float64Array(count)
  const first = new Float64Array(count)
  const allEqual = new Uint8Array(count).fill(1)
  for (let i = 0; i < scores.length; i++) {
    if (scored && !scored[i]) continue
    const score = scores[i]
    if (!Number.isFinite(score)) {
      throw new GuerdonError('not_finite', `expected finite scores; got ${score} for item ${i}`, {
        path: ['scores', i],
        hint: 'mark items without a score as failed or abstained instead of sending NaN',
      })
    }
    const g = index[i]
    if (counts[g] === 0) first[g] = score
    else if (score !== first[g]) allEqual[g] = 0
    counts[g]++
    means[g] += score
  }
  for (let g = 0; g < count; g++) means[g] = allEqual[g] ? first[g] : means[g] / counts[g]
  for (let i = 0; i < scores.length; i++) {
    if (scored && !scored[i]) continue
    squares[index[i]] += (scores[i] - means[index[i]]) ** 2
  }
  return { counts, means, squares, allEqual }
}
