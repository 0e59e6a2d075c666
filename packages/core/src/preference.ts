import type { Message } from './rollout.ts'

/** What was said: one text, or the messages of a conversation. */
export type Conversation = string | readonly Message[]

/** What every preference may carry. */
interface PreferenceFacts {
  readonly id?: string
  /** Fields of the file that say nothing about the preference itself. */
  readonly meta?: Readonly<Record<string, unknown>>
}

/** Two responses of which the first is preferred. */
export interface PairPreference extends PreferenceFacts {
  readonly kind: 'pair'
  /** Absent where only embeddings of the responses are known. */
  readonly prompt?: Conversation | readonly number[]
  /** Text or messages; an embedding where the texts are not known. */
  readonly chosen: Conversation | readonly number[]
  readonly rejected: Conversation | readonly number[]
  /** Neither is better; the order then says nothing. */
  readonly tied?: boolean
  /** Probability in [0, 1] that the first is preferred, for soft labels. */
  readonly label?: number
  /** How much better, in whatever unit the file has. */
  readonly margin?: number
  /** Strength of the preference, 1, 2, …; 0 is a tie. */
  readonly strength?: number
  /** Part of a benchmark. */
  readonly subset?: string
  /** Whose preference it is. */
  readonly user?: string
}

/** Several responses to one prompt, each rated. */
export interface RatedPreference extends PreferenceFacts {
  readonly kind: 'rated'
  readonly prompt: Conversation
  readonly responses: readonly {
    readonly text: string
    /** Overall rating; absent when there is none. */
    readonly score?: number
    /** Ratings by attribute. */
    readonly attributes: Readonly<Record<string, number>>
    readonly meta?: Readonly<Record<string, unknown>>
  }[]
}

/** One response that is good or bad. */
export interface LabelledPreference extends PreferenceFacts {
  readonly kind: 'labelled'
  readonly prompt: Conversation
  readonly response: Conversation
  /** 1 good, 0 bad, between for soft labels. */
  readonly label: number
}

/** A solution in steps. */
export interface StepsPreference extends PreferenceFacts {
  readonly kind: 'steps'
  readonly prompt: Conversation
  readonly steps: readonly string[]
  /** One a step: 1 right, 0 wrong, between for soft labels; null where nobody said. */
  readonly labels: readonly (number | null)[]
}

/** A prompt with correct and incorrect answers. */
export interface ChoicePreference extends PreferenceFacts {
  readonly kind: 'choice'
  readonly prompt: Conversation
  readonly correct: readonly string[]
  readonly incorrect: readonly string[]
  readonly subset?: string
}

/** What somebody prefers, in whatever form they said it; conversations keep their messages. */
export type Preference = PairPreference | RatedPreference | LabelledPreference | StepsPreference | ChoicePreference
