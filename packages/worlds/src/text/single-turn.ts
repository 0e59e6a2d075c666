import type { Random } from '@guerdon/core'
import { type CardRow, card } from './card.ts'
import type { TextWorld } from './text-world.ts'
import { type ActionWords, assertLevel, assertRunning, readAction, writeAction } from './turns.ts'
import type { Vocabulary } from './vocabulary.ts'

/** State of a world of one turn: the task, and the answer once it is given. */
export interface AnsweredState<Task> {
  readonly task: Task
  readonly answer: readonly number[] | null
}

/** What an answer is worth. */
export interface Judgement {
  readonly reward: number
  readonly correct: boolean
  readonly facts: Readonly<Record<string, number | boolean | string>>
}

/** A world of one turn, by its own parts. */
export interface SingleTurnParts<Task> {
  readonly name: string
  readonly about: string
  readonly vocabulary: Vocabulary
  readonly levels: number
  readonly maximumActionLength: number
  readonly maximumObservationLength: number
  task(level: number, random: Random): Task
  /** What the policy reads, in words of the vocabulary. */
  prompt(task: Task): string
  /** Values an answer given as words and as token ids, which lie in the vocabulary. */
  judge(task: Task, words: ActionWords, answer: ArrayLike<number>): Judgement
  /** The expert's answer in words of the vocabulary. */
  expert(task: Task, random: Random): string
  /** The one right answer, where there is one. */
  gold?(task: Task): string
  /** The task as a person would put it. */
  question(task: Task): string
  /** The state as a picture. Default a card of task and answer. */
  svg?(state: AnsweredState<Task>): string
}

/** A text world whose episodes are one question and one answer. `observe` is empty after the answer. */
export function singleTurnWorld<Task extends { readonly id: string }>(
  parts: SingleTurnParts<Task>,
): TextWorld<Task, AnsweredState<Task>> {
  const { name, vocabulary, gold } = parts
  const rows = ({ task, answer }: AnsweredState<Task>): CardRow[] => {
    if (answer === null) return [{ label: 'task', text: parts.question(task) }]
    const { reward, correct } = parts.judge(task, readAction(vocabulary, answer), answer)
    return [
      { label: 'task', text: parts.question(task) },
      { label: 'answer', text: vocabulary.decode(answer), tone: 'agent' },
      { label: 'reward', text: String(Math.round(reward * 1000) / 1000), tone: correct ? 'good' : 'bad' },
    ]
  }
  return {
    name,
    about: parts.about,
    vocabulary,
    levels: parts.levels,
    maximumTurns: 1,
    maximumActionLength: parts.maximumActionLength,
    maximumObservationLength: parts.maximumObservationLength,
    task(level, random) {
      assertLevel(level, parts.levels)
      return parts.task(level, random)
    },
    start: task => ({ task, answer: null }),
    observe: state => (state.answer === null ? vocabulary.encode(parts.prompt(state.task)) : new Int32Array(0)),
    step(state, action) {
      assertRunning(state.answer !== null, name)
      const { reward, correct, facts } = parts.judge(state.task, readAction(vocabulary, action), action)
      const next = { task: state.task, answer: Array.from(action) }
      return { state: next, reward, terminated: true, truncated: false, correct, facts }
    },
    expert: (state, random) => writeAction(vocabulary, parts.expert(state.task, random)),
    ...(gold && { goldAnswer: (task: Task) => writeAction(vocabulary, gold(task)) }),
    text: state =>
      rows(state)
        .map(row => `${row.label}: ${row.text}`)
        .join('\n'),
    svg: state => parts.svg?.(state) ?? card(name, rows(state)),
  }
}
