import type { PairPreference } from '@guerdon/core'

/** What is scored: text, or the numbers of an embedding. */
export type Content = string | readonly number[]

/** Two responses of which the first is preferred; without a prompt there are embeddings, and it is empty. */
export interface PairRecord extends Omit<PairPreference, 'prompt' | 'chosen' | 'rejected' | 'meta'> {
  readonly prompt: Content
  readonly chosen: Content
  readonly rejected: Content
}

/** One response with what raters said of it. */
export interface RatedResponse {
  readonly text: string
  /** Overall rating; absent when there is none. */
  readonly score?: number
  readonly attributes: Readonly<Record<string, number>>
}

/** Several rated responses to one prompt. */
export interface RatedRecord {
  readonly kind: 'rated'
  readonly prompt: string
  readonly responses: readonly RatedResponse[]
}

/** One response that is good or bad. */
export interface LabelledRecord {
  readonly kind: 'labelled'
  readonly prompt: string
  readonly response: string
  /** 1 good, 0 bad. */
  readonly label: number
}

/** A solution in steps. */
export interface StepsRecord {
  readonly kind: 'steps'
  readonly prompt: string
  readonly steps: readonly string[]
  /** 1 right, 0 wrong, between for soft labels; null where nobody said. */
  readonly labels: readonly (number | null)[]
}

/** A prompt with correct and incorrect answers. */
export interface ChoiceRecord {
  readonly kind: 'choice'
  readonly id: string
  readonly prompt: string
  readonly correct: readonly string[]
  readonly incorrect: readonly string[]
  readonly subset: string
}

/** A preference as reward models read it: conversations as text. `preferenceRecord` makes it. */
export type PreferenceRecord = PairRecord | RatedRecord | LabelledRecord | StepsRecord | ChoiceRecord
