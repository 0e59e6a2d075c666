import { assertFinite, assertSameLength } from '@guerdon/core'

/**
 * The hardest-to-miss pairs of a scored pool: for each prompt only the pair with the largest difference of scores, the first of
 * several. This is how the recipe turns a large synthetic set into its "hard" part.
 *
 * @param prompts [N] id of the prompt of each pair
 * @param chosenScores [N] scores the pairs were made by (not those of the model to be trained)
 * @param rejectedScores [N]
 * @returns indices of the kept pairs, ascending
 */
export function largestGapPairs(
  prompts: ArrayLike<string | number>,
  chosenScores: ArrayLike<number>,
  rejectedScores: ArrayLike<number>,
): number[] {
  assertSameLength(prompts, 'prompts', chosenScores, 'chosenScores')
  assertSameLength(prompts, 'prompts', rejectedScores, 'rejectedScores')
  assertFinite(chosenScores, 'chosenScores')
  assertFinite(rejectedScores, 'rejectedScores')
  const gap = (i: number) => chosenScores[i] - rejectedScores[i]
  const best = new Map<string | number, number>()
  for (let i = 0; i < prompts.length; i++) {
    const held = best.get(prompts[i])
    if (held === undefined || gap(i) > gap(held)) best.set(prompts[i], i)
  }
  return [...best.values()].toSorted((a, b) => a - b)
}

/** Accuracy of a reward model with and without one of its training sets. */
export interface DataSetGain {
  readonly name: string
  /** Accuracy of the model trained on everything. */
  readonly withSet: number
  /** Accuracy of the model trained on everything else. */
  readonly withoutSet: number
}

/** Names of the sets worth keeping: those whose gain is above `minimum` (default 0), in the order given. */
export function usefulDataSets(gains: readonly DataSetGain[], options: { readonly minimum?: number } = {}): string[] {
  const { minimum = 0 } = options
  return gains.filter(({ withSet, withoutSet }) => withSet - withoutSet > minimum).map(({ name }) => name)
}
