import type { Random } from '@guerdon/core'
import { numberWords } from '../turns.ts'

/** What two numbers are joined by. */
export type Operator = '+' | '-' | '*'

/** A number, or two expressions joined by an operator. Plain JSON. */
export type Expression = number | readonly [operator: Operator, left: Expression, right: Expression]

/** One operation between two numbers. */
export interface Operation {
  readonly operator: Operator
  readonly left: number
  readonly right: number
}

/** How the expressions of a difficulty level look. */
export interface ExpressionShape {
  readonly operators: readonly Operator[]
  /** Number of operations. */
  readonly operations: number
  /** No number, given or reached on the way, is larger; none is below 0. */
  readonly largest: number
  /** Given numbers are in 1 … this. */
  readonly largestGiven: number
  /** A chain works from left to right; a tree has brackets anywhere. */
  readonly form: 'chain' | 'tree'
}

/** The number an operation gives. */
export function resultOf({ operator, left, right }: Operation): number {
  if (operator === '+') return left + right
  return operator === '-' ? left - right : left * right
}

/** The value of an expression. */
export function expressionValue(expression: Expression): number {
  if (typeof expression === 'number') return expression
  const [operator, left, right] = expression
  return resultOf({ operator, left: expressionValue(left), right: expressionValue(right) })
}

/** An expression in words with brackets around all but the outermost operation: `( 1 2 + 3 ) * 4`. */
export function expressionWords(expression: Expression): string {
  if (typeof expression === 'number') return numberWords(expression)
  const [operator, left, right] = expression
  const side = (part: Expression): string =>
    typeof part === 'number' ? numberWords(part) : `( ${expressionWords(part)} )`
  return `${side(left)} ${operator} ${side(right)}`
}

/** Operations that can be done next, since both sides are numbers; from left to right. */
export function openOperations(expression: Expression): Operation[] {
  if (typeof expression === 'number') return []
  const [operator, left, right] = expression
  if (typeof left === 'number' && typeof right === 'number') return [{ operator, left, right }]
  return [...openOperations(left), ...openOperations(right)]
}

/** Number of operations that are left. */
export function operationCount(expression: Expression): number {
  if (typeof expression === 'number') return 0
  return 1 + operationCount(expression[1]) + operationCount(expression[2])
}

/** The expression with the leftmost such operation replaced by a number, right or wrong; undefined when there is none. */
export function replaceOperation(expression: Expression, done: Operation, result: number): Expression | undefined {
  if (typeof expression === 'number') return undefined
  const [operator, left, right] = expression
  if (operator === done.operator && left === done.left && right === done.right) return result
  const newLeft = replaceOperation(left, done, result)
  if (newLeft !== undefined) return [operator, newLeft, right]
  const newRight = replaceOperation(right, done, result)
  return newRight === undefined ? undefined : [operator, left, newRight]
}

/** Draws an expression whose numbers all stay in 0 … `largest`. */
export function drawExpression(shape: ExpressionShape, random: Random): Expression {
  const given = (): number => 1 + random.integer(shape.largestGiven)
  const parts: Expression[] = [given()]
  if (shape.form === 'tree') for (let i = 0; i < shape.operations; i++) parts.push(given())
  for (let done = 0; done < shape.operations; ) {
    const first = random.integer(parts.length)
    const second = random.integer(parts.length)
    if (shape.form === 'tree' && first === second) continue
    const operator = random.choice(shape.operators)
    const [left, right] = shape.form === 'tree' ? [parts[first], parts[second]] : [parts[0], given()]
    const value = resultOf({ operator, left: expressionValue(left), right: expressionValue(right) })
    if (value < 0 || value > shape.largest) continue
    parts[first] = [operator, left, right]
    if (shape.form === 'tree') parts.splice(second, 1)
    done++
  }
  return parts[0]
}
