import { largestNumber, numberWords } from '../turns.ts'
import { type Expression, expressionValue, openOperations, replaceOperation, resultOf } from './expression.ts'
import { remaining, type Work } from './steps.ts'
import { chain, stepWords } from './writers.ts'

/**
 * Actions worth telling apart. One part a turn: each open operation done right, one too high and one too low; taking a
 * step back; the number worked out as the answer. A whole chain: the right one; one for each step that is one too high
 * (and carried on); a last step that is, under the right answer all the same; the right and a wrong answer without any steps.
 */
export function alternatives(work: Work, turns: 'single' | 'multi'): readonly string[] {
  return turns === 'single' ? chains(work[0].expression) : parts(work)
}

function parts(work: Work): readonly string[] {
  const rest = remaining(work)
  const found: string[] = []
  if (typeof rest === 'number') found.push(`answer ${numberWords(rest)}`)
  for (const operation of openOperations(rest)) {
    const result = resultOf(operation)
    for (const slip of [0, 1, -1]) {
      if (result + slip >= 0 && result + slip <= largestNumber) found.push(stepWords(operation, slip))
    }
  }
  if (work.length > 1) found.push('wait')
  return [...new Set(found)]
}

function chains(expression: Expression): readonly string[] {
  const truth = expressionValue(expression)
  const right = chain(expression)
  const found = [right]
  const before: string[] = []
  let rest = expression
  while (typeof rest !== 'number') {
    const operation = openOperations(rest)[0]
    const slipped = replaceOperation(rest, operation, resultOf(operation) + 1)
    if (slipped !== undefined) found.push([...before, stepWords(operation, 1), chain(slipped)].join(' ; '))
    if (slipped === truth + 1)
      found.push([...before, stepWords(operation, 1), `answer ${numberWords(truth)}`].join(' ; '))
    before.push(stepWords(operation))
    rest = replaceOperation(rest, operation, resultOf(operation)) ?? 0
  }
  return [...new Set([...found, `answer ${numberWords(truth)}`, `answer ${numberWords(truth + 1)}`])]
}
