import { customKinds, ownFields } from './custom-columns.ts'
import { describeValue, type ErrorPath } from './errors.ts'
import { DEEPEST, unsoundPlace } from './record-shape.ts'
import { isNonFiniteText, type Rollout, rolloutSchema, type TokenNumbers, type Turn, turnSchema } from './rollout.ts'
import { missingHint, rolloutError } from './rollout-error.ts'
import type { ColumnName } from './stage.ts'
import { firstExpectation } from './zod-errors.ts'

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

/**
 * Checks one record in full: types, finite numbers, equal lengths of token arrays, spans inside and in order.
 * `index` names a record that has no id. Throws `invalid_input` or `not_finite` naming rollout, field, expected, got.
 */
export function checkRollout(record: unknown, index: number): CheckedRollout {
  const id = recordId(record) ?? `#${index}`
  const unsound = unsoundPlace(record)
  if (unsound !== undefined) {
    const deep = unsound.length > DEEPEST
    throw rolloutError({
      rollout: id,
      path: deep ? unsound.slice(0, 3) : unsound,
      expected: deep ? `data nested at most ${DEEPEST} deep` : 'another name for a field',
      got: deep ? 'deeper nesting' : '"__proto__"',
    })
  }
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

function valueAt(record: unknown, path: ErrorPath): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<string | number, unknown>)[key] : undefined,
    record,
  )
}
