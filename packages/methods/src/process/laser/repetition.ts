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

/** A number for each window of `size` tokens, equal exactly for equal windows, below the number of windows. */
function windowIds(tokens: ArrayLike<number>, size: number): Int32Array {
  let ids = numbered(Array.from(tokens))
  for (let grown = 1; grown < size; grown++) {
    const count = ids.length - 1
    const single = numbered(Array.from(tokens))
    const pairs = Array.from({ length: Math.max(count, 0) }, (_, i) => ids[i] * tokens.length + single[i + grown])
    ids = numbered(pairs)
  }
  return ids
}

function numbered(values: readonly number[]): Int32Array {
  const numbers = new Map<number, number>()
  return Int32Array.from(values, value => {
    const known = numbers.get(value)
    if (known !== undefined) return known
    numbers.set(value, numbers.size)
    return numbers.size - 1
  })
}
