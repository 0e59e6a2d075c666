import { assertInteger } from '@guerdon/core'
import { alternatives } from './arithmetic/alternatives.ts'
import {
  drawExpression,
  type Expression,
  type ExpressionShape,
  expressionValue,
  expressionWords,
  operationCount,
} from './arithmetic/expression.ts'
import { type ArithmeticStep, doWork, remaining, type Work } from './arithmetic/steps.ts'
import { chain, nextPart } from './arithmetic/writers.ts'
import { card } from './card.ts'
import type { TextWorld } from './text-world.ts'
import { assertLevel, assertRunning, digits, numberWords, readAction, writeAction } from './turns.ts'
import { vocabularyOf } from './vocabulary.ts'

export type { Expression, Operation, Operator } from './arithmetic/expression.ts'
export type { ArithmeticStep, Work } from './arithmetic/steps.ts'
export { type ChainOptions, chain } from './arithmetic/writers.ts'

const levels: readonly ExpressionShape[] = [
  { operators: ['+', '-'], operations: 2, largest: 9, largestGiven: 9, form: 'chain' },
  { operators: ['+', '-'], operations: 3, largest: 20, largestGiven: 9, form: 'chain' },
  { operators: ['+', '-', '*'], operations: 4, largest: 50, largestGiven: 9, form: 'tree' },
  { operators: ['+', '-', '*'], operations: 5, largest: 99, largestGiven: 20, form: 'tree' },
  { operators: ['+', '-', '*'], operations: 7, largest: 999, largestGiven: 99, form: 'tree' },
]

/** Compute this. */
export interface ArithmeticTask {
  /** The expression in words. */
  readonly id: string
  readonly level: number
  readonly expression: Expression
}

/** Where an episode stands. */
export interface ArithmeticState {
  readonly task: ArithmeticTask
  readonly work: Work
  /** The number answered, once it has been. */
  readonly answer: number | null
  /** Whether the last turn left the expression as it was. */
  readonly unchanged: boolean
  readonly turn: number
  readonly over: boolean
}

/** A world of arithmetic whose reasoning can be read part by part. */
export interface ArithmeticWorld extends TextWorld<ArithmeticTask, ArithmeticState> {
  goldAnswer(task: ArithmeticTask): Int32Array
  actions(state: ArithmeticState): readonly Int32Array[]
  /** The parts of an action taken in this state, each with its place and whether it is right. */
  steps(state: ArithmeticState, action: ArrayLike<number>): readonly ArithmeticStep[]
}

/** Options of `arithmeticWorld`. */
export interface ArithmeticOptions {
  /** `single`: all steps and the answer in one action, `3 + 4 = 7 ; answer 7`. `multi`: one part a turn. Default single. */
  readonly turns?: 'single' | 'multi'
  /** How many of the five levels there are, easiest first; fewer have shorter turns. Default 5. */
  readonly levels?: number
}

const vocabulary = vocabularyOf([...digits, '+', '-', '*', '=', '(', ')', ';', 'answer', 'wait', '?', 'unchanged'])

/**
 * Arithmetic in several steps, each of which can be checked. The outcome is the answer alone; the facts say whether the
 * steps led to it. They can disagree: a bare guess may be right, two slips may cancel, a slip may meet a factor 0, and a
 * sound beginning may end in the wrong answer. In the world of several turns the observation is what is left to compute,
 * with the policy's own numbers put in, right or wrong. `wait` takes the last planned step back.
 *
 * Reward: 1 for the right answer, 0 else. Facts of a turn: `wellFormed`; `steps`, and of them `validSteps` (arithmetic
 * right) and `plannedSteps` (moved the work on); `waits`; `firstInvalid` (number of the first wrong step, −1 for none);
 * `progress` (share of the operations done); `answered`; `derived` (the answer is the number worked out); `sound`
 * (derived, and no step that was kept is wrong: then it is correct).
 */
