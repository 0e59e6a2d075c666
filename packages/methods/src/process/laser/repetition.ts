import { assertInteger } from '@guerdon/core'

/**
 * Position at which a response starts to repeat itself, or its length when it does not: a response is repetitive iff the
 * result is smaller than its length.
 *
 * Up to 2n tokens are never repetitive. Otherwise n-grams of size 2 (below 30 tokens), 3 (below 100) or min(4, n) are
 * scanned from the end; an n-gram (of more than one distinct token, if longer than 2) seen at least 2 times (3 from 200
 * tokens on) with two neighbouring occurrences closer than ⌊length/3⌋ gives its first position. Failing that, the first
 * 2n-gram met twice, still from the end, gives the position of its earlier occurrence.
 *
 * Linear in the number of tokens. Source: detect_token_ngram_repetition_optimized_reversed in hkust-nlp/Laser.
 *
 * @param tokens [L] token ids
 * @param options n, default 4
 */
export function repetitionStart(tokens: ArrayLike<number>, options: { readonly n?: number } = {}): number {
  const length = tokens.length
  const wanted = options.n ?? 4
  assertInteger(wanted, 'n', 1)
  if (length <= wanted * 2) return length
  const n = length < 30 ? 2 : length < 100 ? 3 : Math.min(4, wanted)
  return closeRepeat(tokens, n) ?? (length >= n * 4 ? firstRepeat(windowIds(tokens, 2 * n)) : undefined) ?? length
}

function closeRepeat(tokens: ArrayLike<number>, n: number): number | undefined {
  const length = tokens.length
  const needed = length < 200 ? 2 : 3
  const near = Math.floor(length / 3)
  const ids = windowIds(tokens, n)
  const seen = new Int32Array(ids.length)
  const latest = new Int32Array(ids.length)
  const smallestGap = new Int32Array(ids.length).fill(length)
  for (let i = ids.length - 1; i >= 0; i--) {
    if (n > 2 && isConstant(tokens, i, n)) continue
    const id = ids[i]
    if (seen[id] > 0) smallestGap[id] = Math.min(smallestGap[id], latest[id] - i)
    seen[id]++
    latest[id] = i
    if (seen[id] >= needed && smallestGap[id] < near) return i
  }
  return undefined
}

function firstRepeat(ids: Int32Array): number | undefined {
  const seen = new Uint8Array(ids.length)
  for (let i = ids.length - 1; i >= 0; i--) {
    if (seen[ids[i]]) return i
    seen[ids[i]] = 1
  }
  return undefined
}

function isConstant(tokens: ArrayLike<number>, start: number, size: number): boolean {
  for (let i = 1; i < size; i++) if (tokens[start + i] !== tokens[start]) return false
  return true
}

/**
 * A number for each window of `size` tokens, equal exactly for equal windows, below the number of windows: the position of
 * its first occurrence. Windows double in size; two overlapping ones make up a size that is no power of two.
 */
function windowIds(tokens: ArrayLike<number>, size: number): Int32Array {
  const length = tokens.length
  const table = new Int32Array(2 ** Math.ceil(Math.log2(2 * length + 1)))
  let ids = firstOccurrences(tokens, 0, { count: length, table, ids: new Int32Array(length) })
  let spare = new Int32Array(length)
  for (let grown = 1; grown < size; ) {
    const next = Math.min(2 * grown, size)
    const count = Math.max(0, length - next + 1)
    const wider = firstOccurrences(ids, next - grown, { count, table, ids: spare })
    spare = ids
    ids = wider
    grown = next
  }
  return ids.subarray(0, Math.max(0, length - size + 1))
}

/** For each i < count the smallest j with the same pair (values[j], values[j + shift]), by a hash table of positions. */
function firstOccurrences(
  values: ArrayLike<number>,
  shift: number,
  { count, table, ids }: { readonly count: number; readonly table: Int32Array; readonly ids: Int32Array<ArrayBuffer> },
): Int32Array<ArrayBuffer> {
  const last = table.length - 1
  table.fill(0)
  for (let i = 0; i < count; i++) {
    const first = values[i]
    const second = values[i + shift]
    let slot = hash(first, second) & last
    let known = table[slot]
    while (known !== 0 && (values[known - 1] !== first || values[known - 1 + shift] !== second)) {
      slot = (slot + 1) & last
      known = table[slot]
    }
    if (known === 0) table[slot] = known = i + 1
    ids[i] = known - 1
  }
  return ids
}

function hash(first: number, second: number): number {
  const mixed = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b)
  return mixed ^ (mixed >>> 15)
}
