import { assertInteger, assertSameLength } from '@guerdon/core'

/** Where the segments of a text begin and end, as ascending offsets from 0 to the text's length. */
export interface SegmentBoundaries {
  /** Segment j of the sub-sentences is [subSentences[j], subSentences[j+1]). */
  readonly subSentences: readonly number[]
  /** Sentence j is [sentences[j], sentences[j+1]). */
  readonly sentences: readonly number[]
}

/** Options of `segmentBoundaries`. */
export interface SegmentOptions {
  /** Words a sub-sentence needs. Default 5. */
  readonly minWords?: number
  /**
   * What offsets count: UTF-16 units (default; positions in a JavaScript string) or code points (positions in a Python
   * string).
   */
  readonly unit?: 'utf16' | 'codePoints'
}

/**
 * Sub-sentence and sentence boundaries of a text given as consecutive sentence slices (white space belongs to the slice
 * it stands in). A sub-sentence starts after a word that ends in `,` `;` `!` or `?` when more than `minWords` words
 * follow from there; one that would be too short is merged into its predecessor. Blank sentences have no boundary. No
 * sentence: the boundaries are [0].
 *
 * Source: Fine-Grained RLHF, arXiv 2306.01693, released splitter; also used by `fgaif`.
 */
export function segmentBoundaries(sentences: readonly string[], options: SegmentOptions = {}): SegmentBoundaries {
  const { minWords = 5, unit = 'utf16' } = options
  assertInteger(minWords, 'minWords', 1)
  const lengthOf = (text: string): number => (unit === 'utf16' ? text.length : [...text].length)
  const starts: number[] = []
  const ends = [0]
  let offset = 0
  for (const sentence of sentences) {
    const words = [...sentence.matchAll(/\S+/g)]
    const isStart = subSentenceStarts(
      words.map(([word]) => word),
      minWords,
    )
    words.forEach((word, i) => {
      if (isStart[i]) starts.push(offset + lengthOf(sentence.slice(0, word.index)))
    })
    offset += lengthOf(sentence)
    if (words.length > 0) ends.push(offset)
  }
  return { subSentences: offset === 0 ? [0] : [...starts, offset], sentences: ends }
}

function subSentenceStarts(words: readonly string[], minWords: number): boolean[] {
  const isStart = words.map((_, i) => i === 0)
  let previousStart = 0
  for (let i = 1; i < words.length; i++) {
    if (!/[,;!?]$/.test(words[i - 1]) || i + minWords >= words.length) continue
    const tooShort = i - previousStart < minWords
    if (tooShort && previousStart === 0) continue
    // the short piece before joins its predecessor; the sentence's own start is never taken back
    if (tooShort) isStart[previousStart] = false
    isStart[i] = true
    previousStart = i
  }
  return isStart
}

/**
 * Sentence slices of a text by punctuation: cut after `.`, `!` or `?` before white space. A plain stand-in for a
 * trained splitter.
 */
export function sentenceSlices(text: string): string[] {
  return text.match(/[\s\S]*?[.!?](?=\s)|[\s\S]+$/g) ?? []
}

/**
 * Token at which each segment ends: min(tokens of the text up to the segment's end − 1, length − 1). Retokenised
 * prefixes need not be prefixes of the tokens; prefer `endTokensFromOffsets` where the tokeniser gives offsets.
 *
 * @param prefixTokens [S] number of tokens of text[0 : end of segment]
 * @param length tokens generated
 */
export function endTokens(prefixTokens: ArrayLike<number>, length: number): Int32Array {
  assertInteger(length, 'length', 1)
  return Int32Array.from(prefixTokens, count => Math.max(0, Math.min(count - 1, length - 1)))
}

/**
 * The last token that begins before each segment's end. @param ends [S] offsets @param tokenStarts [L] offset at which
 * each token begins, ascending
 */
export function endTokensFromOffsets(ends: ArrayLike<number>, tokenStarts: ArrayLike<number>): Int32Array {
  assertInteger(tokenStarts.length, 'number of tokens', 1)
  return Int32Array.from(ends, end => {
    let token = 0
    while (token + 1 < tokenStarts.length && tokenStarts[token + 1] < end) token++
    return token
  })
}

