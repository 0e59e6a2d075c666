import { assertFinite, assertSameLength } from '@guerdon/core'

/** Label of a pair: (1, −1) the first is preferred, (−1, 1) the second, (0, 0) neither. */
export type PairLabel = readonly [first: -1 | 0 | 1, second: -1 | 0 | 1]

const firstWins: PairLabel = [1, -1]
const secondWins: PairLabel = [-1, 1]
const tie: PairLabel = [0, 0]

/**
 * Pareto comparison: one wins iff it is nowhere worse and somewhere better; scalars are vectors of length one.
 *
 * @param options.compat `released`: infinities are compared and a pair with NaN is a tie
 * @throws not_finite for NaN or ±Infinity, shape_mismatch for objectives of different number
 */
export function preferenceLabel(
  first: number | readonly number[],
  second: number | readonly number[],
  options: { readonly compat?: 'released' } = {},
): PairLabel {
  const [a, b] = [[first].flat(), [second].flat()]
  assertSameLength(a, 'first', b, 'second')
  if (options.compat === 'released') {
    if ([...a, ...b].some(Number.isNaN)) return tie
  } else {
    assertFinite(a, 'first')
    assertFinite(b, 'second')
  }
  const firstBetter = a.some((value, i) => value > b[i])
  const secondBetter = a.some((value, i) => value < b[i])
  if (firstBetter === secondBetter) return tie
  return firstBetter ? firstWins : secondWins
}

/** An ordered pair i < j of one prompt's samples. */
export interface LabelledPair {
  readonly i: number
  readonly j: number
  readonly labels: PairLabel
}

/** Every pair of samples with different scores, i < j, in lexicographic order: k human marks become up to C(k, 2) pairs. */
export function kWisePairs(scores: readonly number[]): LabelledPair[] {
  assertFinite(scores, 'scores')
  const pairs: LabelledPair[] = []
  for (let i = 0; i < scores.length; i++) {
    for (let j = i + 1; j < scores.length; j++) {
      if (scores[i] !== scores[j]) pairs.push({ i, j, labels: scores[i] > scores[j] ? firstWins : secondWins })
    }
  }
  return pairs
}

/** Marks of several annotators averaged sample by sample. */
export interface AveragedMarks {
  readonly scores: number[]
  /** True when annotators marked different numbers of samples, so that the rest was dropped. */
  readonly truncated: boolean
}

/** Averages annotators' marks over the samples all of them marked (the shortest list decides). */
export function averageMarks(marks: readonly (readonly number[])[]): AveragedMarks {
  const shortest = Math.min(...marks.map(list => list.length))
  const scores = Array.from(
    { length: Number.isFinite(shortest) ? shortest : 0 },
    (_, i) => marks.reduce((total, list) => total + list[i], 0) / marks.length,
  )
  return { scores, truncated: marks.some(list => list.length !== shortest) }
}
