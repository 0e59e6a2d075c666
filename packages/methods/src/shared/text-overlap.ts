import { assertInteger } from '@guerdon/core'

/** Cuts text into tokens that are compared by equality. */
export type Tokenise = (text: string) => readonly string[]

/** Lower-cased runs of a–z and 0–9: the usual ROUGE tokeniser without stemming. Text in other scripts has no tokens. */
export const latinWords: Tokenise = text => text.toLowerCase().match(/[a-z0-9]+/g) ?? []

/** Lower-cased runs of letters, digits and underscore of any script. */
export const unicodeWords: Tokenise = text => text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []

/** Pieces between white space, case kept. */
export const whitespaceWords: Tokenise = text => text.match(/\S+/g) ?? []

/** Precision, recall and their harmonic mean, each in [0, 1]. */
export interface Overlap {
  readonly precision: number
  readonly recall: number
  readonly f1: number
}

function overlap(shared: number, predicted: number, referenced: number): Overlap {
  if (shared === 0) return { precision: 0, recall: 0, f1: 0 }
  const precision = shared / predicted
  const recall = shared / referenced
  return { precision, recall, f1: (2 * precision * recall) / (precision + recall) }
}

/** Length of the longest common subsequence. O(m·n) time, O(min(m, n)) memory. */
export function longestCommonSubsequence(first: ArrayLike<unknown>, second: ArrayLike<unknown>): number {
  const [long, short] = first.length >= second.length ? [first, second] : [second, first]
  const row = new Int32Array(short.length + 1)
  for (let i = 0; i < long.length; i++) {
    let diagonal = 0
    for (let j = 0; j < short.length; j++) {
      const above = row[j + 1]
      row[j + 1] = long[i] === short[j] ? diagonal + 1 : Math.max(above, row[j])
      diagonal = above
    }
  }
  return row[short.length]
}

/**
 * ROUGE-L: with L the longest common subsequence of the tokens, P = L/m, R = L/n, F1 = 2PR/(P + R) (Lin 2004, β = 1).
 * An empty side gives 0.
 */
export function rougeL(prediction: string, reference: string, options: { readonly tokenise?: Tokenise } = {}): Overlap {
  const { tokenise = latinWords } = options
  const predicted = tokenise(prediction)
  const referenced = tokenise(reference)
  return overlap(longestCommonSubsequence(predicted, referenced), predicted.length, referenced.length)
}

/**
 * Token F1: shared tokens counted as multisets, order ignored. Two texts without tokens are equal (1); one alone gives
 * 0.
 */
export function tokenF1(
  prediction: string,
  reference: string,
  options: { readonly tokenise?: Tokenise } = {},
): Overlap {
  const { tokenise = unicodeWords } = options
  const predicted = tokenise(prediction)
  const referenced = tokenise(reference)
  if (predicted.length === 0 && referenced.length === 0) return { precision: 1, recall: 1, f1: 1 }
  return overlap(multisetIntersection(predicted, referenced), predicted.length, referenced.length)
}

/** Σₖ min(count in first, count in second). */
export function multisetIntersection(first: ArrayLike<string>, second: ArrayLike<string>): number {
  const counts = new Map<string, number>()
  for (let i = 0; i < first.length; i++) counts.set(first[i], (counts.get(first[i]) ?? 0) + 1)
  let shared = 0
  for (let i = 0; i < second.length; i++) {
    const left = counts.get(second[i]) ?? 0
    if (left > 0) {
      counts.set(second[i], left - 1)
      shared++
    }
  }
  return shared
}

/**
 * Share of n-grams that repeat an earlier one: 1 − distinct / total, in [0, 1). Fewer than n tokens give 0.
 * Tokens are words or token ids.
 */
export function repeatedNgramShare(tokens: ArrayLike<string | number>, n: number): number {
  assertInteger(n, 'n', 1)
  const total = tokens.length - n + 1
  if (total <= 0) return 0
  return 1 - distinctNgrams(tokens, n) / total
}

/** Number of different n-grams, by numbering (n−1)-gram prefixes so that no text is joined. O(n·length). */
export function distinctNgrams(tokens: ArrayLike<string | number>, n: number): number {
  const length = tokens.length - n + 1
  if (length <= 0) return 0
  const words = new Map<string | number, number>()
  const unit = new Int32Array(tokens.length)
  for (let i = 0; i < tokens.length; i++) unit[i] = numberOf(words, tokens[i])
  const prefix = Int32Array.from(unit.subarray(0, length))
  let distinct = n === 1 ? words.size : 0
  for (let k = 1; k < n; k++) {
    const pairs = new Map<number, number>()
    for (let i = 0; i < length; i++) prefix[i] = numberOf(pairs, prefix[i] * words.size + unit[i + k])
    distinct = pairs.size
  }
  return distinct
}

function numberOf<Key>(numbers: Map<Key, number>, key: Key): number {
  const known = numbers.get(key)
  if (known !== undefined) return known
  numbers.set(key, numbers.size)
  return numbers.size - 1
}
