import type { Random } from '@guerdon/core'
import {
  type ArithmeticState,
  type ArithmeticTask,
  type ArithmeticWorld,
  arithmeticWorld,
  type Expression,
} from '@guerdon/worlds/text/arithmetic'
import { drawExpression, expressionWords } from '@guerdon/worlds/text/arithmetic/expression'
import type { TextWorld } from '@guerdon/worlds/text/text-world'
import { specialTokens } from '@guerdon/worlds/text/vocabulary'

/** Which expressions are asked, and how the demonstrations of their answers are written. */
export interface WrittenArithmeticOptions {
  /** Numbers of operations, from which a question's is drawn. */
  readonly operations: readonly number[]
  /** Largest number, given or reached on the way. */
  readonly largest: number
  /** Tokens of the longest answer. */
  readonly maximumActionLength: number
  /** An answer in words, as its writer would give it. */
  write(expression: Expression, random: Random): string
}

/** A world of written arithmetic. */
export type WrittenArithmetic = TextWorld<ArithmeticTask, ArithmeticState> & Pick<ArithmeticWorld, 'steps'>

/**
 * The world arithmetic with questions of several difficulties side by side (a task's `level` is its number of operations)
 * and with demonstrations by a writer of a study's own: long-winded, careless.
 */
export function writtenArithmetic(options: WrittenArithmeticOptions): WrittenArithmetic {
  const { operations, largest, maximumActionLength, write } = options
  const world = arithmeticWorld()
  const most = Math.max(...operations)
  return {
    ...world,
    levels: 1,
    maximumActionLength,
    // Numbers, operators, brackets around all but the outermost operation, and the question mark.
    maximumObservationLength: String(largest).length * (most + 1) + most + 2 * (most - 1) + 1,
    task(_, random) {
      const level = random.choice(operations)
      const expression = drawExpression(
        { operators: ['+', '-'], operations: level, largest, largestGiven: largest, form: 'chain' },
        random,
      )
      return { id: expressionWords(expression), level, expression }
    },
    expert: ({ task }, random) => {
      const words = world.vocabulary.encode(write(task.expression, random))
      return Int32Array.from([...words, specialTokens.end])
    },
  }
}
