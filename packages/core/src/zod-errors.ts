import type * as z from 'zod'
import { describeValue, type ErrorPath, nearestName } from './errors.ts'

type Issue = z.core.$ZodIssue

/** One broken expectation, in the words error messages are made of. */
export interface Expectation {
  readonly path: ErrorPath
  readonly expected: string
  readonly got: string
  readonly hint?: string
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a finite number',
  int: 'an integer',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  nan: 'NaN',
}

/**
 * The first issue of a failed zod parse of `input`, said as what was expected and what came. `known` are the keys to
 * suggest when an unknown one was met.
 */
export function firstExpectation(error: z.ZodError, input: unknown, known: readonly string[] = []): Expectation {
  const issue = deepest(error.issues[0])
  const path = issue.path.map(part => (typeof part === 'number' ? part : String(part)))
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]
    const near = nearestName(key, known)
    return {
      path: [...path, key],
      expected: known.length > 0 ? `one of the fields ${known.join(', ')}` : 'no further field',
      got: `the field ${describeValue(key)}`,
      ...(near === undefined ? {} : { hint: `did you mean ${near}?` }),
    }
  }
  const value = path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<string | number, unknown>)[key] : undefined,
    input,
  )
  return { path, expected: expectedText(issue), got: value === undefined ? 'nothing' : describeValue(value) }
}

/** An unmatched union is reported by the branch that got furthest into the value. */
function deepest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue
  let best: Issue | undefined
  for (const branch of issue.errors) {
    for (const inner of branch) {
      const nested = deepest(inner)
      if (nested.path.length > (best?.path.length ?? 0)) best = nested
    }
  }
  return best === undefined ? issue : ({ ...best, path: [...issue.path, ...best.path] } as Issue)
}

function expectedText(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return kinds[issue.expected] ?? issue.expected
    case 'invalid_value':
      return issue.values.length === 1
        ? describeValue(issue.values[0])
        : `one of ${issue.values.map(describeValue).join(', ')}`
    case 'too_small':
      return `${sizeWord(issue.origin)} ${issue.inclusive === false ? '>' : '≥'} ${issue.minimum}`
    case 'too_big':
      return `${sizeWord(issue.origin)} ${issue.inclusive === false ? '<' : '≤'} ${issue.maximum}`
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`
    default:
      return issue.message.replace(/^expected /, '')
  }
}

function sizeWord(origin: string): string {
  return origin === 'string' || origin === 'array' || origin === 'set' ? 'a length' : 'a number'
}
