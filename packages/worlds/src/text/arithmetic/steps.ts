import { readNumber } from '../turns.ts'
import {
  type Expression,
  expressionValue,
  type Operation,
  type Operator,
  replaceOperation,
  resultOf,
} from './expression.ts'

/** One part of an action, between semicolons. */
export interface ArithmeticStep {
  /** `3 + 4 = 7` is a step, `answer 7` an answer, `wait` takes the last planned step back. */
  readonly kind: 'step' | 'answer' | 'wait' | 'malformed'
  /** Where it stands in the action: token positions [start, end), without the semicolon. */
  readonly start: number
  readonly end: number
  /** Of a step: what is computed, and the number claimed for it. Of an answer: the number claimed. */
  readonly operation?: Operation
  readonly claimed?: number
  /** A step whose arithmetic is right; an answer that is the value of the task. */
  readonly valid: boolean
  /** A step on an operation that was open, so that it moved the work on; an answer that was the number worked out. */
  readonly planned: boolean
}

/** How far the work has come: each entry is what was left of the expression, and whether the step that led to it was right. */
export type Work = readonly { readonly expression: Expression; readonly valid: boolean }[]

/** What came of the parts of an action. */
export interface WorkDone {
  readonly work: Work
  readonly steps: readonly ArithmeticStep[]
  /** The number answered, when an answer was the last part and complete. */
  readonly answer: number | undefined
}

/** What is left of the expression. */
export function remaining(work: Work): Expression {
  return work[work.length - 1].expression
}

/**
 * Does the parts of an action one after the other. A claimed number goes into the expression as it is, so that a slip is
 * carried on; a step on an operation that is not open changes nothing.
 *
 * @param words of the action, before its end token
 * @param complete whether the action had an end token: without one its last part may be half a number, and is malformed
 */
export function doWork(before: Work, words: readonly string[], complete: boolean): WorkDone {
  const target = expressionValue(before[0].expression)
  const steps: ArithmeticStep[] = []
  let work = before
  let answer: number | undefined
  for (let start = 0; start <= words.length; ) {
    const semicolon = words.indexOf(';', start)
    const end = semicolon === -1 ? words.length : semicolon
    const cut = semicolon === -1 && !complete
    const read = cut || answer !== undefined ? malformed : readPart(words.slice(start, end))
    let valid = false
    let planned = false
    if (read.kind === 'answer') {
      answer = read.claimed
      valid = answer === target
      planned = remaining(work) === answer
    } else if (read.kind === 'wait') {
      planned = work.length > 1
      if (planned) work = work.slice(0, -1)
    } else if (read.kind === 'step') {
      valid = resultOf(read.operation) === read.claimed
      const next = replaceOperation(remaining(work), read.operation, read.claimed)
      planned = next !== undefined
      if (next !== undefined) work = [...work, { expression: next, valid }]
    }
    steps.push({ ...read, start, end, valid, planned })
    start = end + 1
  }
  return { work, steps, answer: steps[steps.length - 1].kind === 'answer' ? answer : undefined }
}

type Part =
  | { readonly kind: 'step'; readonly operation: Operation; readonly claimed: number }
  | { readonly kind: 'answer'; readonly claimed: number }
  | { readonly kind: 'wait' | 'malformed' }

const malformed: Part = { kind: 'malformed' }

function readPart(words: readonly string[]): Part {
  if (words.length === 1 && words[0] === 'wait') return { kind: 'wait' }
  if (words[0] === 'answer') {
    const claimed = readNumber(words.slice(1))
    return claimed === undefined ? malformed : { kind: 'answer', claimed }
  }
  const sign = words.findIndex(isOperator)
  const equals = words.indexOf('=')
  if (sign === -1 || equals < sign) return malformed
  const left = readNumber(words.slice(0, sign))
  const right = readNumber(words.slice(sign + 1, equals))
  const claimed = readNumber(words.slice(equals + 1))
  if (left === undefined || right === undefined || claimed === undefined) return malformed
  return { kind: 'step', operation: { operator: words[sign] as Operator, left, right }, claimed }
}

function isOperator(word: string): boolean {
  return word === '+' || word === '-' || word === '*'
}
