import type { Random } from '@guerdon/core'
import type { Vocabulary } from './vocabulary.ts'

/** What an action led to. */
export interface TextStep<State> {
  readonly state: State
  /** The world's own, verifiable reward of this turn. */
  readonly reward: number
  /** The episode ended by its own rule. Ending for want of turns is `truncated`. */
  readonly terminated: boolean
  readonly truncated: boolean
  /** Whether the task was solved, once that is known. Never inferred from a reward. */
  readonly correct?: boolean
  /** Parts a reward function may use, by name: was the call well formed, did the step check, was the evidence seen … */
  readonly facts: Readonly<Record<string, number | boolean | string>>
}

/**
 * A multi-turn world for language policies over a small vocabulary. Tasks and states are plain JSON and never change, and
 * `step` is a pure function: a state can be stepped any number of times, so branching an episode, comparing actions and
 * computing true values need no copying and no undoing. A world of one turn is a special case.
 *
 * A policy reads `observe(state)` and answers with an action: token ids that end with `specialTokens.end`, or are cut at
 * `maximumActionLength`.
 */
export interface TextWorld<Task extends { readonly id: string } = { readonly id: string }, State = unknown> {
  readonly name: string
  /** One sentence for people. */
  readonly about: string
  readonly vocabulary: Vocabulary
  /** Difficulty levels, numbered 0 … levels − 1. */
  readonly levels: number
  /** Turns after which an episode is truncated. */
  readonly maximumTurns: number
  /** Tokens of the longest action, its end token included. */
  readonly maximumActionLength: number
  /** Tokens of the longest observation of a turn. */
  readonly maximumObservationLength: number
  /** Draws a task of this level; equal tasks have equal ids. Throws `invalid_option` for a level outside. */
  task(level: number, random: Random): Task
  start(task: Task): State
  /** What the policy reads before its next action: the task in the first turn, what came of the last action later. */
  observe(state: State): Int32Array
  /** @throws state for a step after the end, invalid_input for token ids outside the vocabulary */
  step(state: State, action: ArrayLike<number>): TextStep<State>
  /** What an expert would do next, ending with the end token: demonstrations, and the optimal policy of exact answers. */
  expert(state: State, random: Random): Int32Array
  /** Actions worth telling apart in this state, each ending with the end token, where they are few. */
  actions?(state: State): readonly Int32Array[]
  /**
   * The action that answers the task right, ending with the end token, in worlds whose tasks have one right answer. What
   * a policy thinks of it at some turn is its belief: methods that reward a gain of belief score these tokens.
   */
  goldAnswer?(task: Task): Int32Array
  /** The state in words, for people. */
  text(state: State): string
  /** The state as a picture: an SVG document. */
  svg(state: State): string
}
