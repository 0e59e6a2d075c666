import { describeValue, GuerdonError } from '@guerdon/core'
import { type Expression, ProgramSyntaxError, parseProgram } from './expression-parser.ts'
import type { ExecutionCategory } from './validate.ts'

/** What a value of the language can be: a number, a truth value, or a vector of fixed length. */
export type ValueType = 'number' | 'boolean' | { readonly vector: number }

/** Types of everything a program may read, by path: `state.objPosition`, `action` … */
export type ProgramSchema = Readonly<Record<string, ValueType>>

type Value = number | boolean | Float64Array
/** Values by path; vectors as any array of numbers. */
export type ProgramInputs = Readonly<Record<string, number | boolean | ArrayLike<number>>>

/** A checked program. */
export interface RewardProgram {
  readonly ok: true
  /** The reward in one state; pure, and as long as the program. May be NaN or infinite: validate. */
  readonly run: (inputs: ProgramInputs) => number
}

/** Why a program was refused, in the taxonomy that is fed back to the model. */
export interface RefusedProgram {
  readonly ok: false
  readonly category: ExecutionCategory
  readonly problem: string
}

interface Typed {
  readonly type: ValueType
  readonly evaluate: (scope: ReadonlyMap<string, Value>) => Value
}

class Refusal extends Error {
  readonly category: ExecutionCategory
  constructor(category: ExecutionCategory, problem: string) {
    super(problem)
    this.category = category
  }
}

/**
 * Checks a reward program against a schema and makes it runnable, without ever handing text to the host's evaluator: the
 * program becomes nested closures over its own operators. Unknown names, wrong types and vectors of different lengths are
 * refused before anything runs; there is no input, output, time or randomness.
 *
 * Functions: min max (of two numbers), abs tanh exp log sqrt (number or vector), norm dot sum (vectors), clip(x, low, high),
 * square. Booleans count as 1 and 0 in arithmetic.
 */
export function compileProgram(source: string, schema: ProgramSchema): RewardProgram | RefusedProgram {
  try {
    const program = parseProgram(source)
    const types = new Map<string, ValueType>(Object.entries(schema))
    const locals = program.locals.map(({ name, value }) => {
      const typed = check(value, types)
      types.set(name, typed.type)
      return { name, evaluate: typed.evaluate }
    })
    const reward = check(program.reward, types)
    if (reward.type !== 'number') throw new Refusal('notScalar', `the reward is ${typeName(reward.type)}, not a number`)
    return {
      ok: true,
      run: inputs => {
        const scope = new Map<string, Value>()
        for (const [name, type] of Object.entries(schema)) scope.set(name, checkedInput(name, type, inputs[name]))
        for (const local of locals) scope.set(local.name, local.evaluate(scope))
        return reward.evaluate(scope) as number
      },
    }
  } catch (error) {
    if (error instanceof ProgramSyntaxError) return { ok: false, category: 'syntax', problem: error.message }
    if (error instanceof Refusal) return { ok: false, category: error.category, problem: error.message }
    throw error
  }
}

function check(expression: Expression, types: ReadonlyMap<string, ValueType>): Typed {
  switch (expression.kind) {
    case 'number':
      return { type: 'number', evaluate: () => expression.value }
    case 'boolean':
      return { type: 'boolean', evaluate: () => expression.value }
    case 'path': {
      const type = types.get(expression.name)
      if (type === undefined) throw new Refusal('unknownAttribute', `nothing is called "${expression.name}"`)
      return { type, evaluate: scope => scope.get(expression.name)! }
    }
    case 'index': {
      const of = check(expression.of, types)
      if (typeof of.type === 'string' || expression.index >= of.type.vector) {
        throw new Refusal('typeOrShape', `${typeName(of.type)} has no entry ${expression.index}`)
      }
      return { type: 'number', evaluate: scope => (of.evaluate(scope) as Float64Array)[expression.index] }
    }
    case 'vector': {
      const entries = expression.entries.map(entry => numeric(check(entry, types), 'an entry of a vector'))
      return {
        type: { vector: entries.length },
        evaluate: scope => Float64Array.from(entries, entry => entry(scope)),
      }
    }
    case 'choice': {
      const condition = truth(check(expression.condition, types))
      const yes = check(expression.yes, types)
      const no = check(expression.no, types)
      const type = common(yes.type, no.type)
      return { type, evaluate: scope => (condition(scope) ? yes.evaluate(scope) : no.evaluate(scope)) }
    }
    case 'call':
      return call(
        expression.name,
        expression.args.map(argument => check(argument, types)),
      )
  }
}

const unaryMaps: Readonly<Record<string, (x: number) => number>> = {
  negate: x => -x,
  abs: Math.abs,
  tanh: Math.tanh,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  square: x => x * x,
}
const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
}
const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
}

