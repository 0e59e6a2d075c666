import { GuerdonError } from '@guerdon/core'
import type { PreferenceRecord } from '@guerdon/learn'

/** The kinds of reward model that can be trained from a file, and what each learns from. */
export const kinds = {
  bt: 'Bradley–Terry scores, from pairs',
  ties: 'the same with ties as an outcome (Rao–Kupper), from pairs of which some are tied',
  ordinal: 'scores whose difference explains the strength of preference, from pairs with strength',
  regression: 'scores near ratings, or the probability of a good label, from ratings or labels',
  attributes: 'one head an attribute, from rated attributes',
  process: 'the probability that each step is right, from step labels',
  users: 'scores for users who disagree, from pairs with a user',
  goal: 'scores, and for every prefix how near it is to a goal, from pairs',
  generative: 'the probability that a language model says yes, from pairs',
  contrastive: 'how much a candidate is like a reference, from three or more rated responses',
} as const

/** Name of a kind. */
export type Kind = keyof typeof kinds

/** Every name of a kind, as the command line takes it. */
export const kindNames = Object.keys(kinds) as Kind[]

/** The kind that suits records when none is named. */
export function usualKind(records: readonly PreferenceRecord[]): Kind {
  const [first] = records
  if (first.kind === 'steps') return 'process'
  return first.kind === 'labelled' ? 'regression' : 'bt'
}

/** An error that says what a kind learns from. */
export function nothingToLearn(kind: Kind, what: string): GuerdonError {
  return new GuerdonError('invalid_input', `expected ${what} to train a model of kind ${kind}; got none`, {
    hint: `${kind}: ${kinds[kind]}`,
  })
}
