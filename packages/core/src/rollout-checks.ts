import { describeValue, type ErrorCode, type ErrorPath, formatPath, GuerdonError } from './errors.ts'
import { failed, type Outcome, scored } from './outcome.ts'
import {
  isNonFiniteText,
  outcomeSchema,
  type Rollout,
  rolloutSchema,
  type TokenNumbers,
  type Turn,
  turnSchema,
  type WireOutcome,
} from './rollout.ts'
import type { ColumnName } from './stage.ts'
import { firstExpectation } from './zod-errors.ts'

/** What is wrong with one rollout. */
export interface RolloutFault {
  readonly rollout: string
  readonly path: ErrorPath
  readonly expected: string
  readonly got: string
  readonly code?: ErrorCode
  readonly hint?: string
}

/** The error for a faulty rollout: `expected … ; got … — rollout "r7", turns[1].span`. */
export function rolloutError(fault: RolloutFault): GuerdonError {
  const field = fault.path.length > 0 ? `, ${formatPath(fault.path)}` : ''
  return new GuerdonError(
    fault.code ?? 'invalid_input',
    `expected ${fault.expected}; got ${fault.got} — rollout ${describeValue(fault.rollout)}${field}`,
    {
      path: fault.path,
      rollout: fault.rollout,
      expected: fault.expected,
      got: fault.got,
      ...(fault.hint === undefined ? {} : { hint: fault.hint }),
    },
  )
}

/** A checked rollout with what its shape says. */
export interface CheckedRollout {
  readonly rollout: Rollout
  /** The given turns, or one that covers the response. */
  readonly turns: readonly Turn[]
  readonly tokenCount: number
  /** Spans count tokens; otherwise UTF-16 units of the response. */
  readonly spansCountTokens: boolean
  /** Kinds of the custom columns of this record, by column name. */
  readonly kinds: ReadonlyMap<ColumnName, 'number' | 'text' | 'json'>
}

/** Names that have their own field in the record, by the level of the custom column that would shadow them. */
const ownFields: Readonly<Record<string, string>> = {
  'group.prompt': 'prompt',
  'rollout.prompt': 'prompt',
  'rollout.promptMessages': 'prompt',
  'rollout.response': 'response',
  'rollout.reference': 'reference',
  'rollout.messages': 'messages',
  'rollout.meta': 'meta',
  'rollout.outcome': 'outcome',
  'turn.action': 'action',
  'turn.observation': 'observation',
  'turn.reward': 'reward',
  'turn.state': 'state',
  'turn.toolCalls': 'toolCalls',
  'turn.done': 'done',
  'turn.textStart': 'span',
  'turn.textEnd': 'span',
  'token.id': 'ids',
  'token.text': 'texts',
  'token.logprob': 'logprobs',
  'token.refLogprob': 'refLogprobs',
  'token.entropy': 'entropies',
  'token.value': 'values',
}

const missingHint = 'leave out what is missing (absent or null) instead of sending NaN or Infinity'

/**
 * Checks one record in full: types, finite numbers, equal lengths of token arrays, spans inside and in order.
 * `index` names a record that has no id. Throws `invalid_input` or `not_finite` naming rollout, field, expected, got.
 */
export function checkRollout(record: unknown, index: number): CheckedRollout {
  const id = recordId(record) ?? `#${index}`
  const parsed = rolloutSchema.safeParse(record)
  if (!parsed.success) {
    const nestedInTurn = parsed.error.issues[0].path[0] === 'turns'
    const known = Object.keys(nestedInTurn ? turnSchema.shape : rolloutSchema.shape)
    const fault = firstExpectation(parsed.error, record, known)
    const value = valueAt(record, fault.path)
    const nonFinite = isNonFiniteText(value) || (typeof value === 'number' && !Number.isFinite(value))
    throw rolloutError({
      rollout: id,
      ...fault,
      code: nonFinite ? 'not_finite' : 'invalid_input',
      ...(nonFinite
        ? { hint: missingHint }
        : fault.expected.startsWith('one of the fields')
          ? unknownFieldHint(fault.hint)
          : {}),
    })
  }
  const rollout = parsed.data
  const tokens = checkTokens(rollout)
  const spansCountTokens = tokens !== undefined
  const tokenCount = tokens ?? 0
  const length = tokens ?? rollout.response?.length
  const turns = rollout.turns ?? [wholeTurn(rollout, length)]
  checkSpans(rollout, turns, length, spansCountTokens)
  return { rollout, turns, tokenCount, spansCountTokens, kinds: customKinds(rollout) }
}

/** The id of a record that may be broken in other ways. */
export function recordId(record: unknown): string | undefined {
  if (typeof record !== 'object' || record === null || !('id' in record)) return undefined
  return typeof record.id === 'string' && record.id !== '' ? record.id : undefined
}

/** A custom cell in the form the batch stores it: an outcome, text, json, or nothing. */
export type Cell =
  | { readonly kind: 'number'; readonly outcome: Outcome }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'json'; readonly json: unknown }

/** How a value of a custom column is kept; `undefined` when it is absent. Booleans become 1 and 0. */
export function readCell(value: unknown): Cell | undefined {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'number') return { kind: 'number', outcome: scored(value) }
  if (typeof value === 'boolean') return { kind: 'number', outcome: scored(value ? 1 : 0) }
  if (typeof value === 'string') return { kind: 'text', text: value }
  const outcome = outcomeSchema.safeParse(value)
  if (outcome.success) return { kind: 'number', outcome: readOutcome(outcome.data) }
  return { kind: 'json', json: value }
}

