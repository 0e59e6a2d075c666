import { assertFinite, assertNotEmpty, assertSameLength } from './checks.ts'
import { mean } from './statistics.ts'

type Numbers = ArrayLike<number>

/**
 * Mean of the middle half: the ⌊n/4⌋ smallest and ⌊n/4⌋ largest values are left out (a 25 % trimmed mean, as in Agarwal et
 * al. 2021). The plain mean for n < 4. For a benchmark, pass the scores of all tasks in one array.
 * Throws `empty` for no values, `not_finite` for NaN or ±Infinity.
 */
export function interquartileMean(values: Numbers): number {
  assertNotEmpty(values, 'values')
  assertFinite(values, 'values')
  const sorted = Float64Array.from(values).sort()
  const cut = Math.floor(sorted.length / 4)
  return mean(sorted.subarray(cut, sorted.length - cut))
}

/**
 * P(X > Y) + ½·P(X = Y) for one draw of `first` against one of `second`: the Mann–Whitney statistic over n·m, in [0, 1];
 * 0.5 = no difference. Throws `empty` or `not_finite`.
 */
export function probabilityOfImprovement(first: Numbers, second: Numbers): number {
  assertNotEmpty(first, 'first')
  assertNotEmpty(second, 'second')
  assertFinite(first, 'first')
  assertFinite(second, 'second')
  let wins = 0
  for (let i = 0; i < first.length; i++) {
    for (let j = 0; j < second.length; j++) wins += first[i] > second[j] ? 1 : first[i] === second[j] ? 0.5 : 0
  }
  return wins / (first.length * second.length)
}

/** Mean over tasks of `probabilityOfImprovement`; entry k of both lists is task k. Throws `shape_mismatch` if uneven. */
export function meanProbabilityOfImprovement(first: readonly Numbers[], second: readonly Numbers[]): number {
  assertSameLength(first, 'first', second, 'second')
  return mean(first.map((scores, task) => probabilityOfImprovement(scores, second[task])))
}
