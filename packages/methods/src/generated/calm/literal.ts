/** A key of a parsed dictionary keeps its kind: a number is not the text of that number. */
export type LiteralKey = string | number | boolean | null

/** What a Python or JSON literal can hold; tuples are lists, a dictionary is a map in order of first appearance. */
export type Literal = null | boolean | number | string | readonly Literal[] | ReadonlyMap<LiteralKey, Literal>

/** What came of reading a literal. */
export type LiteralResult =
  | { readonly ok: true; readonly value: Literal }
  | { readonly ok: false; readonly problem: string }

/** Which literals are read. */
export interface LiteralOptions {
  /** Also read `true`, `false` and `null`, as JSON writes them. Default true. */
  readonly json?: boolean
}

/**
 * Reads text that must be one Python (or JSON) literal and nothing else: numbers, strings in either quote, True/False/None,
 * lists, tuples, dictionaries, trailing commas and `#` comments. Nothing is ever evaluated: names, calls and operators are a
 * problem, not code. Nesting is limited to 100 levels.
 */
export function parseLiteral(text: string, options: LiteralOptions = {}): LiteralResult {
  const reader = new LiteralReader(text, options.json ?? true)
  try {
    const value = reader.value(0)
    reader.skip()
    return reader.position === text.length ? { ok: true, value } : { ok: false, problem: reader.unexpected() }
  } catch (error) {
    if (error instanceof LiteralProblem) return { ok: false, problem: error.message }
    throw error
  }
}

class LiteralProblem extends Error {}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '/': '/',
  '\n': '',
}

class LiteralReader {
  readonly #text: string
  readonly #words: ReadonlyMap<string, Literal>
  position = 0

  constructor(text: string, json: boolean) {
    this.#text = text
    const python: [string, Literal][] = [
      ['True', true],
      ['False', false],
      ['None', null],
    ]
    const lower: [string, Literal][] = [
      ['true', true],
      ['false', false],
      ['null', null],
    ]
    this.#words = new Map(json ? [...python, ...lower] : python)
  }

  skip(): void {
    const blank = /(?:\s|#[^\n]*)*/y
    blank.lastIndex = this.position
    blank.exec(this.#text)
    this.position = blank.lastIndex
  }

  unexpected(): string {
    const found = this.#text.slice(this.position, this.position + 12)
    return found === '' ? 'ends too early' : `cannot read "${found}" at ${this.position}`
  }

  value(depth: number): Literal {
    if (depth > 100) throw new LiteralProblem('nested more than 100 levels')
    this.skip()
    const character = this.#text[this.position]
    if (character === '{') return this.dictionary(depth)
    if (character === '[') return this.list(']', depth)
    if (character === '(') return this.tuple(depth)
    if (character === '"' || character === "'") return this.string(character)
    return this.scalar()
  }

  scalar(): Literal {
    const token = /[+-]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])|[A-Za-z]+(?!\w)/y
    token.lastIndex = this.position
    const found = token.exec(this.#text)?.[0]
    if (found === undefined) throw new LiteralProblem(this.unexpected())
    const word = this.#words.get(found)
    if (word === undefined && /^[A-Za-z]/.test(found)) throw new LiteralProblem(this.unexpected())
    this.position = token.lastIndex
    return word === undefined ? Number(found.replaceAll('_', '')) : word
  }

  string(quote: string): string {
    let result = ''
    for (let i = this.position + 1; i < this.#text.length; i++) {
      const character = this.#text[i]
      if (character === quote) {
        this.position = i + 1
        return result
      }
      if (character === '\n') break
      if (character !== '\\') {
        result += character
        continue
      }
      const next = this.#text[++i] ?? ''
      const hex = next === 'u' ? this.#text.slice(i + 1, i + 5) : next === 'x' ? this.#text.slice(i + 1, i + 3) : ''
      if (hex !== '' && /^[0-9a-fA-F]+$/.test(hex) && hex.length === (next === 'u' ? 4 : 2)) {
        result += String.fromCharCode(Number.parseInt(hex, 16))
        i += hex.length
      } else result += escapes[next] ?? `\\${next}`
    }
    throw new LiteralProblem(`a string that starts at ${this.position} does not end`)
  }

  list(close: string, depth: number): Literal[] {
    this.position++
    const entries: Literal[] = []
    for (;;) {
      this.skip()
      if (this.take(close)) return entries
      entries.push(this.value(depth + 1))
      this.skip()
      if (this.take(',')) continue
      if (this.take(close)) return entries
      throw new LiteralProblem(this.unexpected())
    }
  }

  tuple(depth: number): Literal {
    const start = this.position
    const entries = this.list(')', depth)
    const single = entries.length === 1 && !/,\s*\)$/.test(this.#text.slice(start, this.position))
    return single ? entries[0] : entries
  }

  dictionary(depth: number): ReadonlyMap<LiteralKey, Literal> {
    this.position++
    const entries = new Map<LiteralKey, Literal>()
    for (;;) {
      this.skip()
      if (this.take('}')) return entries
      const key = this.value(depth + 1)
      if (typeof key === 'object' && key !== null) throw new LiteralProblem('a key that is neither text nor a number')
      this.skip()
      if (!this.take(':')) throw new LiteralProblem(this.unexpected())
      entries.set(key, this.value(depth + 1))
      this.skip()
      if (this.take(',')) continue
      if (this.take('}')) return entries
      throw new LiteralProblem(this.unexpected())
    }
  }

  take(character: string): boolean {
    if (this.#text[this.position] !== character) return false
    this.position++
    return true
  }
}
