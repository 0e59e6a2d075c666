import type { Random } from '@guerdon/core'
import { type Vocabulary, vocabularyOf } from '../vocabulary.ts'
import { applyOperator, modulus, type Operator, operators, type ProgramTest, verifyProgram } from './machine.ts'

/** The words of goals, programs, edits and results. */
export const codeVocabulary: Vocabulary = vocabularyOf([
  ...Array.from({ length: modulus }, (_, i) => String(i)),
  ...['x', 'y', 'push', 'load', ...operators, 'dup', 'swap', 'case'],
  ...['goal', '(', ')', '+', '-', '*', 'tests', 'want', ',', 'program', 'got', 'stuck', 'error', 'line', 'unchanged'],
  ...['replace', 'insert', 'delete', 'submit', ';'],
])

/** Lines a program may have. */
export const longestProgram = 14

/** A program to repair; plain JSON. The policy sees everything but the hidden tests and the repaired program. */
export interface CodeTask {
  readonly id: string
  readonly level: number
  /** What the program should compute, as an expression in words. */
  readonly goal: string
  readonly program: readonly string[]
  readonly repaired: readonly string[]
  readonly visible: readonly ProgramTest[]
  /** Their x are others than those of the visible tests. */
  readonly hidden: readonly ProgramTest[]
}

type Expression = string | { readonly operator: Operator; readonly left: Expression; readonly right: Expression }

const sizes = [
  { leaves: 2, bugs: 1, structural: false },
  { leaves: 3, bugs: 1, structural: false },
  { leaves: 4, bugs: 2, structural: false },
  { leaves: 5, bugs: 3, structural: true },
] as const
const visibleTests = 3
const hiddenTests = 8
const fewestAnswers = 5
const attempts = 100
const signs: Readonly<Record<Operator, string>> = { add: '+', sub: '-', mul: '*', max: 'max' }

/** Number of difficulty levels. */
export const codeLevels = sizes.length

/** Draws an expression, its program, tests, and bugs that a visible test shows. */
export function codeTask(level: number, random: Random): CodeTask {
  const { leaves, bugs, structural } = sizes[level]
  const { expression, tests } = drawGoal(leaves, random)
  const repaired = compiled(expression)
  let program = repaired.slice(1)
  for (let attempt = 0; attempt < attempts; attempt++) {
    const broken = withBugs(repaired, { bugs, structural, random })
    if (verifyProgram(broken, tests).stage >= 3) continue
    program = broken
    break
  }
  const parts = { goal: infix(expression), program, repaired, ...tests }
  return { id: `code-edit ${level} ${JSON.stringify(parts)}`, level, ...parts }
}

/** An expression and its tests, whose answers differ enough that no constant comes near. */
function drawGoal(leaves: number, random: Random) {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const expression = drawExpression(leaves, random)
    const tests = drawTests(expression, random)
    const answers = new Set([...tests.visible, ...tests.hidden].map(({ want }) => want))
    if (answers.size >= fewestAnswers) return { expression, tests }
  }
  const expression: Expression = { operator: 'add', left: 'x', right: 'y' }
  return { expression, tests: drawTests(expression, random) }
}

function drawExpression(leaves: number, random: Random): Expression {
  if (leaves === 1) {
    const draw = random.float()
    return draw < 0.4 ? 'x' : draw < 0.7 ? 'y' : String(1 + random.integer(9))
  }
  const left = 1 + random.integer(leaves - 1)
  return {
    operator: random.choice(operators),
    left: drawExpression(left, random),
    right: drawExpression(leaves - left, random),
  }
}

function infix(expression: Expression): string {
  if (typeof expression === 'string') return expression
  const { operator, left, right } = expression
  return `( ${infix(left)} ${signs[operator]} ${infix(right)} )`
}

function compiled(expression: Expression): string[] {
  if (typeof expression !== 'string') {
    return [...compiled(expression.left), ...compiled(expression.right), expression.operator]
  }
  return [expression === 'x' || expression === 'y' ? `load ${expression}` : `push ${expression}`]
}

function expressionValue(expression: Expression, x: number, y: number): number {
  if (typeof expression !== 'string') {
    return applyOperator(
      expression.operator,
      expressionValue(expression.left, x, y),
      expressionValue(expression.right, x, y),
    )
  }
  return expression === 'x' ? x : expression === 'y' ? y : Number(expression)
}

function drawTests(expression: Expression, random: Random): Pick<CodeTask, 'visible' | 'hidden'> {
  const tests = Array.from(random.permutation(modulus).slice(0, visibleTests + hiddenTests), x => {
    const y = random.integer(modulus)
    return { x, y, want: expressionValue(expression, x, y) }
  })
  return { visible: tests.slice(0, visibleTests), hidden: tests.slice(visibleTests) }
}

/** Bugs at different lines, later lines first, so that earlier ones keep their places. */
function withBugs(
  program: readonly string[],
  options: { readonly bugs: number; readonly structural: boolean; readonly random: Random },
): string[] {
  const { bugs, structural, random } = options
  const lines = [...program]
  const places = Array.from(random.permutation(program.length).slice(0, bugs)).sort((a, b) => b - a)
  for (const at of places) {
    const draw = structural ? random.integer(6) : 3
    if (draw === 0) lines.splice(at, 1)
    else if (draw === 1) lines.splice(at, 0, random.choice(['dup', 'swap', 'load x', 'push 1']))
    else if (draw === 2) lines[at] = random.choice(['push add', 'load 3', 'mul mul', 'case x'])
    else lines[at] = otherLine(lines[at], random)
  }
  return lines
}

/** Another instruction of the same kind. */
function otherLine(line: string, random: Random): string {
  const [word, argument] = line.split(' ')
  if (word === 'load') return argument === 'x' ? 'load y' : 'load x'
  if (word === 'push') return `push ${(Number(argument) + 1 + random.integer(modulus - 1)) % modulus}`
  return random.choice(operators.filter(operator => operator !== word))
}