/** The outcome a wire value stands for. */
export function readOutcome(value: WireOutcome): Outcome {
  if (typeof value === 'number') return scored(value)
  if (value.status === 'failed') return failed(value.failure.class, value.failure.message, value.failure.component)
  return value
}

function unknownFieldHint(near: string | undefined): { hint: string } {
  const rule = 'put what stages read into columns and the rest into meta'
  return { hint: near === undefined ? rule : `${near} otherwise ${rule}` }
}

function wholeTurn(rollout: Rollout, length: number | undefined): Turn {
  return { action: rollout.response ?? null, span: length === undefined ? null : [0, length] }
}

/** Number of tokens, `undefined` without token arrays; throws unless all are equally long and the mask holds 0 and 1. */
function checkTokens(rollout: Rollout): number | undefined {
  let first: string | undefined
  let count: number | undefined
  for (const [name, values] of Object.entries(rollout.tokens ?? {})) {
    if (values === null || values === undefined) continue
    const path = ['tokens', name]
    if (`token.${name}` in ownFields || !/^[A-Za-z][\w.-]*$/.test(name)) {
      throw rolloutError({
        rollout: rollout.id,
        path,
        expected: 'a free name for a token array',
        got: describeValue(name),
        hint:
          ownFields[`token.${name}`] === undefined
            ? 'use letters, digits, ".", "_" and "-"'
            : `use ${ownFields[`token.${name}`]}`,
      })
    }
    const length = (values as ArrayLike<unknown>).length
    if (first === undefined) {
      first = name
      count = length
    } else if (length !== count) {
      throw rolloutError({
        rollout: rollout.id,
        path,
        expected: `${count} entries like tokens.${first}`,
        got: `${length}`,
        code: 'shape_mismatch',
        hint: 'token arrays run in parallel; write null where a token has no value',
      })
    }
  }
  const mask = rollout.tokens?.mask as TokenNumbers | null | undefined
  for (let i = 0; i < (mask?.length ?? 0); i++) {
    const value = mask?.[i]
    if (value !== 0 && value !== 1 && value !== null) {
      throw rolloutError({
        rollout: rollout.id,
        path: ['tokens', 'mask', i],
        expected: '1 for a token of the policy, 0 for any other',
        got: `${value}`,
      })
    }
  }
  return count
}

function checkSpans(
  rollout: Rollout,
  turns: readonly Turn[],
  length: number | undefined,
  spansCountTokens: boolean,
): void {
  const unit = spansCountTokens ? 'tokens' : 'UTF-16 units'
  let previousEnd = 0
  let previousTurn = -1
  turns.forEach(({ span }, index) => {
    if (span === null || span === undefined) return
    const [start, end] = span
    const path = ['turns', index, 'span']
    const got = `[${start}, ${end})`
    if (length === undefined) {
      throw rolloutError({
        rollout: rollout.id,
        path,
        expected: 'a response or tokens for the span to point into',
        got: `${got} and neither`,
      })
    }
    if (start > end || end > length) {
      const what = spansCountTokens ? 'the tokens' : 'the response'
      throw rolloutError({ rollout: rollout.id, path, expected: `a span inside ${what}, [0, ${length}) ${unit}`, got })
    }
    if (start < previousEnd) {
      throw rolloutError({
        rollout: rollout.id,
        path,
        expected: `a start ≥ ${previousEnd}, where turns[${previousTurn}] ends`,
        got,
        hint: 'turns follow one another in the order of the text and do not overlap',
      })
    }
    previousEnd = end
    previousTurn = index
  })
}

function customKinds(rollout: Rollout): Map<ColumnName, 'number' | 'text' | 'json'> {
  const kinds = new Map<ColumnName, 'number' | 'text' | 'json'>()
  const take = (level: string, path: ErrorPath, columns: Readonly<Record<string, unknown>> | null | undefined) => {
    for (const [name, value] of Object.entries(columns ?? {})) {
      const column = `${level}.${name}` as ColumnName
      const own = ownFields[column]
      const at = { rollout: rollout.id, path: [...path, name] }
      if (own !== undefined) {
        throw rolloutError({
          ...at,
          expected: 'a free column name',
          got: describeValue(name),
          hint: `use the field ${own}`,
        })
      }
      if (isNonFiniteText(value) || (typeof value === 'number' && !Number.isFinite(value))) {
        throw rolloutError({
          ...at,
          expected: 'a finite number',
          got: describeValue(value),
          code: 'not_finite',
          hint: missingHint,
        })
      }
      const kind = readCell(value)?.kind
      if (kind === undefined) continue
      const before = kinds.get(column)
      if (before !== undefined && before !== kind) {
        throw rolloutError({
          ...at,
          expected: `${before} like the turns before`,
          got: `${kind} (${describeValue(value)})`,
        })
      }
      kinds.set(column, kind)
    }
  }
  take('group', ['groupColumns'], rollout.groupColumns)
  take('rollout', ['columns'], rollout.columns)
  rollout.turns?.forEach((turn, index) => {
    take('turn', ['turns', index, 'columns'], turn.columns)
  })
  for (const [name, values] of Object.entries(rollout.tokens ?? {})) {
    if (values === null || values === undefined) continue
    const texts = Array.isArray(values) && values.some(value => typeof value === 'string')
    kinds.set(`token.${name}`, texts ? 'text' : 'number')
  }
  return kinds
}

function valueAt(record: unknown, path: ErrorPath): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<string | number, unknown>)[key] : undefined,
    record,
  )
}
