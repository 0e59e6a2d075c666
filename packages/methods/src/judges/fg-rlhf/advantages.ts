import { assertInRange, assertSameRagged } from '@guerdon/core'
import { generalizedAdvantages } from '../../shared/gae.ts'
import { flatten, toRows } from '../../shared/ragged.ts'

/** Options of `whitenRows`. */
export interface WhitenOptions {
  /** Subtract the mean; when false the mean stays. Default true. */
  readonly shiftMean?: boolean
  /** Added to the variance. Default 1e-8. */
  readonly epsilon?: number
  /** What happens to masked entries: 0 (default), or the same transformation as the others. */
  readonly masked?: 'zero' | 'transform'
  /** `released`: the standard deviation stands where the variance belongs, so values are divided by √std. */
  readonly compat?: 'released' | undefined
}

/**
 * (v − μ)/√(s + ε) (+ μ unless the mean is shifted) with μ, s the mean and population variance of the unmasked entries
 * of the whole batch. All-equal entries give 0 (+ μ). Differs from `maskedWhiten` in the population variance.
 *
 * @param values [B][T]
 * @param mask [B][T]
 */
export function whitenRows(
  values: readonly ArrayLike<number>[],
  mask: readonly ArrayLike<number>[],
  options: WhitenOptions = {},
): Float64Array[] {
  const { shiftMean = true, epsilon = 1e-8, masked = 'zero', compat } = options
  assertInRange(epsilon, 'epsilon', 0, 1)
  assertSameRagged(mask, 'mask', values, 'values')
  const { mean, variance } = rowMoments(values, mask)
  const spread = compat === 'released' ? Math.sqrt(variance) : variance
  const scale = spread + epsilon > 0 ? 1 / Math.sqrt(spread + epsilon) : 0
  const shift = shiftMean ? 0 : mean
  return values.map((row, b) =>
    Float64Array.from(row, (value, t) => (mask[b][t] || masked === 'transform' ? (value - mean) * scale + shift : 0)),
  )
}

/** Mean and population variance of the unmasked entries; exactly 0 where they are all equal. */
export function rowMoments(
  values: readonly ArrayLike<number>[],
  mask: readonly ArrayLike<number>[],
): { readonly mean: number; readonly variance: number; readonly count: number } {
  let count = 0
  let total = 0
  let squares = 0
  let smallest = Number.POSITIVE_INFINITY
  let largest = Number.NEGATIVE_INFINITY
  const each = (visit: (value: number) => void): void =>
    values.forEach((row, b) => {
      for (let t = 0; t < row.length; t++) if (mask[b][t]) visit(row[t])
    })
  each(value => {
    count++
    total += value
    smallest = Math.min(smallest, value)
    largest = Math.max(largest, value)
  })
  if (count === 0) return { mean: 0, variance: 0, count }
  const mean = smallest === largest ? smallest : total / count
  each(value => {
    squares += (value - mean) ** 2
  })
  return { mean, variance: squares / count, count }
}

/** Advantages and regression targets, [B][T] each, 0 on masked tokens. */
export interface RowAdvantages {
  /** Before whitening. */
  readonly raw: Float64Array[]
  readonly advantages: Float64Array[]
  /** raw + values */
  readonly returns: Float64Array[]
}

/** Options of `fineGrainedAdvantages`. */
export interface FineGrainedAdvantageOptions {
  /** γ. Default 1. */
  readonly gamma?: number
  /** λ. Default 0.95; 0.99 for the holistic baseline. */
  readonly lambda?: number
  /** Whiten the rewards first, keeping their mean. Default true. */
  readonly whitenRewards?: boolean
  /** Default 1e-8. */
  readonly epsilon?: number
  /**
   * `released`: √std whitening, and whitened rewards of padding (not 0, because the mean is kept) flow back into the
   * real tokens of shorter rows. By default every row ends at its own last token.
   */
  readonly compat?: 'released' | undefined
}

/**
 * Generalised advantages of token rewards: (whitened) rewards, δ_t = r_t + γV_{t+1} − V_t, A_t = δ_t + γλA_{t+1};
 * returns A + V from the raw advantages, then whitened advantages. Source: Fine-Grained RLHF, released trainer.
 *
 * @param rewards [B][T]
 * @param values [B][T]
 * @param mask [B][T]
 */
export function fineGrainedAdvantages(
  rewards: readonly ArrayLike<number>[],
  values: readonly ArrayLike<number>[],
  mask: readonly ArrayLike<number>[],
  options: FineGrainedAdvantageOptions = {},
): RowAdvantages {
  const { gamma = 1, lambda = 0.95, whitenRewards = true, epsilon = 1e-8, compat } = options
  assertSameRagged(values, 'values', rewards, 'rewards')
  assertSameRagged(mask, 'mask', rewards, 'rewards')
  const released = compat === 'released'
  const shaped = whitenRewards
    ? whitenRows(rewards, mask, { shiftMean: false, epsilon, masked: released ? 'transform' : 'zero', compat })
    : rewards
  const { raw, returns } = rowAdvantages(shaped, values, released ? undefined : mask, { gamma, lambda })
  const advantages = whitenRows(raw, mask, { epsilon, compat })
  return { raw: zeroRows(raw, mask), advantages, returns: zeroRows(returns, mask) }
}

/** Unwhitened advantages and returns of rows; without a mask every position counts, padding too. */
export function rowAdvantages(
  rewards: readonly ArrayLike<number>[],
  values: readonly ArrayLike<number>[],
  mask: readonly ArrayLike<number>[] | undefined,
  options: { readonly gamma: number; readonly lambda: number },
): { readonly raw: Float64Array[]; readonly returns: Float64Array[] } {
  const { offsets, values: flatRewards } = flatten(rewards)
  const rows = { offsets, ...(mask === undefined ? {} : { mask: flatten(mask).values }) }
  const { advantages, returns } = generalizedAdvantages(flatRewards, flatten(values).values, rows, options)
  return { raw: toRows(Float64Array.from(advantages), offsets), returns: toRows(Float64Array.from(returns), offsets) }
}

/** The rows with 0 where the mask is 0. */
export function zeroRows(rows: readonly Float64Array[], mask: readonly ArrayLike<number>[]): Float64Array[] {
  return rows.map((row, b) => row.map((value, t) => (mask[b][t] ? value : 0)))
}
