import { GuerdonError, type Preference, type Rollout } from '@guerdon/core'
import { isWellFormed, wellFormed } from './well-formed.ts'

/** Columns of text, and what is left of a record as JSON. */
interface SplitRecord {
  readonly texts: Readonly<Record<string, string | null>>
  readonly record: string
}

/**
 * Takes the named fields out of a record where they are text. A text with half a surrogate pair, which no UTF-8 file can
 * hold, stays in the JSON, where it is escaped; its column gets it with the replacement character.
 */
function splitRecord(record: object, fields: readonly string[]): SplitRecord {
  const rest: Record<string, unknown> = { ...record }
  const texts: Record<string, string | null> = {}
  for (const field of fields) {
    const value = rest[field]
    texts[field] = typeof value === 'string' ? wellFormed(value) : null
    if (typeof value === 'string' && isWellFormed(value)) delete rest[field]
  }
  return { texts, record: JSON.stringify(rest, listsForArrays) }
}

/** `row` is a row as `query` gives it: its JSON parsed. */
function joinRecord(row: Readonly<Record<string, unknown>>, fields: readonly string[]): Record<string, unknown> {
  const rest = row['record'] as Record<string, unknown>
  const record: Record<string, unknown> = {}
  for (const field of fields) {
    const value = field in rest ? rest[field] : row[field]
    if (value !== null && value !== undefined) record[field] = value
  }
  return Object.assign(record, rest)
}

function listsForArrays(key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new GuerdonError('not_finite', `expected finite numbers to keep; got ${value} in field "${key}"`, {
      path: [key],
      hint: 'leave out what is missing (absent or null)',
    })
  }
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
    ? Array.from(value as unknown as ArrayLike<number>)
    : value
}

const rolloutTexts = ['id', 'prompt', 'response'] as const

/** A rollout record as the columns `id`, `group_id`, `prompt`, `response`, `outcome`, `turns`, `tokens` and `record`. */
export function rolloutCells(rollout: Rollout) {
  const { texts, record } = splitRecord(rollout, rolloutTexts)
  const tokens = Object.values(rollout.tokens ?? {}).find(values => values !== null && values !== undefined)
  return {
    id: texts['id'],
    group_id: wellFormed(rollout.group ?? rollout.id),
    prompt: texts['prompt'],
    response: texts['response'],
    outcome: typeof rollout.outcome === 'number' ? rollout.outcome : null,
    turns: rollout.turns?.length ?? null,
    tokens: (tokens as ArrayLike<unknown> | undefined)?.length ?? null,
    record,
  }
}

/** The record of a row of `rollouts`; undefined when it was kept without its texts. */
export function rolloutOfRow(row: Readonly<Record<string, unknown>>): Rollout | undefined {
  if (row['record'] === null) return undefined
  const { id, group, prompt, ...rest } = joinRecord(row, rolloutTexts) as Rollout
  return { id, ...(group === undefined ? {} : { group }), prompt, ...rest }
}

const preferenceTexts = ['id', 'kind', 'prompt', 'chosen', 'rejected'] as const

/** A preference as the columns of its table. */
export function preferenceCells(preference: Preference) {
  const { texts, record } = splitRecord(preference, preferenceTexts)
  const { label, margin } = preference as { label?: number; margin?: number }
  return {
    id: texts['id'],
    kind: texts['kind'],
    prompt: texts['prompt'],
    chosen: texts['chosen'],
    rejected: texts['rejected'],
    label: label ?? null,
    margin: margin ?? null,
    record,
  }
}

/** The preference of a row of `preferences`. */
export function preferenceOfRow(row: Readonly<Record<string, unknown>>): Preference {
  return joinRecord(row, preferenceTexts) as unknown as Preference
}
