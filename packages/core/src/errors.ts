/** Where in the input something was found: names and indices from the outside in, e.g. `['rollouts', 3, 'tokens', 'logprobs', 17]`. */
export type ErrorPath = readonly (string | number)[]

/** Stable machine-readable names of what can go wrong. Texts may change, codes may not. */
export type ErrorCode =
  | 'invalid_input'
  | 'invalid_option'
  | 'missing_column'
  | 'unknown_name'
  | 'shape_mismatch'
  | 'not_finite'
  | 'empty'
  | 'parse'
  | 'version'
  | 'state'
  | 'io'
  | 'aborted'
  | 'timeout'
  | 'unsupported'
  | 'internal'

/** The further facts an error may carry. */
export interface ErrorDetails {
  /** What the reader can do about it, one sentence. */
  hint?: string
  /** Where the offending value stands. */
  path?: ErrorPath
  /** The file and line (from 1) a record came from. */
  file?: string
  line?: number
  /** Id of the rollout at fault. */
  rollout?: string
  /** What was expected, and a short rendering of what came, for programs that lay errors out themselves. */
  expected?: string
  got?: string
  /** The error that led to this one. */
  cause?: unknown
}

/** The JSON form of an error. */
export interface ErrorReport {
  code: ErrorCode
  message: string
  hint?: string
  path?: ErrorPath
  file?: string
  line?: number
  rollout?: string
  expected?: string
  got?: string
}

/**
 * The one error class of Guerdon. `message` follows one pattern: what was expected — what came — where; `hint` says what
 * to do. `code` is stable and is what programs should test.
 */
export class GuerdonError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly path: ErrorPath | undefined
  readonly file: string | undefined
  readonly line: number | undefined
  readonly rollout: string | undefined
  readonly expected: string | undefined
  readonly got: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'GuerdonError'
    this.code = code
    this.hint = details.hint
    this.path = details.path
    this.file = details.file
    this.line = details.line
    this.rollout = details.rollout
    this.expected = details.expected
    this.got = details.got
  }

  /** The form sent over the wire and printed by `--json`. */
  toJSON(): ErrorReport {
    const report: ErrorReport = { code: this.code, message: this.message }
    for (const key of ['hint', 'path', 'file', 'line', 'rollout', 'expected', 'got'] as const) {
      if (this[key] !== undefined) Object.assign(report, { [key]: this[key] })
    }
    return report
  }
}

/** The same error with more known about where it happened. */
export function located(error: GuerdonError, where: Pick<ErrorDetails, 'file' | 'line' | 'rollout'>): GuerdonError {
  return new GuerdonError(error.code, error.message, {
    hint: error.hint,
    path: error.path,
    expected: error.expected,
    got: error.got,
    cause: error.cause,
    file: where.file ?? error.file,
    line: where.line ?? error.line,
    rollout: where.rollout ?? error.rollout,
  })
}

/** `rollouts[3].tokens.logprobs[17]` from a path. */
export function formatPath(path: ErrorPath): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else text += text === '' ? part : `.${part}`
  }
  return text
}

/** A short, safe rendering of any value for an error message: at most 60 characters, control characters escaped. */
export function describeValue(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint' || value === undefined) return String(value)
  let text: string
  try {
    text = JSON.stringify(value) ?? String(value)
  } catch {
    text = Object.prototype.toString.call(value)
  }
  return escapeControls(text.length > 60 ? `${text.slice(0, 57)}…` : text)
}

/**
 * `text` with every character that can move a cursor, colour a terminal or reorder a line shown as `\\u{hex}`: C0 and C1
 * controls, DEL, line and paragraph separators, bidirectional marks and overrides, lone surrogates.
 */
export function escapeControls(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu,
    unit => `\\u{${(unit.codePointAt(0) ?? 0).toString(16)}}`,
  )
}

/** The candidate nearest to `name` by edit distance, if one is near enough to be worth suggesting. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  // Short names must share something: two letters that are both wrong are no misspelling.
  let bestDistance = Math.min(Math.max(2, Math.floor(name.length / 3)), name.length - 1) + 1
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/**
 * The entry called `name`. Throws `unknown_name`, suggesting the nearest name or else what `hint` says.
 *
 * @param kind what is looked for, such as `method`
 */
export function findNamed<T>(
  name: string,
  entries: readonly T[],
  options: { readonly kind: string; readonly nameOf: (entry: T) => string; readonly hint: string },
): T {
  const { kind, nameOf, hint } = options
  const found = entries.find(entry => nameOf(entry) === name)
  if (found !== undefined) return found
  const nearest = nearestName(name, entries.map(nameOf))
  throw new GuerdonError('unknown_name', `there is no ${kind} "${name}"`, {
    hint: nearest === undefined ? hint : `did you mean "${nearest}"? ${hint}`,
  })
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(previous[j] + 1, current[j - 1] + 1, substitution))
    }
    previous = current
  }
  return previous[b.length]
}
