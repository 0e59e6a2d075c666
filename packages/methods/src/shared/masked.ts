import { assertSameLength, GuerdonError } from '@guerdon/core'
import { clearMasked, type FloatArray } from './ragged.ts'

/**
 * Statistics over the unmasked entries of a flat array, as trainers compute them: the mean's divisor carries 1e-8, the
 * variance is Bessel-corrected. An entry counts when its mask is not 0; what stands elsewhere, NaN included, has no effect.
 */
export const maskedEpsilon = 1e-8

/** Σ xᵢ over mᵢ ≠ 0. */
export function maskedSum(values: ArrayLike<number>, mask?: ArrayLike<number>): number {
  if (mask) assertSameLength(values, 'values', mask, 'mask')
  let total = 0
  if (mask) {
    for (let i = 0; i < values.length; i++) if (mask[i] !== 0) total += values[i]
  } else for (let i = 0; i < values.length; i++) total += values[i]
  return total
}

/** Number of entries with mᵢ ≠ 0. */
export function maskedCount(length: number, mask?: ArrayLike<number>): number {
  if (!mask) return length
  let count = 0
  for (let i = 0; i < mask.length; i++) count += mask[i] !== 0 ? 1 : 0
  return count
}

/** Σ xᵢmᵢ / (Σmᵢ + 1e-8); 0 when nothing is unmasked. */
export function maskedMean(values: ArrayLike<number>, mask?: ArrayLike<number>): number {
  return maskedSum(values, mask) / (maskedCount(values.length, mask) + maskedEpsilon)
}

/** Mean and variance of the unmasked entries. */
export interface MaskedMoments {
  readonly count: number
  readonly mean: number
  readonly variance: number
}

/**
 * Mean, and variance = maskedMean((x − mean)²)·n/(n−1).
 * @throws empty for fewer than two unmasked entries: there is no spread to divide by
 * @throws not_finite for a NaN or ±Infinity among the unmasked entries
 */
export function maskedMoments(values: ArrayLike<number>, mask?: ArrayLike<number>): MaskedMoments {
  const count = maskedCount(values.length, mask)
  assertSpread(count)
  const mean = maskedSum(values, mask) / (count + maskedEpsilon)
  if (!Number.isFinite(mean)) throw notFinite(values, mask)
  const squares = mask ? maskedSquares(values, mask, mean) : squaresAbout(values, mean)
  return { count, mean, variance: ((squares / (count + maskedEpsilon)) * count) / (count - 1) }
}

function squaresAbout(values: ArrayLike<number>, centre: number): number {
  let total = 0
  for (let i = 0; i < values.length; i++) {
    const offset = values[i] - centre
    total += offset * offset
  }
  return total
}

function maskedSquares(values: ArrayLike<number>, mask: ArrayLike<number>, centre: number): number {
  let total = 0
  for (let i = 0; i < values.length; i++) {
    if (mask[i] === 0) continue
    const offset = values[i] - centre
    total += offset * offset
  }
  return total
}

function assertSpread(count: number): void {
  if (count >= 2) return
  throw new GuerdonError('empty', `expected at least 2 unmasked entries for a variance; got ${count}`, {
    hint: 'whiten over the whole batch rather than one short row',
  })
}

function fromKnown(known: { count: number; mean: number; squares: number }): MaskedMoments {
  const { count } = known
  assertSpread(count)
  const mean = (known.mean * count) / (count + maskedEpsilon)
  const squares = known.squares + count * (known.mean - mean) ** 2
  return { count, mean, variance: ((squares / (count + maskedEpsilon)) * count) / (count - 1) }
}

function notFinite(values: ArrayLike<number>, mask?: ArrayLike<number>): GuerdonError {
  let at = 0
  while (at < values.length && ((mask && !mask[at]) || Number.isFinite(values[at]))) at++
  return new GuerdonError('not_finite', `expected finite unmasked values; got ${values[at]} at index ${at}`, {
    path: ['values', at],
    hint: 'mask the entry or mark its rollout as failed',
  })
}

/** Choices of `maskedWhiten`. */
export interface MaskedWhitenOptions {
  /** Subtract the mean; when false only the spread is normalised and the mean stays. Default true. */
  readonly shiftMean?: boolean
  /** Set masked entries to 0; when false they are transformed like the others. Default true. */
  readonly zeroMasked?: boolean
  /** Where the result goes; may be `values` itself. A new Float64Array when absent. */
  readonly out?: FloatArray
  /** Count, plain mean and Σ(x − mean)² of the unmasked entries, when they are known already. */
  readonly known?: { readonly count: number; readonly mean: number; readonly squares: number }
}

/** What `maskedWhiten` gives back. */
export interface Whitened extends MaskedMoments {
  readonly values: FloatArray
}

/**
 * (x − mean)·(variance + 1e-8)^(−½) over the unmasked entries of the batch. Longer rows weigh more, because every entry
 * counts once. The 1e-8 in the mean's divisor leaves a residue of at most 1e-4·|x|/n where all n entries are the same x.
 */
export function maskedWhiten(
  values: ArrayLike<number>,
  mask?: ArrayLike<number>,
  options: MaskedWhitenOptions = {},
): Whitened {
  const { shiftMean = true, zeroMasked = true, out = new Float64Array(values.length), known } = options
  const moments = known ? fromKnown(known) : maskedMoments(values, mask)
  const { mean, variance } = moments
  const scale = 1 / Math.sqrt(variance + maskedEpsilon)
  for (let start = 0; start < values.length; start += blockLength) {
    const end = Math.min(values.length, start + blockLength)
    if (shiftMean) centre(values, out, start, end, mean, scale)
    else for (let i = start; i < end; i++) out[i] = (values[i] - mean) * scale + mean
    if (mask && zeroMasked) clearMasked(out, mask, start, end)
  }
  return { ...moments, values: out }
}

/** Entries transformed at a time, few enough to be in the cache still when they are masked. */
const blockLength = 4096

function centre(
  values: ArrayLike<number>,
  out: FloatArray,
  start: number,
  end: number,
  mean: number,
  scale: number,
): void {
  for (let i = start; i < end; i++) out[i] = (values[i] - mean) * scale
}
