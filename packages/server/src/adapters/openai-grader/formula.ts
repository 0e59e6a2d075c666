import { GuerdonError } from '@guerdon/core'

/** A formula over named scores. */
export type Formula =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'call'; readonly function: string; readonly inputs: readonly Formula[] }

const functions: Readonly<Record<string, { readonly inputs: number | 'many'; run(...values: number[]): number }>> = {
  '+': { inputs: 2, run: (a, b) => a + b },
  '-': { inputs: 2, run: (a, b) => a - b },
  '*': { inputs: 2, run: (a, b) => a * b },
  '/': { inputs: 2, run: (a, b) => a / b },
  '^': { inputs: 2, run: (a, b) => a ** b },
  min: { inputs: 'many', run: Math.min },
  max: { inputs: 'many', run: Math.max },
  abs: { inputs: 1, run: Math.abs },
  floor: { inputs: 1, run: Math.floor },
  ceil: { inputs: 1, run: Math.ceil },
  exp: { inputs: 1, run: Math.exp },
  sqrt: { inputs: 1, run: Math.sqrt },
  log: { inputs: 1, run: Math.log },
}

const token = /\s*(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|[A-Za-z_]\w*|\*\*|[-+*/^(),])/y
const strength: Readonly<Record<string, number>> = { '+': 1, '-': 1, '*': 2, '/': 2, '^': 4 }

/** Deeper formulas are refused before they exhaust the stack. */
const deepest = 200

/**
 * Reads a formula: numbers, names, + − * / ^ (or **, right to left, before a sign), parentheses, and min, max, abs, floor,
 * ceil, exp, sqrt and log. Throws `parse` with the place.
 */
export function parseFormula(text: string): Formula {
  const tokens: { readonly text: string; readonly at: number }[] = []
  const end = text.trimEnd().length
  token.lastIndex = 0
  for (let at = 0; at < end; at = token.lastIndex) {
    token.lastIndex = at
    const found = token.exec(text)?.[1]
    if (found === undefined) throw fault(text, at, 'a number, a name or an operator')
    tokens.push({ text: found === '**' ? '^' : found, at: token.lastIndex - found.length })
  }
  let next = 0
  let depth = 0
  const take = (wanted: string): boolean => tokens[next]?.text === wanted && ++next > 0
  const expect = (wanted: string): void => {
    if (!take(wanted)) throw fault(text, tokens[next]?.at ?? end, `"${wanted}"`)
  }
  const operand = (): Formula => {
    const current = tokens[next]
    if (current === undefined) throw fault(text, end, 'a number, a name or "("')
    next++
    if (current.text === '-') return call('-', [{ kind: 'number', value: 0 }, binary(3)])
    if (current.text === '+') return binary(3)
    if (current.text === '(') {
      const inner = binary(1)
      expect(')')
      return inner
    }
    if (/^[\d.]/.test(current.text)) return { kind: 'number', value: Number(current.text) }
    if (!/^\w/.test(current.text)) throw fault(text, current.at, 'a number, a name or "("')
    if (!take('(')) return { kind: 'name', name: current.text }
    const inputs = [binary(1)]
    while (take(',')) inputs.push(binary(1))
    expect(')')
    const known = Object.hasOwn(functions, current.text) ? functions[current.text] : undefined
    if (known === undefined) throw fault(text, current.at, `one of ${Object.keys(functions).slice(5).join(', ')}`)
    if (known.inputs !== 'many' && known.inputs !== inputs.length) {
      throw fault(text, current.at, `${known.inputs} value for ${current.text}`)
    }
    return call(current.text, inputs)
  }
  const binary = (weakest: number): Formula => {
    if (++depth > deepest) throw fault(text, tokens[next]?.at ?? end, `at most ${deepest} levels`)
    let left = operand()
    for (;;) {
      const operator = tokens[next]?.text ?? ''
      const binds = strength[operator] ?? 0
      if (binds < weakest || binds === 0) break
      next++
      left = call(operator, [left, binary(operator === '^' ? 3 : binds + 1)])
    }
    depth--
    return left
  }
  const whole = binary(1)
  if (next < tokens.length) throw fault(text, tokens[next].at, 'an operator or the end')
  return whole
}

/** The value of a formula; NaN and ±∞ as arithmetic gives them. */
export function evaluate(formula: Formula, scores: (name: string) => number): number {
  if (formula.kind === 'number') return formula.value
  if (formula.kind === 'name') return scores(formula.name)
  return functions[formula.function].run(...formula.inputs.map(input => evaluate(input, scores)))
}

/** Every name in a formula, once. */
export function namesIn(formula: Formula): readonly string[] {
  if (formula.kind === 'number') return []
  if (formula.kind === 'name') return [formula.name]
  return [...new Set(formula.inputs.flatMap(namesIn))]
}

/** The weights of a formula Σ wᵢ·nameᵢ; `undefined` for any other. */
export function linearWeights(formula: Formula): ReadonlyMap<string, number> | undefined {
  const terms = linear(formula)
  return terms === undefined || terms.constant !== 0 ? undefined : terms.weights
}

interface Linear {
  readonly constant: number
  readonly weights: ReadonlyMap<string, number>
}

function linear(formula: Formula): Linear | undefined {
  if (formula.kind === 'number') return { constant: formula.value, weights: new Map() }
  if (formula.kind === 'name') return { constant: 0, weights: new Map([[formula.name, 1]]) }
  if (formula.inputs.length !== 2) return undefined
  const [left, right] = formula.inputs.map(linear)
  if (left === undefined || right === undefined) return undefined
  switch (formula.function) {
    case '+':
      return sum(left, right, 1)
    case '-':
      return sum(left, right, -1)
    case '*':
      return left.weights.size === 0
        ? scale(right, left.constant)
        : right.weights.size === 0
          ? scale(left, right.constant)
          : undefined
    case '/':
      return right.weights.size === 0 && right.constant !== 0 ? scale(left, 1 / right.constant) : undefined
    default:
      return undefined
  }
}

function sum(left: Linear, right: Linear, sign: number): Linear {
  const weights = new Map(left.weights)
  for (const [name, weight] of right.weights) weights.set(name, (weights.get(name) ?? 0) + sign * weight)
  return { constant: left.constant + sign * right.constant, weights }
}

function scale({ constant, weights }: Linear, factor: number): Linear {
  return {
    constant: constant * factor,
    weights: new Map([...weights].map(([name, weight]) => [name, weight * factor])),
  }
}

function call(name: string, inputs: readonly Formula[]): Formula {
  return { kind: 'call', function: name, inputs }
}

function fault(text: string, at: number, expected: string): GuerdonError {
  const got = at >= text.trimEnd().length ? 'the end' : `"${text.slice(at, at + 12)}"`
  return new GuerdonError('parse', `expected ${expected}; got ${got} — formula, character ${at}`, { path: ['formula'] })
}
