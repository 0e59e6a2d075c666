import { assertInteger, assertSameLength, GuerdonError } from '@guerdon/core'

/** What becomes of one pool pair. */
export interface CurationDecision {
  /** The best model is not confident in the label: ask the guided judge. */
  readonly needsJudge: boolean
  /** Train on it as labelled. */
  readonly keep: boolean
  /** Not kept: a candidate for recycling with chosen and rejected swapped. */
  readonly flip: boolean
}

/**
 * Second stage: keep a pair only when independent signals agree with its label, the verified-data model *and* either the best
 * current model or the guided judge.
 *
 *   keep ⇔ p_gold > ½ ∧ (p_best > ½ ∨ judge agrees)
 *
 * A judge that was not asked or did not answer (null) does not agree; a NaN confidence is no confidence. The two models must
 * be different ones, or their agreement means nothing.
 *
 * Swap what is discarded only when it is mostly wrong: measure it on an audited sample (`labelAccuracy`); in simulation it
 * helps above about 75 % label error, not at 60 %.
 */
export function curatePairs(signals: {
  readonly bestConfidence: ArrayLike<number>
  readonly goldConfidence: ArrayLike<number>
  readonly judgeAgrees: readonly (boolean | null)[]
}): CurationDecision[] {
  const { bestConfidence, goldConfidence, judgeAgrees } = signals
  assertSameLength(bestConfidence, 'bestConfidence', goldConfidence, 'goldConfidence')
  assertSameLength(bestConfidence, 'bestConfidence', judgeAgrees, 'judgeAgrees')
  return judgeAgrees.map((judge, i) => {
    const best = bestConfidence[i] > 0.5
    const keep = goldConfidence[i] > 0.5 && (best || judge === true)
    return { needsJudge: !best, keep, flip: !keep }
  })
}

/** A preference pair. */
export interface PreferencePair {
  /** Conversation before the two candidates. */
  readonly history: readonly string[]
  readonly chosen: string
  readonly rejected: string
}

/** The pair with its label turned around. */
export function flipPair<P extends PreferencePair>(pair: P): P {
  return { ...pair, chosen: pair.rejected, rejected: pair.chosen }
}

/** Indices of pairs that have both responses. */
export function completePairs(
  pairs: readonly { readonly chosen: string | null | undefined; readonly rejected: string | null | undefined }[],
): number[] {
  return pairs.flatMap(({ chosen, rejected }, i) =>
    chosen !== null && chosen !== undefined && rejected !== null && rejected !== undefined ? [i] : [],
  )
}

/**
 * Indices of the first of each exact (history, chosen, rejected). Pairs with the same texts and opposite labels are *not*
 * duplicates; see `contradictions`.
 */
export function dedupePairs(pairs: readonly PreferencePair[]): number[] {
  const seen = new Set<string>()
  return pairs.flatMap(({ history, chosen, rejected }, i) => {
    const key = JSON.stringify([history, chosen, rejected])
    if (seen.has(key)) return []
    seen.add(key)
    return [i]
  })
}

/** Index pairs (first, later) with equal texts and opposite labels: to be shown to somebody, not merged. */
export function contradictions(pairs: readonly PreferencePair[]): [number, number][] {
  const first = new Map<string, number>()
  const found: [number, number][] = []
  pairs.forEach(({ history, chosen, rejected }, i) => {
    const opposite = first.get(JSON.stringify([history, rejected, chosen]))
    if (opposite !== undefined && chosen !== rejected) found.push([opposite, i])
    const key = JSON.stringify([history, chosen, rejected])
    if (!first.has(key)) first.set(key, i)
  })
  return found
}

/**
 * 1 for each document that shares an n-gram of tokens with a benchmark prompt. Run it before anything else. Texts shorter
 * than n share nothing.
 *
 * @param options n, default 13
 */
export function ngramContaminated(
  documents: readonly (readonly string[])[],
  benchmarks: readonly (readonly string[])[],
  options: { readonly n?: number } = {},
): boolean[] {
  const { n = 13 } = options
  assertInteger(n, 'n', 1)
  const grams = (tokens: readonly string[]) =>
    Array.from({ length: Math.max(0, tokens.length - n + 1) }, (_, i) => JSON.stringify(tokens.slice(i, i + n)))
  const known = new Set(benchmarks.flatMap(grams))
  return documents.map(tokens => grams(tokens).some(gram => known.has(gram)))
}

/** Share of labels that equal the verified ones. Throws `empty` for none. */
export function labelAccuracy(gold: readonly (string | null)[], labels: readonly (string | null)[]): number {
  assertSameLength(gold, 'gold', labels, 'labels')
  if (gold.length === 0) throw new GuerdonError('empty', 'expected at least one label; got none', { path: ['labels'] })
  return gold.filter((label, i) => label === labels[i]).length / gold.length
}
