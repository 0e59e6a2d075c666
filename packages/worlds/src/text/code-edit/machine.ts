/** Arithmetic is modulo this prime; values are 0 … 16. */
export const modulus = 17

/** What a program is given and what it should answer. */
export interface ProgramTest {
  readonly x: number
  readonly y: number
  readonly want: number
}

/** One instruction, read. */
export type Instruction =
  | { readonly kind: 'push'; readonly value: number }
  | { readonly kind: 'load'; readonly name: 'x' | 'y' }
  | { readonly kind: 'case'; readonly x: number; readonly answer: number }
  | { readonly kind: Operator | 'dup' | 'swap' }

/** Operators on the two topmost values. */
export const operators = ['add', 'sub', 'mul', 'max'] as const
/** Name of an operator. */
export type Operator = (typeof operators)[number]

const plainWords: readonly string[] = [...operators, 'dup', 'swap']

/**
 * Reads a line: `push N`, `load x`, `load y`, `add`, `sub`, `mul`, `max`, `dup`, `swap`, or `case N M`, which answers M at
 * once when x is N. Undefined for anything else.
 */
export function readInstruction(line: string): Instruction | undefined {
  const [word, ...rest] = line.split(' ')
  if (rest.length === 0) {
    return plainWords.includes(word) ? ({ kind: word } as Instruction) : undefined
  }
  if (word === 'load' && rest.length === 1 && (rest[0] === 'x' || rest[0] === 'y'))
    return { kind: 'load', name: rest[0] }
  const numbers = rest.map(text => (/^\d+$/.test(text) && Number(text) < modulus ? Number(text) : undefined))
  const [first, second] = numbers
  if (word === 'push' && numbers.length === 1 && first !== undefined) return { kind: 'push', value: first }
  if (word === 'case' && numbers.length === 2 && first !== undefined && second !== undefined) {
    return { kind: 'case', x: first, answer: second }
  }
  return undefined
}

/** Value of an operator, modulo 17. */
export function applyOperator(operator: Operator, a: number, b: number): number {
  if (operator === 'max') return Math.max(a, b)
  const value = operator === 'add' ? a + b : operator === 'sub' ? a - b : a * b
  return ((value % modulus) + modulus) % modulus
}

/** What a program answers: the one value left on its stack; undefined when values lack or are left over. */
export function runProgram(
  program: readonly Instruction[],
  { x, y }: Pick<ProgramTest, 'x' | 'y'>,
): number | undefined {
  const stack: number[] = []
  for (const instruction of program) {
    if (instruction.kind === 'push') stack.push(instruction.value)
    else if (instruction.kind === 'load') stack.push(instruction.name === 'x' ? x : y)
    else if (instruction.kind === 'case') {
      if (x === instruction.x) return instruction.answer
    } else if (!rearrange(stack, instruction.kind)) return undefined
  }
  return stack.length === 1 ? stack[0] : undefined
}

/** Does what a plain word does to the stack; false when values lack. */
function rearrange(stack: number[], word: Operator | 'dup' | 'swap'): boolean {
  if (stack.length < (word === 'dup' ? 1 : 2)) return false
  const b = stack.pop() ?? 0
  if (word === 'dup') {
    stack.push(b, b)
    return true
  }
  const a = stack.pop() ?? 0
  if (word === 'swap') stack.push(b, a)
  else stack.push(applyOperator(word, a, b))
  return true
}

/** How far a program comes. */
export interface Verification {
  /** 0: does not parse; 1: parses; 2: runs on every visible test; 3: passes them; 4: passes the hidden ones too. */
  readonly stage: 0 | 1 | 2 | 3 | 4
  /** First line that does not parse, or null. */
  readonly badLine: number | null
  /** Answers to the visible tests; null where the program gets stuck. Empty when it does not parse. */
  readonly answers: readonly (number | null)[]
  /** Shares of tests passed, in [0, 1]; 0 when the program does not parse. */
  readonly visible: number
  readonly hidden: number
}

/** Verifies a program stage by stage: parses → runs → passes visible tests → passes hidden tests. */
export function verifyProgram(
  lines: readonly string[],
  tests: { readonly visible: readonly ProgramTest[]; readonly hidden: readonly ProgramTest[] },
): Verification {
  const program: Instruction[] = []
  for (const [at, line] of lines.entries()) {
    const instruction = readInstruction(line)
    if (!instruction) return { stage: 0, badLine: at, answers: [], visible: 0, hidden: 0 }
    program.push(instruction)
  }
  const share = (of: readonly ProgramTest[]): number =>
    of.filter(test => runProgram(program, test) === test.want).length / of.length
  const answers = tests.visible.map(test => runProgram(program, test) ?? null)
  const [visible, hidden] = [share(tests.visible), share(tests.hidden)]
  const passed = visible === 1 ? (hidden === 1 ? 4 : 3) : 2
  return { stage: answers.includes(null) ? 1 : passed, badLine: null, answers, visible, hidden }
}
