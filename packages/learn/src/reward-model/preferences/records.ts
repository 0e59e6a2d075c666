/** What is scored: text, or the numbers of an embedding. */
export type Content = string | readonly number[]

/** Two responses of which the first is preferred. */
export interface PairRecord {
  readonly kind: 'pair'
  readonly prompt: Content
  readonly chosen: Content
  readonly rejected: Content
  /** Neither is better; the order then says nothing. */
  readonly tied?: boolean
  /** Probability that the first is preferred, for soft labels. */
  readonly label?: number
  /** How much better, in whatever unit the file has: a stated margin, or the difference of two ratings. */
  readonly margin?: number
  /** Strength of the preference, 1, 2, … */
  readonly strength?: number
  /** Part of a benchmark. */
  readonly subset?: string
  /** Whose preference it is. */
  readonly user?: string
  readonly id?: string
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
