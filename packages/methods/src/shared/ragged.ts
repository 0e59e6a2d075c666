import { assertSameLength, GuerdonError } from '@guerdon/core'

/** Numbers of a hot path. `Float32Array` halves the memory traffic; sums are float64 either way. */
export type FloatArray = Float32Array | Float64Array

/**
 * Rows of different lengths in flat arrays: row r owns the entries `offsets[r] … offsets[r+1] − 1` of every flat array
 * that belongs to it.
 */
export interface RaggedRows {
  /** [R+1], not decreasing, from 0 to the number of entries. */
  readonly offsets: ArrayLike<number>
  /** [T] 1 where the policy produced the token, 0 for observations and padding, nothing else; all 1 when absent. */
  readonly mask?: ArrayLike<number>
}

/** Flat values with the rows they belong to. */
export interface Ragged extends RaggedRows {
  readonly offsets: Int32Array
  readonly values: Float64Array
}

/** Flat form of an array of rows. */
export function flatten(rows: readonly ArrayLike<number>[]): Ragged {
  const offsets = new Int32Array(rows.length + 1)
  for (let r = 0; r < rows.length; r++) offsets[r + 1] = offsets[r] + rows[r].length
  const values = new Float64Array(offsets[rows.length])
  rows.forEach((row, r) => {
    values.set(row, offsets[r])
  })
  return { offsets, values }
}

/** The rows of a flat array, as views of it. */
export function toRows<A extends FloatArray>(values: A, offsets: ArrayLike<number>): A[] {
  const rows: A[] = []
  for (let r = 0; r + 1 < offsets.length; r++) rows.push(values.subarray(offsets[r], offsets[r + 1]) as A)
  return rows
}

/** Throws `shape_mismatch` unless `values` (and the mask, if any) have exactly the entries the offsets speak of. */
export function assertRows(values: ArrayLike<number>, name: string, rows: RaggedRows): void {
  const { offsets, mask } = rows
  const end = offsets.length === 0 ? 0 : offsets[offsets.length - 1]
  if (values.length !== end) {
    throw new GuerdonError('shape_mismatch', `expected ${name} to have ${end} entries; got ${values.length}`, {
      path: [name],
      hint: 'the last offset is the number of entries',
    })
  }
  if (mask) assertSameLength(values, name, mask, 'mask')
}

/** Number of rows. */
export function rowCount(rows: RaggedRows): number {
  return Math.max(0, rows.offsets.length - 1)
}

/** Σ of each row, mask ignored: a score is the sum over all positions. Four running sums, so the additions overlap. [R] */
export function rowSums(values: FloatArray, offsets: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(Math.max(0, offsets.length - 1))
  for (let r = 0; r < sums.length; r++) {
    const end = offsets[r + 1]
    const last = end - 3
    let t = offsets[r]
    let a = 0
    let b = 0
    let c = 0
    let d = 0
    for (; t < last; t += 4) {
      a += values[t]
      b += values[t + 1]
      c += values[t + 2]
      d += values[t + 3]
    }
    for (; t < end; t++) a += values[t]
    sums[r] = a + b + (c + d)
  }
  return sums
}

/** Number of unmasked entries of each row. [R] */
export function rowLengths(rows: RaggedRows): Float64Array {
  const { offsets, mask } = rows
  const lengths = new Float64Array(rowCount(rows))
  for (let r = 0; r < lengths.length; r++) {
    if (!mask) lengths[r] = offsets[r + 1] - offsets[r]
    else for (let t = offsets[r]; t < offsets[r + 1]; t++) lengths[r] += mask[t] ? 1 : 0
  }
  return lengths
}

/**
 * Writes one value a row onto every entry of the row; masked entries get 0.
 *
 * @param rowValues [R]
 * @param out [T] buffer to write to; a new Float64Array when absent
 */
export function broadcastRows(rowValues: ArrayLike<number>, rows: RaggedRows): Float64Array
export function broadcastRows<A extends FloatArray>(rowValues: ArrayLike<number>, rows: RaggedRows, out: A): A
export function broadcastRows(rowValues: ArrayLike<number>, rows: RaggedRows, out?: FloatArray): FloatArray {
  const { offsets, mask } = rows
  const count = rowCount(rows)
  assertLength(rowValues, count)
  const result = out ?? new Float64Array(count === 0 ? 0 : offsets[count])
  assertRows(result, 'out', rows)
  const words = mask && wordsOf(mask)
  for (let r = 0; r < count; r++) {
    result.fill(rowValues[r], offsets[r], offsets[r + 1])
    if (mask) clearRange(result, mask, words, offsets[r], offsets[r + 1])
  }
  return result
}

/** Sets `values[t]` to 0 where `mask[t]` is 0, for t in [start, end). */
export function clearMasked(values: FloatArray, mask: ArrayLike<number>, start = 0, end = values.length): void {
  clearRange(values, mask, wordsOf(mask), start, end)
}

const fourOnes = 0x01010101

/** The words of the buffer of a byte mask, from the word on in which the mask begins. */
function wordsOf(mask: ArrayLike<number>): Int32Array | undefined {
  if (!(mask instanceof Uint8Array)) return undefined
  const skew = mask.byteOffset & 3
  return new Int32Array(mask.buffer, mask.byteOffset - skew, (mask.length + skew) >> 2)
}

/** A byte mask is read eight at a time, because most of it is 1. */
function clearRange(
  values: FloatArray,
  mask: ArrayLike<number>,
  words: Int32Array | undefined,
  start: number,
  end: number,
): void {
  if (!words || !(mask instanceof Uint8Array)) {
    for (let t = start; t < end; t++) if (!mask[t]) values[t] = 0
    return
  }
  const skew = mask.byteOffset & 3
  const firstWord = (start + skew + 3) >> 2
  const pastWords = firstWord + Math.max(0, (((end + skew) >> 2) - firstWord) & ~1)
  for (let t = start; t < Math.min(end, 4 * firstWord - skew); t++) if (mask[t] === 0) values[t] = 0
  for (let w = firstWord; w < pastWords; w += 2) {
    if ((words[w] & words[w + 1]) === fourOnes) continue
    clearWord(values, words[w], 4 * w - skew)
    clearWord(values, words[w + 1], 4 * w + 4 - skew)
  }
  for (let t = Math.max(start, 4 * pastWords - skew); t < end; t++) if (mask[t] === 0) values[t] = 0
}

/** Zeroes those of `values[t] … values[t + 3]` whose byte of the word is 0. */
function clearWord(values: FloatArray, word: number, t: number): void {
  if (word === fourOnes) return
  if (word === 0) {
    values[t] = 0
    values[t + 1] = 0
    values[t + 2] = 0
    values[t + 3] = 0
    return
  }
  if ((word & 0xff) === 0) values[t] = 0
  if ((word & 0xff00) === 0) values[t + 1] = 0
  if ((word & 0xff0000) === 0) values[t + 2] = 0
  if (word >>> 24 === 0) values[t + 3] = 0
}

function assertLength(rowValues: ArrayLike<number>, count: number): void {
  if (rowValues.length !== count) {
    throw new GuerdonError('shape_mismatch', `expected one value for each of ${count} rows; got ${rowValues.length}`)
  }
}
