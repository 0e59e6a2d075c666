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
  /** The error that led to this one. */
  cause?: unknown
}

/**
 * The one error class of Guerdon. `message` follows one pattern: what was expected — what came — where; `hint` says what
 * to do. `code` is stable and is what programs should test.
 */
export class GuerdonError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly path: ErrorPath | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'GuerdonError'
    this.code = code
    this.hint = details.hint
    this.path = details.path
  }

  /** The form sent over the wire and printed by `--json`. */
  toJSON(): { code: ErrorCode; message: string; hint?: string; path?: ErrorPath } {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.path === undefined ? {} : { path: this.path }),
    }
  }
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
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

/** The candidate nearest to `name` by edit distance, if one is near enough to be worth suggesting. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
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
