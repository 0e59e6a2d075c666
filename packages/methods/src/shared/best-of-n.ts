import { assertFinite, assertInteger, assertNotEmpty, assertSameLength, GuerdonError } from '@guerdon/core'

/** log n − (n − 1)/n nats: KL of best-of-n from the base policy; exact for continuous scores, else an upper bound. */
export function bestOfNKl(n: number): number {
  assertInteger(n, 'n', 1)
  return Math.log(n) - (n - 1) / n
}

/** Index of the largest score; the first of several. Throws `empty`, `not_finite`. */
export function bestIndex(scores: ArrayLike<number>): number {
  assertNotEmpty(scores, 'scores')
  assertFinite(scores, 'scores')
  let best = 0
  for (let i = 1; i < scores.length; i++) if (scores[i] > scores[best]) best = i
  return best
}

/**
 * Unbiased expectation of `values` at the best of n by `scores`, from N ≥ n samples: rank i (ascending, from 0) is the best
 * of a random n-subset with probability C(i, n − 1)/C(N, n). Ties keep their order.
 *
 * Exact where repeated sub-sampling is noisy, and without its bias when n is close to N. Cost O(N log N).
 *
 * @throws invalid_option for n outside [1, N]
 */
export function expectedBestOfN(scores: ArrayLike<number>, values: ArrayLike<number>, n: number): number {
  assertSameLength(scores, 'scores', values, 'values')
  assertFinite(scores, 'scores')
  assertFinite(values, 'values')
  assertInteger(n, 'n', 1)
  const count = scores.length
  if (n > count) {
    throw new GuerdonError('invalid_option', `expected n of at most the ${count} samples; got ${n}`, { path: ['n'] })
  }
  const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => scores[a] - scores[b])
  // weight of the top rank is n/N; going down, C(i − 1, n − 1)/C(i, n − 1) = (i − n + 1)/i
  let weight = n / count
  let total = 0
  for (let rank = count - 1; rank >= n - 1; rank--) {
    total += weight * values[order[rank]]
    if (rank > 0) weight *= (rank - n + 1) / rank
  }
  return total
}

/**
 * pass@k = 1 − C(n − c, k)/C(n, k): chance that one of k samples passes when c of n did (Chen et al. 2021, arXiv
 * 2107.03374); 1 when n − c < k.
 *
 * @throws invalid_option for k > n or c > n
 */
export function passAtK(counts: { readonly samples: number; readonly passed: number; readonly k: number }): number {
  const { samples, passed, k } = counts
  assertInteger(samples, 'samples', 1)
  assertInteger(passed, 'passed')
  assertInteger(k, 'k', 1)
  if (k > samples || passed > samples) {
    throw new GuerdonError(
      'invalid_option',
      `expected passed and k of at most the ${samples} samples; got passed ${passed} and k ${k}`,
      { path: [k > samples ? 'k' : 'passed'] },
    )
  }
  if (samples - passed < k) return 1
  let miss = 1
  for (let i = samples - passed + 1; i <= samples; i++) miss *= 1 - k / i
  return 1 - miss
}
