import { assertInRange, assertInteger, GuerdonError, sum } from '@guerdon/core'
import { add, mean, mul, neg, type Tensor } from '@guerdon/tensor'
import { klDivergence } from './population.ts'

/**
 * The retraining objective as a graph: −[E_real log p + λ·E_curated log p]/(1 + λ), the negative log-likelihood of the
 * mixture. `lambda: null` means curated data only (no real data).
 *
 * @param realLogProbs [n] log-likelihood of each real item
 * @param curatedLogProbs [m] of each curated item
 */
export function retrainingLoss(
  realLogProbs: Tensor,
  curatedLogProbs: Tensor,
  options: { readonly lambda: number | null },
): Tensor {
  const { lambda } = options
  if (lambda === null) return neg(mean(curatedLogProbs))
  assertInRange(lambda, 'lambda', 0, Number.MAX_VALUE)
  const real = mul(mean(realLogProbs), 1 / (1 + lambda))
  return neg(add(real, mul(mean(curatedLogProbs), lambda / (1 + lambda))))
}

/** How many items a round needs: λ·n curated items, each picked from K samples. */
export function planRound(
  realItems: number,
  options: { readonly lambda: number; readonly K: number },
): { readonly curated: number; readonly samples: number } {
  assertInteger(realItems, 'realItems')
  assertInteger(options.K, 'K', 1)
  assertInRange(options.lambda, 'lambda', 0, Number.MAX_VALUE)
  const curated = Math.round(options.lambda * realItems)
  return { curated, samples: curated * options.K }
}

/** Shares of each mode (class, cluster) among items, in order of the names. */
export function modeShares(labels: readonly string[], modes: readonly string[]): Float64Array {
  const position = new Map(modes.map((mode, i) => [mode, i]))
  const counts = new Float64Array(modes.length)
  for (const label of labels) {
    const i = position.get(label)
    if (i === undefined) {
      throw new GuerdonError('unknown_name', `expected one of the modes ${modes.join(', ')}; got "${label}"`, {
        path: ['labels'],
      })
    }
    counts[i]++
  }
  return labels.length === 0 ? counts : counts.map(count => count / labels.length)
}

/** Bounds beyond which a loop should stop. */
export interface CollapseGuard {
  /** Largest KL of the mode shares from the real ones. Default Infinity. */
  readonly maxKl?: number
  /** Smallest share any mode of the real data may fall to. Default 0. */
  readonly minModeShare?: number
  /** Smallest entropy as a share of the real data's. Default 0. */
  readonly minEntropyRatio?: number
}

/** How far a round has drifted, and which bounds it broke. */
export interface CollapseReport {
  readonly kl: number
  readonly smallestShare: number
  readonly entropyRatio: number
  /** Distinct items over items; 1 for none. */
  readonly uniqueShare: number
  readonly broken: readonly ('maxKl' | 'minModeShare' | 'minEntropyRatio')[]
}

/**
 * Compares the mode shares of a round with those of the real data. Modes the real data lack are not looked at for the smallest
 * share. When the real data have one mode only, the entropy ratio is 1.
 *
 * @param items keys of the curated items, to count duplicates
 */
export function collapseReport(
  shares: ArrayLike<number>,
  realShares: ArrayLike<number>,
  items: readonly string[],
  guard: CollapseGuard = {},
): CollapseReport {
  const { maxKl = Number.POSITIVE_INFINITY, minModeShare = 0, minEntropyRatio = 0 } = guard
  const kl = klDivergence(shares, realShares)
  const real = Array.from(realShares, (_, i) => i).filter(i => realShares[i] > 0)
  const smallestShare = real.reduce((least, i) => Math.min(least, shares[i]), 1)
  const realEntropy = entropy(realShares)
  const entropyRatio = realEntropy === 0 ? 1 : entropy(shares) / realEntropy
  const broken: ('maxKl' | 'minModeShare' | 'minEntropyRatio')[] = []
  if (kl > maxKl) broken.push('maxKl')
  if (smallestShare < minModeShare) broken.push('minModeShare')
  if (entropyRatio < minEntropyRatio) broken.push('minEntropyRatio')
  const uniqueShare = items.length === 0 ? 1 : new Set(items).size / items.length
  return { kl, smallestShare, entropyRatio, uniqueShare, broken }
}

/** −Σ p log p, nats. */
export function entropy(p: ArrayLike<number>): number {
  return -sum(Float64Array.from(p, mass => (mass === 0 ? 0 : mass * Math.log(mass))))
}
