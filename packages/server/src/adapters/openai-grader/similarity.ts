import {
  latinWords,
  longestCommonSubsequence,
  multisetIntersection,
  rougeL,
  whitespaceWords,
} from '@guerdon/methods/shared/text-overlap'
import type { LocalMetric } from './schema.ts'

/**
 * How alike two texts are, in [0, 1]:
 *
 * - `fuzzy_match` 2·L / (|a| + |b|), L the longest common subsequence of characters (the plain ratio of RapidFuzz);
 * - `bleu` the geometric mean of the 1- to 4-gram precisions times min(1, e^(1 − n/m)), m and n the words of input and
 *   reference; 0 when a precision is 0 (no smoothing);
 * - `gleu` matches of 1- to 4-grams over the larger of the two counts, min(precision, recall);
 * - `rouge_N` and `rouge_l` F1 of N-grams and of the longest common subsequence of words.
 *
 * BLEU and GLEU cut words at white space; ROUGE takes lower-cased runs of a–z and 0–9. Two empty texts are alike (1) for
 * `fuzzy_match`, and 0 otherwise. The service does not publish the settings of its libraries, so its own numbers may
 * differ in the tokens.
 */
export function similarity(metric: LocalMetric, input: string, reference: string): number {
  if (metric === 'fuzzy_match') return fuzzy([...input], [...reference])
  if (metric === 'rouge_l') return rougeL(input, reference).f1
  if (metric === 'bleu') return bleu(whitespaceWords(input), whitespaceWords(reference))
  if (metric === 'gleu') return gleu(whitespaceWords(input), whitespaceWords(reference))
  return rougeN(latinWords(input), latinWords(reference), Number(metric.slice('rouge_'.length)))
}

function fuzzy(a: readonly string[], b: readonly string[]): number {
  const total = a.length + b.length
  return total === 0 ? 1 : (2 * longestCommonSubsequence(a, b)) / total
}

function bleu(input: readonly string[], reference: readonly string[]): number {
  let logs = 0
  for (let n = 1; n <= 4; n++) {
    const grams = ngrams(input, n)
    const shared = multisetIntersection(grams, ngrams(reference, n))
    if (shared === 0) return 0
    logs += Math.log(shared / grams.length) / 4
  }
  return Math.exp(logs + Math.min(0, 1 - reference.length / input.length))
}

function gleu(input: readonly string[], reference: readonly string[]): number {
  const all = (words: readonly string[]) => [1, 2, 3, 4].flatMap(n => ngrams(words, n))
  const [a, b] = [all(input), all(reference)]
  const larger = Math.max(a.length, b.length)
  return larger === 0 ? 0 : multisetIntersection(a, b) / larger
}

function rougeN(input: readonly string[], reference: readonly string[], n: number): number {
  const [a, b] = [ngrams(input, n), ngrams(reference, n)]
  return a.length + b.length === 0 ? 0 : (2 * multisetIntersection(a, b)) / (a.length + b.length)
}

/** Runs of `n` words, each with its number of characters in front so that no two runs look the same. */
function ngrams(words: readonly string[], n: number): string[] {
  const marked = words.map(word => `${word.length}:${word}`)
  return Array.from({ length: Math.max(0, words.length - n + 1) }, (_, i) => marked.slice(i, i + n).join(' '))
}