/** An annotated error: a half-open range of the text and its category. */
export interface ErrorSpan {
  readonly start: number
  readonly end: number
  readonly category: 'relevance' | 'factuality'
}

/** Label of a segment for one head. */
export type SegmentLabel = 'ok' | 'error' | 'ignore'

/**
 * Training labels of the segments of one head. A segment is an error when any of its characters lies in an error span
 * of the head's category. Annotators mark one error a span, so a sentence with a relevance error and no factuality
 * error says nothing about factuality: ignored. Relevance spans shorter than `minWords` words are dropped.
 *
 * @param boundaries [S+1] of the head's segments
 * @param text the annotated text, for counting the words of spans
 */
export function segmentLabels(
  boundaries: readonly number[],
  spans: readonly ErrorSpan[],
  text: string,
  options: { readonly head: 'relevance' | 'factuality'; readonly minWords?: number },
): SegmentLabel[] {
  const { head, minWords = 5 } = options
  const kept = spans.filter(
    span => span.category === 'factuality' || (text.slice(span.start, span.end).match(/\S+/g)?.length ?? 0) >= minWords,
  )
  const touches = (start: number, end: number, category: ErrorSpan['category']): boolean =>
    kept.some(span => span.category === category && span.start < end && span.end > start)
  return boundaries.slice(1).map((end, j): SegmentLabel => {
    const start = boundaries[j]
    if (touches(start, end, head)) return 'error'
    return head === 'factuality' && touches(start, end, 'relevance') ? 'ignore' : 'ok'
  })
}

/**
 * Decisions of a token-classification head at its separators: error unless the logit of `ok` is larger than that of
 * `error`; all other classes are left out. A segment with a NaN logit has no decision (undefined): it earns 0 and is to
 * be counted.
 *
 * @param logits [S][C]
 * @param options ids of the classes: [1, 2] for relevance {Ignore, NF-ERR, O}, [0, 2] for factuality {F-ERR, Ignore, O}
 */
export function headDecisions(
  logits: readonly ArrayLike<number>[],
  options: { readonly errorId: number; readonly okId: number },
): (boolean | undefined)[] {
  return logits.map(row => {
    const [error, ok] = [row[options.errorId], row[options.okId]]
    return Number.isFinite(error) && Number.isFinite(ok) ? ok > error : undefined
  })
}

/** Which of several outputs covers more of the relevant information. */
export interface CoveragePreferences {
  /** True when nothing is relevant: the example is dropped. */
  readonly skipped: boolean
  /** [N] share of relevant ids covered, in [0, 1]. */
  readonly coverage: readonly number[]
  /** Pairs (1,2), (1,3) … (N−1,N): 1 or 2 for the output that covers more, 0 for a tie. */
  readonly preferences: readonly (0 | 1 | 2)[]
}

/**
 * Preference data of the completeness head: coverage = |covered ∩ relevant| / |relevant|, compared pair by pair. Drop
 * the ties.
 */
export function coveragePreferences(
  coveredIds: readonly (readonly string[])[],
  relevantIds: readonly string[],
): CoveragePreferences {
  const relevant = new Set(relevantIds)
  if (relevant.size === 0) return { skipped: true, coverage: [], preferences: [] }
  const coverage = coveredIds.map(ids => [...new Set(ids)].filter(id => relevant.has(id)).length / relevant.size)
  const preferences = coverage.flatMap((first, i) =>
    coverage.slice(i + 1).map((second): 0 | 1 | 2 => (first === second ? 0 : first > second ? 1 : 2)),
  )
  return { skipped: false, coverage, preferences }
}

/**
 * Share of good segments over a set of responses, weighted by their number of segments; null without segments, never 0.
 *
 * @param decisions [R][S_r]
 */
export function segmentRatio(decisions: readonly (readonly (boolean | undefined)[])[]): number | null {
  const decided = decisions.flat().filter(decision => decision !== undefined)
  return decided.length === 0 ? null : decided.filter(Boolean).length / decided.length
}

/** Throws `shape_mismatch` unless every segment has a decision and an end. */
export function assertSegments(ends: ArrayLike<number>, decisions: ArrayLike<unknown>, name: string): void {
  assertSameLength(ends, `${name} segment ends`, decisions, `${name} decisions`)
}
