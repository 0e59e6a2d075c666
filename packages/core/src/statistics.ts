import { assertInRange, assertNotEmpty } from './checks.ts'
import { GuerdonError } from './errors.ts'

type Numbers = ArrayLike<number>

/** How a spread is estimated. */
export interface SpreadOptions {
  /** Delta degrees of freedom: the divisor is n − ddof. 0 is the population form, 1 the sample form. */
  ddof: 0 | 1
}

/** Σ xᵢ with Neumaier compensation: the error does not grow with the number of terms. */
export function sum(values: Numbers): number {
  let total = 0
  let compensation = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    const next = total + value
    compensation += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total
    total = next
  }
  return total + compensation
}

/** Arithmetic mean. Exactly the common value when all entries are equal. Throws `empty` for no values. */
export function mean(values: Numbers): number {
  assertNotEmpty(values, 'values')
  return allEqual(values) ? values[0] : sum(values) / values.length
}

/** True when every entry is bit-for-bit the same number (an empty array counts as equal). */
export function allEqual(values: Numbers): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false
  return true
}

/**
 * Two-pass variance Σ (xᵢ − x̄)² / (n − ddof); exactly 0 when all entries are equal.
 * Throws `empty` when n ≤ ddof.
 */
export function variance(values: Numbers, options: SpreadOptions): number {
  if (values.length <= options.ddof) {
    throw new GuerdonError(
      'empty',
      `expected more than ${options.ddof} values for a variance with ddof ${options.ddof}; got ${values.length}`,
    )
  }
  if (allEqual(values)) return 0
  const centre = mean(values)
  let total = 0
  for (let i = 0; i < values.length; i++) total += (values[i] - centre) ** 2
  return total / (values.length - options.ddof)
}

/** Square root of `variance`. */
export function standardDeviation(values: Numbers, options: SpreadOptions): number {
  return Math.sqrt(variance(values, options))
}

/** Quantile with linear interpolation between order statistics (NumPy's default, Hyndman–Fan type 7). `q` in [0, 1]. */
export function quantile(values: Numbers, q: number): number {
  assertNotEmpty(values, 'values')
  assertInRange(q, 'q', 0, 1)
  const sorted = Float64Array.from(values).sort()
  const position = q * (sorted.length - 1)
  const below = Math.floor(position)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (position - below) * (sorted[above] - sorted[below])
}

/** Median: `quantile(values, 0.5)`. */
export function median(values: Numbers): number {
  return quantile(values, 0.5)
}

/** Pearson correlation of two equally long columns; `undefined` when either is constant or n < 2. */
export function pearsonCorrelation(first: Numbers, second: Numbers): number | undefined {
  if (first.length !== second.length) {
    throw new GuerdonError('shape_mismatch', `expected columns of one length; got ${first.length} and ${second.length}`)
  }
  if (first.length < 2 || allEqual(first) || allEqual(second)) return undefined
  const firstMean = mean(first)
  const secondMean = mean(second)
  let cross = 0
  let firstSquares = 0
  let secondSquares = 0
  for (let i = 0; i < first.length; i++) {
    const a = first[i] - firstMean
    const b = second[i] - secondMean
    cross += a * b
    firstSquares += a * a
    secondSquares += b * b
  }
  return cross / Math.sqrt(firstSquares * secondSquares)
}

/** Ranks 1 … n, ties sharing their average rank. */
export function averageRanks(values: Numbers): Float64Array {
  const order = Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a] - values[b])
  const ranks = new Float64Array(values.length)
  for (let start = 0; start < order.length; ) {
    let end = start + 1
    while (end < order.length && values[order[end]] === values[order[start]]) end++
    for (let k = start; k < end; k++) ranks[order[k]] = (start + 1 + end) / 2
    start = end
  }
  return ranks
}

/** Spearman's rank correlation with average ranks for ties; `undefined` when either column is constant. */
export function spearmanCorrelation(first: Numbers, second: Numbers): number | undefined {
  return pearsonCorrelation(averageRanks(first), averageRanks(second))
}

/** log Σ exp xᵢ without overflow; −Infinity for an empty array. */
export function logSumExp(values: Numbers): number {
  let largest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < values.length; i++) if (values[i] > largest) largest = values[i]
  if (largest === Number.NEGATIVE_INFINITY || largest === Number.POSITIVE_INFINITY) return largest
  let total = 0
  for (let i = 0; i < values.length; i++) total += Math.exp(values[i] - largest)
  return largest + Math.log(total)
}

/** Softmax of `values / temperature`. */
export function softmax(values: Numbers, temperature = 1): Float64Array {
  const scaled = Float64Array.from(values, value => value / temperature)
  const normaliser = logSumExp(scaled)
  for (let i = 0; i < scaled.length; i++) scaled[i] = Math.exp(scaled[i] - normaliser)
  return scaled
}

/** Logistic function 1/(1 + e^{−x}), accurate at both ends. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x))
  const e = Math.exp(x)
  return e / (1 + e)
}

/** log(1 + eˣ) without overflow. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
}

/** log σ(x) = −softplus(−x). */
export function logSigmoid(x: number): number {
  return -softplus(-x)
}
