/** A parsed expression. */
export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'path'; readonly name: string }
  | { readonly kind: 'index'; readonly of: Expression; readonly index: number }
  | { readonly kind: 'vector'; readonly entries: readonly Expression[] }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'choice'; readonly condition: Expression; readonly yes: Expression; readonly no: Expression }

/** `name = expression` lines, then the reward. */
export interface ParsedProgram {
  readonly locals: readonly { readonly name: string; readonly value: Expression }[]
  readonly reward: Expression
}

/** A program that does not parse; `message` says where. */
export class ProgramSyntaxError extends Error {}

const tokenPattern =
  /(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|(==|!=|<=|>=|[-+*/()[\],<>=])/y
const binaryPowers: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  '==': 4,
  '!=': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
}
const notPower = 3
const negatePower = 7

/**
 * Parses the reward language: one statement a line (or between semicolons), `name = expression` for local names and a last
 * line `expression` or `return expression`; `#` starts a comment. Expressions: numbers, True/False, state paths such as
 * `state.objPosition`, `action`, local names, vectors `[x, y]`, indices `v[2]`, arithmetic, comparisons, and/or/not,
 * `a if c else b`, calls. There are no loops, so a program ends after as many steps as it is long.
 *
 * @throws ProgramSyntaxError
 */
export function parseProgram(source: string, options: { readonly maxTokens?: number } = {}): ParsedProgram {
  const { maxTokens = 2000 } = options
  const lines = source
    .split(/[\n;]/)
    .map(line => line.replace(/#.*$/, '').trim())
    .filter(line => line !== '')
  if (lines.length === 0) throw new ProgramSyntaxError('the program is empty')
  let tokens = 0
  const parsed = lines.map((line, i) => {
    const parser = new LineParser(tokenise(line))
    tokens += parser.length
    if (tokens > maxTokens) throw new ProgramSyntaxError(`the program has more than ${maxTokens} tokens`)
    return parser.statement(i === lines.length - 1)
  })
  const last = parsed[parsed.length - 1]
  if (last.name !== undefined) throw new ProgramSyntaxError('the last line must be the reward')
  const locals = parsed.slice(0, -1).map(({ name, value }) => {
    if (name === undefined) throw new ProgramSyntaxError('only the last line may stand without a name')
    return { name, value }
  })
  return { locals, reward: last.value }
}

function tokenise(line: string): string[] {
  const tokens: string[] = []
  for (let at = 0; at < line.length; ) {
    if (/\s/.test(line[at])) {
      at++
      continue
    }
    tokenPattern.lastIndex = at
    const token = tokenPattern.exec(line)?.[0]
    if (token === undefined) throw new ProgramSyntaxError(`cannot read "${line.slice(at, at + 12)}"`)
    tokens.push(token)
    at += token.length
  }
  return tokens
}

class LineParser {
  readonly #tokens: readonly string[]
  #at = 0
  #depth = 0

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens
  }

  get length(): number {
    return this.#tokens.length
  }

  statement(last: boolean): { readonly name?: string; readonly value: Expression } {
    const assigns = this.#tokens[1] === '=' && /^[A-Za-z_]\w*$/.test(this.#tokens[0])
    if (assigns) this.#at = 2
    else if (last && this.#tokens[0] === 'return') this.#at = 1
    const value = this.choice()
    if (this.#at < this.#tokens.length) throw this.#unexpected()
    return assigns ? { name: this.#tokens[0], value } : { value }
  }

  choice(): Expression {
    const yes = this.binary(0)
    if (!this.#take('if')) return yes
    const condition = this.binary(0)
    if (!this.#take('else')) throw this.#unexpected()
    return { kind: 'choice', condition, yes, no: this.choice() }
  }

  binary(power: number): Expression {
    if (++this.#depth > 200) throw new ProgramSyntaxError('nested more than 200 levels')
    let left = this.unary()
    for (;;) {
      const operator = this.#tokens[this.#at]
      const own = operator === undefined ? undefined : binaryPowers[operator]
      if (own === undefined || own <= power) break
      this.#at++
      left = { kind: 'call', name: operator, args: [left, this.binary(own)] }
    }
    this.#depth--
    return left
  }

  unary(): Expression {
    if (this.#take('-')) return { kind: 'call', name: 'negate', args: [this.binary(negatePower)] }
    if (this.#take('+')) return this.binary(negatePower)
    if (this.#take('not')) return { kind: 'call', name: 'not', args: [this.binary(notPower)] }
    let value = this.primary()
    while (this.#take('[')) {
      const index = Number(this.#tokens[this.#at++])
      if (!Number.isInteger(index) || index < 0) throw new ProgramSyntaxError('an index must be a whole number')
      this.#expect(']')
      value = { kind: 'index', of: value, index }
    }
    return value
  }

  primary(): Expression {
    const token = this.#tokens[this.#at]
    if (token === undefined) throw this.#unexpected()
    this.#at++
    if (token === '(') {
      const inner = this.choice()
      this.#expect(')')
      return inner
    }
    if (token === '[') return { kind: 'vector', entries: this.#list(']') }
    if (/^[\d.]/.test(token)) return { kind: 'number', value: Number(token) }
    if (!/^[A-Za-z_]/.test(token)) {
      this.#at--
      throw this.#unexpected()
    }
    if (token === 'True' || token === 'False') return { kind: 'boolean', value: token === 'True' }
    if (this.#take('(')) return { kind: 'call', name: token, args: this.#list(')') }
    return { kind: 'path', name: token }
  }

  #list(close: string): Expression[] {
    const entries: Expression[] = []
    if (this.#take(close)) return entries
    do entries.push(this.choice())
    while (this.#take(','))
    this.#expect(close)
    return entries
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false
    this.#at++
    return true
  }

  #expect(token: string): void {
    if (!this.#take(token)) throw this.#unexpected()
  }

  #unexpected(): ProgramSyntaxError {
    const token = this.#tokens[this.#at]
    return new ProgramSyntaxError(token === undefined ? 'a line ends too early' : `unexpected "${token}"`)
  }
}
