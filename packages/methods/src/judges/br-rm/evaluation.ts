import { assertInteger, GuerdonError } from '@guerdon/core'

/** One judged pair of RM-Bench. Styles: 0 concise, 1 detailed, 2 detailed with Markdown. */
export interface StyledJudgement {
  readonly chosenStyle: number
  readonly rejectedStyle: number
  readonly chosenShownFirst: boolean
  /** 1 or 2; null when there was no verdict. */
  readonly verdict: number | null
}

/** Accuracies in [0, 1]. */
export interface StyledAccuracy {
  /** [3][3] row = style of the chosen response, column = style of the rejected one; 0 where there is no pair. */
  readonly matrix: number[][]
  /** Mean of the three cells below the diagonal: the chosen response is the more elaborate one. */
  readonly easy: number
  readonly normal: number
  /** Mean of the three cells above the diagonal. */
  readonly hard: number
  readonly total: number
}

/**
 * RM-Bench accuracy by style. A missing verdict is wrong; with `draws` (the released coin flip) it takes the next draw:
 * below 0.5 is verdict 1.
 *
 * @param options.draws numbers in [0, 1), one for each missing verdict, in order
 */
export function styledAccuracy(
  judgements: readonly StyledJudgement[],
  options: { readonly draws?: readonly number[] } = {},
): StyledAccuracy {
  const right = [0, 1, 2].map(() => [0, 0, 0])
  const counts = [0, 1, 2].map(() => [0, 0, 0])
  let drawn = 0
  judgements.forEach(({ chosenStyle, rejectedStyle, chosenShownFirst, verdict }, i) => {
    for (const style of [chosenStyle, rejectedStyle]) {
      assertInteger(style, `judgements[${i}] style`)
      if (style > 2)
        throw new GuerdonError('invalid_input', `expected styles 0, 1 or 2; got ${style}`, { path: ['judgements', i] })
    }
    const given = verdict ?? (options.draws === undefined ? null : options.draws[drawn++] < 0.5 ? 1 : 2)
    counts[chosenStyle][rejectedStyle]++
    if (given === (chosenShownFirst ? 1 : 2)) right[chosenStyle][rejectedStyle]++
  })
  const matrix = right.map((row, i) => row.map((value, j) => (counts[i][j] === 0 ? 0 : value / counts[i][j])))
  const meanOf = (...cells: [number, number][]): number =>
    cells.reduce((sum, [i, j]) => sum + matrix[i][j], 0) / cells.length
  return {
    matrix,
    easy: meanOf([1, 0], [2, 0], [2, 1]),
    normal: meanOf([0, 0], [1, 1], [2, 2]),
    hard: meanOf([0, 1], [0, 2], [1, 2]),
    total: matrix.flat().reduce((sum, value) => sum + value, 0) / 9,
  }
}

/**
 * RewardBench and RMB accuracy: a sample counts only when all its pairs are right; the overall figure is the mean of
 * the domains' accuracies.
 *
 * @returns null for no samples
 */
export function allPairsAccuracy(samples: readonly { readonly domain: string; readonly pairs: readonly boolean[] }[]): {
  readonly byDomain: Readonly<Record<string, number>>
  readonly overall: number | null
} {
  const totals = new Map<string, { count: number; right: number }>()
  for (const { domain, pairs } of samples) {
    const total = totals.get(domain) ?? { count: 0, right: 0 }
    totals.set(domain, { count: total.count + 1, right: total.right + (pairs.every(Boolean) ? 1 : 0) })
  }
  const byDomain = Object.fromEntries([...totals].map(([domain, { count, right }]) => [domain, right / count]))
  const values = Object.values(byDomain)
  return {
    byDomain,
    overall: values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length,
  }
}

/** One comparison in both presentation orders. A verdict is 1 (the response shown first), 2, or null. */
export interface OrderedComparison {
  /** Verdict when the response was shown first. */
  readonly shownFirst: number | null
  /** Verdict when the response was shown second. */
  readonly shownSecond: number | null
}

/** A response's score from its comparisons. */
export interface WinRate {
  /** (wins + ½·disagreements)/comparisons in [0, 1]; null without a complete comparison. */
  readonly score: number | null
  readonly comparisons: number
  /** Share of comparisons whose two orders disagree, in [0, 1]; null without one: the position bias to log. */
  readonly disagreement: number | null
}

/**
 * Scalar reward from pairwise verdicts: compare a response with m references (or round-robin in its group) in both
 * orders. Orders that disagree are a tie. Comparisons without both verdicts drop out. Cache verdicts by prompt and
 * unordered pair.
 */
export function winRate(comparisons: readonly OrderedComparison[]): WinRate {
  let wins = 0
  let ties = 0
  let complete = 0
  for (const { shownFirst, shownSecond } of comparisons) {
    if ((shownFirst !== 1 && shownFirst !== 2) || (shownSecond !== 1 && shownSecond !== 2)) continue
    complete++
    const winsFirst = shownFirst === 1
    const winsSecond = shownSecond === 2
    if (winsFirst && winsSecond) wins++
    else if (winsFirst !== winsSecond) ties++
  }
  if (complete === 0) return { score: null, comparisons: 0, disagreement: null }
  return { score: (wins + ties / 2) / complete, comparisons: complete, disagreement: ties / complete }
}
