import { assertFinite, assertInRange, assertInteger } from '@guerdon/core'

/** What individuals are selected by. */
export type Criterion = 'novelty' | 'surprise'

/**
 * Which criterion a generation of TAXONS uses: novelty during the warm-up, later a coin, novelty for a draw ≤ ½. One draw a
 * generation, never one an individual.
 *
 * Paolo et al., arXiv 1909.05508. The later library (`sparseSearch`) has no warm-up: `warmup: 0`.
 *
 * @param draw uniform in [0, 1)
 * @param options.warmup generations on novelty alone, default 30
 */
export function taxonsCriterion(step: number, draw: number, options: { readonly warmup?: number } = {}): Criterion {
  const { warmup = 30 } = options
  assertInteger(step, 'step')
  assertInRange(draw, 'draw', 0, 1)
  return step < warmup || draw <= 0.5 ? 'novelty' : 'surprise'
}

/** What one generation of TAXONS does to its population. */
export interface TaxonsReplacement {
  /** The best, falling. */
  readonly best: Int32Array
  /** The worst, falling: they make room. */
  readonly worst: Int32Array
  /** Those of the best that enter the archive now. */
  readonly archived: Int32Array
  /** [n] whose copy stands in each place afterwards. */
  readonly sources: Int32Array
}

/**
 * Copies of the best replace the worst, and the best enter the archive unless they are in it. In a small population one
 * individual can be among both; copies are taken before anything is replaced. Equal scores keep their order.
 *
 * @param scores [n] by the criterion of the generation
 * @param isArchived [n] whether the individual (by name) was stored before
 * @param options.selected how many, default 5, at most n
 */
export function taxonsReplacement(
  scores: ArrayLike<number>,
  isArchived: ArrayLike<boolean>,
  options: { readonly selected?: number } = {},
): TaxonsReplacement {
  const { selected = 5 } = options
  assertInteger(selected, 'selected', 1)
  assertFinite(scores, 'scores')
  const order = Int32Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b)
  const best = order.slice(0, selected)
  const worst = order.slice(Math.max(order.length - selected, 0))
  const sources = Int32Array.from({ length: scores.length }, (_, i) => i)
  worst.forEach((place, k) => {
    sources[place] = best[k]
  })
  return { best, worst, archived: best.filter(i => !isArchived[i]), sources }
}

/**
 * Indices of the best of parents and offspring, falling; parents come first in the numbering. Equal scores keep their order,
 * where the released code reverses it.
 *
 * @param options.count survivors, default as many as parents
 */
export function elitistSurvivors(
  parentScores: ArrayLike<number>,
  offspringScores: ArrayLike<number>,
  options: { readonly count?: number } = {},
): Int32Array {
  const scores = [...Array.from(parentScores), ...Array.from(offspringScores)]
  assertFinite(scores, 'scores')
  const order = Int32Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b)
  return order.slice(0, options.count ?? parentScores.length)
}
