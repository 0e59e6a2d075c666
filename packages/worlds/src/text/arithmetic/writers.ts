import { GuerdonError, type Random } from '@guerdon/core'
import { largestNumber, numberWords } from '../turns.ts'
import {
  type Expression,
  expressionValue,
  type Operation,
  openOperations,
  replaceOperation,
  resultOf,
} from './expression.ts'
import { remaining, type Work } from './steps.ts'

/** How a chain of steps goes wrong. */
export interface ChainOptions {
  /** Probability that a step is off by one. Default 0. */
  readonly slip?: number
  /** Probability that a slip is noticed at once, taken back with `wait` and done right. Default 0. */
  readonly notice?: number
  /** Draws, in the order of the steps: slip, its direction, notice. Needed when `slip` is above 0. */
  readonly random?: Random
}

/** A step in words; its claimed number is off by `slip`. */
export function stepWords(operation: Operation, slip = 0): string {
  const { operator, left, right } = operation
  return `${numberWords(left)} ${operator} ${numberWords(right)} = ${numberWords(resultOf(operation) + slip)}`
}

/**
 * All steps from left to right and the answer, as one action: `3 + 4 = 7 ; 7 - 2 = 5 ; answer 5`. With `slip` steps are
 * off by one at times, and the slip is carried to the answer: demonstrations by a careless writer. Where a slip has made
 * an operation impossible (a number below 0 or above 9999), the chain breaks off and answers with its last number.
 *
 * @throws invalid_option for a slip without a generator
 */
export function chain(expression: Expression, { slip = 0, notice = 0, random }: ChainOptions = {}): string {
  if (slip > 0 && !random) throw new GuerdonError('invalid_option', 'expected random with slip > 0; got none')
  const parts: string[] = []
  let rest = expression
  let last = 0
  while (typeof rest !== 'number') {
    const operation = openOperations(rest)[0]
    const result = resultOf(operation)
    if (result < 0 || result >= largestNumber) break
    last = result
    if (random?.bernoulli(slip)) {
      const by = result > 0 && random.bernoulli(0.5) ? -1 : 1
      parts.push(stepWords(operation, by))
      if (random.bernoulli(notice)) parts.push('wait', stepWords(operation))
      else last = result + by
    } else parts.push(stepWords(operation))
    rest = replaceOperation(rest, operation, last) ?? rest
  }
  return [...parts, `answer ${numberWords(last)}`].join(' ; ')
}

/** The expert's next part: takes slips back, then goes on from the left. In its last turn it answers with the true value. */
export function nextPart(work: Work, { lastTurn }: { readonly lastTurn: boolean }): string {
  const truth = `answer ${numberWords(expressionValue(work[0].expression))}`
  if (lastTurn) return truth
  if (work.some(({ valid }) => !valid)) return 'wait'
  const rest = remaining(work)
  return typeof rest === 'number' ? truth : stepWords(openOperations(rest)[0])
}