function call(name: string, args: readonly Typed[]): Typed {
  const count = argumentCounts[name]
  if (count === undefined) throw new Refusal('unknownAttribute', `there is no function "${name}"`)
  if (args.length !== count) throw new Refusal('typeOrShape', `${name} takes ${count} arguments; got ${args.length}`)
  if (Object.hasOwn(unaryMaps, name)) return mapped(args[0], unaryMaps[name])
  if (Object.hasOwn(arithmetic, name)) return paired(name, args[0], args[1], arithmetic[name])
  if (Object.hasOwn(comparisons, name)) {
    const [a, b] = args.map(argument => numeric(argument, name))
    const compare = comparisons[name]
    return { type: 'boolean', evaluate: scope => compare(a(scope), b(scope)) }
  }
  switch (name) {
    case 'and':
    case 'or': {
      const [a, b] = args.map(truth)
      return { type: 'boolean', evaluate: scope => (name === 'and' ? a(scope) && b(scope) : a(scope) || b(scope)) }
    }
    case 'not': {
      const a = truth(args[0])
      return { type: 'boolean', evaluate: scope => !a(scope) }
    }
    case 'min':
    case 'max': {
      const [a, b] = args.map(argument => numeric(argument, name))
      return { type: 'number', evaluate: scope => Math[name](a(scope), b(scope)) }
    }
    case 'clip': {
      const [low, high] = args.slice(1).map(argument => numeric(argument, name))
      return {
        type: args[0].type === 'boolean' ? 'number' : args[0].type,
        evaluate: scope => {
          const [from, to] = [low(scope), high(scope)]
          return applied(args[0].evaluate(scope), x => Math.min(Math.max(x, from), to))
        },
      }
    }
    case 'dot': {
      if (typeName(args[0].type) !== typeName(args[1].type)) {
        throw new Refusal('typeOrShape', `dot of ${typeName(args[0].type)} and ${typeName(args[1].type)}`)
      }
      const [a, b] = args.map(argument => vector(argument, name))
      return { type: 'number', evaluate: scope => dot(a(scope), b(scope)) }
    }
    default: {
      const a = vector(args[0], name)
      if (name === 'sum') return { type: 'number', evaluate: scope => a(scope).reduce((x, y) => x + y, 0) }
      return {
        type: 'number',
        evaluate: scope => {
          const value = a(scope)
          return name === 'norm' ? Math.sqrt(dot(value, value)) : Math.max(...value)
        },
      }
    }
  }
}

const argumentCounts: Readonly<Record<string, number | undefined>> = Object.assign(Object.create(null), {
  ...Object.fromEntries(Object.keys(unaryMaps).map(name => [name, 1])),
  ...Object.fromEntries([...Object.keys(arithmetic), ...Object.keys(comparisons)].map(name => [name, 2])),
  and: 2,
  or: 2,
  not: 1,
  min: 2,
  max: 2,
  clip: 3,
  dot: 2,
  norm: 1,
  sum: 1,
  largest: 1,
})

function mapped(argument: Typed, f: (x: number) => number): Typed {
  const type = argument.type === 'boolean' ? 'number' : argument.type
  return { type, evaluate: scope => applied(argument.evaluate(scope), f) }
}

function applied(value: Value, f: (x: number) => number): Value {
  return value instanceof Float64Array ? value.map(f) : f(Number(value))
}

function paired(name: string, a: Typed, b: Typed, f: (a: number, b: number) => number): Typed {
  const [left, right] = [a.type, b.type]
  const sizes = [left, right].flatMap(type => (typeof type === 'string' ? [] : [type.vector]))
  if (sizes.length === 2 && sizes[0] !== sizes[1]) {
    throw new Refusal('typeOrShape', `${typeName(left)} ${name} ${typeName(right)}`)
  }
  if (sizes.length === 0) {
    return { type: 'number', evaluate: scope => f(Number(a.evaluate(scope)), Number(b.evaluate(scope))) }
  }
  const entry = (value: Value, i: number) => (value instanceof Float64Array ? value[i] : Number(value))
  return {
    type: { vector: sizes[0] },
    evaluate: scope => {
      const [x, y] = [a.evaluate(scope), b.evaluate(scope)]
      return Float64Array.from({ length: sizes[0] }, (_, i) => f(entry(x, i), entry(y, i)))
    },
  }
}

function numeric(argument: Typed, where: string): (scope: ReadonlyMap<string, Value>) => number {
  if (typeof argument.type !== 'string') throw new Refusal('typeOrShape', `${where} of ${typeName(argument.type)}`)
  return scope => Number(argument.evaluate(scope))
}

function truth(argument: Typed): (scope: ReadonlyMap<string, Value>) => boolean {
  if (argument.type !== 'boolean') throw new Refusal('typeOrShape', `a condition is ${typeName(argument.type)}`)
  return scope => argument.evaluate(scope) as boolean
}

function vector(argument: Typed, where: string): (scope: ReadonlyMap<string, Value>) => Float64Array {
  if (typeof argument.type === 'string') throw new Refusal('typeOrShape', `${where} of ${typeName(argument.type)}`)
  return scope => argument.evaluate(scope) as Float64Array
}

function common(yes: ValueType, no: ValueType): ValueType {
  if (typeName(yes) === typeName(no)) return yes
  throw new Refusal('typeOrShape', `a choice between ${typeName(yes)} and ${typeName(no)}`)
}

function dot(a: Float64Array, b: Float64Array): number {
  let total = 0
  for (let i = 0; i < a.length; i++) total += a[i] * b[i]
  return total
}

function typeName(type: ValueType): string {
  if (type === 'number') return 'a number'
  return type === 'boolean' ? 'a truth value' : `a vector of ${type.vector}`
}

function checkedInput(name: string, type: ValueType, given: ProgramInputs[string] | undefined): Value {
  if (type === 'number' && typeof given === 'number') return given
  if (type === 'boolean' && typeof given === 'boolean') return given
  if (typeof type === 'object' && typeof given === 'object' && given.length === type.vector)
    return Float64Array.from(given)
  throw new GuerdonError('invalid_input', `expected ${name} to be ${typeName(type)}; got ${describeValue(given)}`, {
    path: [name],
  })
}