export function arithmeticWorld(options: ArithmeticOptions = {}): ArithmeticWorld {
  const { turns = 'single', levels: offered = levels.length } = options
  assertInteger(offered, 'levels', 1)
  assertLevel(offered - 1, levels.length)
  const shapes = levels.slice(0, offered)
  const single = turns === 'single'
  const operations = Math.max(...shapes.map(shape => shape.operations))
  // A slip may give a number of one digit more.
  const width = 1 + Math.max(...shapes.map(shape => String(shape.largest).length))
  const partLength = 3 * width + 3
  const name = single ? 'arithmetic' : 'arithmetic-turns'
  const maximumTurns = single ? 1 : 2 * operations + 2

  const world: ArithmeticWorld = {
    name,
    about: single
      ? 'Compute an expression in one answer, step by step.'
      : 'Compute an expression, one step a turn; the rest of it is shown after each.',
    vocabulary,
    levels: offered,
    maximumTurns,
    // Room for a slip taken back at every second operation.
    maximumActionLength: single ? Math.ceil(1.5 * operations) * (partLength + 1) + width + 2 : partLength + 1,
    // Claimed numbers have up to four digits.
    maximumObservationLength: 4 * (operations + 1) + operations + 2 * (operations - 1) + 2,

    task(level, random) {
      assertLevel(level, offered)
      const expression = drawExpression(shapes[level], random)
      return { id: expressionWords(expression).replaceAll(/(?<=\d) (?=\d)/g, ''), level, expression }
    },

    start: task => ({
      task,
      work: [{ expression: task.expression, valid: true }],
      answer: null,
      unchanged: false,
      turn: 0,
      over: false,
    }),

    observe(state) {
      const shown = `${expressionWords(remaining(state.work))} ?`
      return vocabulary.encode(state.unchanged ? `unchanged ${shown}` : shown)
    },

    step(state, action) {
      assertRunning(state.over, name)
      const { words, complete } = readAction(vocabulary, action)
      // In the world of several turns an action with several parts is malformed as a whole.
      const several = !single && words.includes(';')
      const { work, steps, answer } = several
        ? { work: state.work, steps: malformedWhole(words.length), answer: undefined }
        : doWork(state.work, words, complete)
      const turn = state.turn + 1
      const terminated = single || answer !== undefined
      const truncated = !terminated && turn >= maximumTurns
      const over = terminated || truncated
      const correct = answer === expressionValue(state.task.expression)
      return {
        state: { task: state.task, work, answer: answer ?? null, unchanged: work === state.work, turn, over },
        reward: correct ? 1 : 0,
        terminated,
        truncated,
        ...(over && { correct }),
        facts: factsOf(state.task, work, steps, answer),
      }
    },

    expert(state) {
      if (single) return writeAction(vocabulary, chain(state.task.expression))
      return writeAction(vocabulary, nextPart(state.work, { lastTurn: state.turn === maximumTurns - 1 }))
    },

    actions: state =>
      state.over ? [] : alternatives(state.work, turns).map(action => writeAction(vocabulary, action)),

    goldAnswer: task => writeAction(vocabulary, `answer ${numberWords(expressionValue(task.expression))}`),

    steps(state, action) {
      const { words, complete } = readAction(vocabulary, action)
      return doWork(state.work, words, complete).steps
    },

    text: state =>
      rowsOf(state)
        .map(({ label, text }) => `${label}: ${text}`)
        .join('\n'),
    svg: state => card(name, rowsOf(state)),
  }
  return world
}

function malformedWhole(end: number): readonly ArithmeticStep[] {
  return [{ kind: 'malformed', start: 0, end, valid: false, planned: false }]
}

function factsOf(
  task: ArithmeticTask,
  work: Work,
  parts: readonly ArithmeticStep[],
  answer: number | undefined,
): Readonly<Record<string, number | boolean>> {
  const steps = parts.filter(part => part.kind === 'step')
  const rest = remaining(work)
  const derived = answer !== undefined && rest === answer
  return {
    wellFormed: parts.every(part => part.kind !== 'malformed'),
    steps: steps.length,
    validSteps: steps.filter(step => step.valid).length,
    plannedSteps: steps.filter(step => step.planned).length,
    waits: parts.filter(part => part.kind === 'wait').length,
    firstInvalid: steps.findIndex(step => !step.valid),
    progress: 1 - operationCount(rest) / operationCount(task.expression),
    answered: answer !== undefined,
    derived,
    sound: derived && work.every(({ valid }) => valid),
  }
}

function rowsOf(state: ArithmeticState) {
  const rest = expressionWords(remaining(state.work))
  const value = expressionValue(state.task.expression)
  const rows = state.work.slice(1).map(({ expression, valid }, i) => ({
    label: `step ${i + 1}`,
    text: `${expressionWords(expression)}${valid ? '' : ' (slip)'}`,
    tone: valid ? ('good' as const) : ('bad' as const),
  }))
  const answered = state.answer === null ? (state.over ? 'none' : 'not yet') : String(state.answer)
  const tone = state.answer === null ? 'plain' : state.answer === value ? 'good' : 'bad'
  return [
    { label: 'compute', text: expressionWords(state.task.expression), tone: 'agent' as const },
    ...rows,
    { label: 'left', text: rest },
    { label: 'answer', text: answered, tone: tone as 'plain' | 'good' | 'bad' },
  ]
}
