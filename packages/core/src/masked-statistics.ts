import { assertSameLength } from './checks.ts'
import { GuerdonError } from './errors.ts'
import type { SpreadOptions } from './statistics.ts'

type Numbers = ArrayLike<number>

/** What to answer when too few entries are unmasked: throw `empty`, or this number. */
export type EmptyPolicy = 'throw' | number

export interface MaskedMeanOptions {
  /** Default `throw`. */
  empty?: EmptyPolicy
  /** Added to the count in the divisor, as some trainers do. Default 0. */
  epsilon?: number
}

export interface MaskedSpreadOptions extends SpreadOptions {
  /** For n ≤ ddof. Default `throw`. */
  empty?: EmptyPolicy
}

export interface MaskedWhitenOptions extends MaskedSpreadOptions {
  /** Default 0. */
  epsilon?: number
  /** Where ε stands: `deviation` (default) divides by std + ε, `variance` by √(variance + ε). */
  epsilonAt?: 'deviation' | 'variance'
  /** Subtract the mean. Default true. */
  centre?: boolean
}

/** Number of entries whose mask is not 0. */
export function maskedCount(mask: Numbers): number {
  let count = 0
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) count++
  return count
}

/** Σ xᵢ over entries whose mask is not 0; what stands elsewhere, NaN included, has no effect. 0 for none. */
export function maskedSum(values: Numbers, mask: Numbers): number {
  assertSameLength(values, 'values', mask, 'mask')
  let total = 0
  for (let i = 0; i < values.length; i++) if (mask[i] !== 0) total += unmasked(values, i)
  return total
}

/** Σ xᵢ / (n + ε) over unmasked entries; exactly the common value when all are equal and ε = 0. */
export function maskedMean(values: Numbers, mask: Numbers, options: MaskedMeanOptions = {}): number {
  const { empty = 'throw', epsilon = 0 } = options
  const total = maskedSum(values, mask)
  const count = maskedCount(mask)
  if (count === 0) return tooFew(empty, 0, 0)
  const common = commonValue(values, mask)
  return common !== undefined && epsilon === 0 ? common : total / (count + epsilon)
}

/** Σ (xᵢ − x̄)² / (n − ddof) over unmasked entries; exactly 0 when all are equal. */
export function maskedVariance(values: Numbers, mask: Numbers, options: MaskedSpreadOptions): number {
  const { ddof, empty = 'throw' } = options
  assertSameLength(values, 'values', mask, 'mask')
  const count = maskedCount(mask)
  if (count <= ddof) return tooFew(empty, ddof, count)
  const centre = maskedMean(values, mask)
  let squares = 0
  for (let i = 0; i < values.length; i++) if (mask[i] !== 0) squares += (values[i] - centre) ** 2
  return squares / (count - ddof)
}

/** Square root of `maskedVariance`. */
export function maskedDeviation(values: Numbers, mask: Numbers, options: MaskedSpreadOptions): number {
  const { empty = 'throw' } = options
  if (typeof empty === 'number' && maskedCount(mask) <= options.ddof) return empty
  return Math.sqrt(maskedVariance(values, mask, options))
}

/**
 * (xᵢ − x̄)/(std + ε) or (xᵢ − x̄)/√(variance + ε) on unmasked entries, 0 elsewhere. With `empty` a number, that number is
 * the standard deviation of fewer than ddof + 1 entries. Entries without spread and ε = 0 come out as 0.
 */
export function maskedWhiten(values: Numbers, mask: Numbers, options: MaskedWhitenOptions): Float64Array {
  const { epsilon = 0, epsilonAt = 'deviation', centre = true } = options
  const result = new Float64Array(values.length)
  assertSameLength(values, 'values', mask, 'mask')
  const deviation = maskedDeviation(values, mask, options)
  if (maskedCount(mask) === 0) return result
  const divisor = epsilonAt === 'deviation' ? deviation + epsilon : Math.sqrt(deviation * deviation + epsilon)
  const shift = centre ? maskedMean(values, mask) : 0
  for (let i = 0; i < values.length; i++) {
    if (mask[i] !== 0) result[i] = divisor === 0 ? 0 : (values[i] - shift) / divisor
  }
  return result
}

function unmasked(values: Numbers, i: number): number {
  if (Number.isFinite(values[i])) return values[i]
  throw new GuerdonError('not_finite', `expected finite unmasked values; got ${values[i]} at index ${i}`, {
    path: ['values', i],
    hint: 'mask the entry out, or mark its rollout as failed',
  })
}

function commonValue(values: Numbers, mask: Numbers): number | undefined {
  let common: number | undefined
  for (let i = 0; i < values.length; i++) {
    if (mask[i] === 0) continue
    if (common !== undefined && values[i] !== common) return undefined
    common = values[i]
  }
  return common
}

function tooFew(empty: EmptyPolicy, ddof: number, count: number): number {
  if (typeof empty === 'number') return empty
  throw new GuerdonError('empty', `expected more than ${ddof} unmasked entries; got ${count}`, {
    hint: 'say what a short row gives with empty, or widen the scope',
  })
}
