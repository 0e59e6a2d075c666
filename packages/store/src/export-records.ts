import { GuerdonError, type JsonRecord } from '@guerdon/core'
import { findLayout, type Layout } from './layouts/index.ts'
import type { Store } from './open-store.ts'
import type { PlainRow } from './query.ts'
import { preferenceOfRow, rolloutOfRow } from './records.ts'

/** What of a store is read. */
export interface Selection {
  readonly run?: string
  /** A condition in SQL on the columns of `rollouts` or `preferences`. */
  readonly where?: string
}

/**
 * The rows of `rollouts` or `preferences` that a selection takes, in the order they were appended, a chunk at a time.
 *
 * @throws invalid_input for a condition that is not SQL
 */
export async function* selectedRows(
  store: Store,
  table: 'rollouts' | 'preferences',
  { run, where }: Selection,
): AsyncGenerator<PlainRow> {
  const conditions = [...(run === undefined ? [] : ['run = $1']), ...(where === undefined ? [] : [`(${where}\n)`])]
  const filter = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  const sql = `SELECT * FROM ${table} ${filter} ORDER BY batch, position`
  for await (const chunk of store.stream(sql, run === undefined ? [] : [run])) yield* chunk
}

/** Records being read out of a store. */
export interface ExportedRecords {
  readonly layout: Layout
  readonly records: AsyncIterable<JsonRecord>
  /** Rollouts that were kept without their texts, which no file of records can have. Counted while `records` is read. */
  readonly withoutTexts: () => number
}

/**
 * What a selection takes, as records of a layout (default the rollout record of this house).
 *
 * @throws unknown_name, unsupported for a layout that is only read or has no form for what is selected
 */
export function exportRecords(store: Store, selection: Selection & { readonly layout?: string } = {}): ExportedRecords {
  const layout = findLayout(selection.layout ?? 'guerdon')
  if (layout.write === undefined) {
    throw new GuerdonError(
      'unsupported',
      `expected a layout that can be written; got ${layout.name}, which is only read`,
    )
  }
  let withoutTexts = 0
  async function* records(): AsyncGenerator<JsonRecord> {
    for await (const row of selectedRows(store, layout.holds, selection)) {
      if (layout.holds === 'preferences') {
        yield layout.write?.(preferenceOfRow(row)) ?? {}
        continue
      }
      const rollout = rolloutOfRow(row)
      if (rollout === undefined) withoutTexts++
      else yield layout.write?.(rollout) ?? {}
    }
  }
  return { layout, records: records(), withoutTexts: () => withoutTexts }
}

/** Types of the columns of a Parquet file of rollout records: what may have any shape is JSON. */
export const rolloutColumnTypes: Readonly<Record<string, string>> = {
  id: 'VARCHAR',
  group: 'VARCHAR',
  prompt: 'JSON',
  response: 'VARCHAR',
  messages: 'JSON',
  turns: 'JSON',
  tokens: 'JSON',
  outcome: 'JSON',
  reference: 'JSON',
  meta: 'JSON',
  columns: 'JSON',
  groupColumns: 'JSON',
}
