import { GuerdonError } from '@guerdon/core'
import { chosenCandidate, type OrderedChoice, pluralityVote } from '../../shared/voting.ts'

export type { OrderedChoice } from '../../shared/voting.ts'

/** Which of two candidates is better; null when nobody could say. */
export type PairLabel = 'a' | 'b' | null

/**
 * Label of a pair from several judge models, each asked several times in either order: every choice is mapped back through
 * its order, each model votes with the majority of its samples, then the models vote. A tie or no valid vote is no label;
 * an item without a label is dropped.
 *
 * @param votesByModel [models][samples]
 */
export function aggregateJudgments(votesByModel: readonly (readonly OrderedChoice[])[]): {
  readonly perModel: PairLabel[]
  readonly final: PairLabel
} {
  const perModel = votesByModel.map((votes): PairLabel => pluralityVote(votes.map(chosenCandidate)).winner ?? null)
  return { perModel, final: pluralityVote(perModel).winner ?? null }
}

/** Attributes of a preference item, written before it is labelled. */
export interface PreferenceAttributes {
  readonly category: string
  readonly objective: boolean
  readonly controversial: boolean
  /** What a good answer has, in words. */
  readonly desired: string
  readonly guideline: string
}

/** Order in which people should label: objective and uncontroversial items first, input order within each class. */
export function annotationOrder(items: readonly Pick<PreferenceAttributes, 'objective' | 'controversial'>[]): number[] {
  const rank = (i: number) => (items[i].objective ? 0 : 2) + (items[i].controversial ? 1 : 0)
  return items.map((_, i) => i).sort((a, b) => rank(a) - rank(b) || a - b)
}

/** The verified examples a judge is shown: the most similar ones, at most `limit` (default 8), most similar first. */
export function selectExemplars<T>(ranked: readonly T[], options: { readonly limit?: number } = {}): T[] {
  return ranked.slice(0, options.limit ?? 8)
}

/** Index of the checkpoint with the best accuracy on verified data, the earliest of several. */
export function bestCheckpoint(accuracies: ArrayLike<number>): number {
  if (accuracies.length === 0) {
    throw new GuerdonError('empty', 'expected at least one checkpoint to choose from; got none', {
      path: ['accuracies'],
      hint: 'without verified data the first stage cannot start',
    })
  }
  let best = 0
  for (let i = 1; i < accuracies.length; i++) if (accuracies[i] > accuracies[best]) best = i
  return best
}
