import {
  assertColumnName,
  type ColumnData,
  type ColumnName,
  type Failure,
  GuerdonError,
  levelOf,
  type RolloutBatch,
  type Signal,
} from '@guerdon/core'
import type { BinaryBatch, BinaryColumn } from './layout.ts'

/** The rollout batch in a binary one. Ids come from `metadata.groupIds` and `metadata.rolloutIds`, else they are indices. */
export function batchOfBinary(given: BinaryBatch): RolloutBatch {
  const { metadata, groupOffsets, turnOffsets, tokenOffsets, turnSpans } = given
  const columns = new Map<ColumnName, ColumnData>()
  for (const column of given.columns) {
    assertColumnName(column.name)
    if (levelOf(column.name) !== column.level || columns.has(column.name)) {
      throw new GuerdonError(
        'invalid_input',
        `expected each column once, at its own level; got ${column.name} at level ${column.level}`,
        { path: [column.name] },
      )
    }
    columns.set(column.name, signalOf(column))
  }
  return {
    groupIds: idsOf(metadata, 'groupIds', groupOffsets.length - 1),
    rolloutIds: idsOf(metadata, 'rolloutIds', tokenOffsets.length - 1),
    groupOffsets,
    turnOffsets,
    tokenOffsets,
    turnSpans,
    columns,
  }
}

/** The structure of `batch` with its numeric columns `names`, for an answer. */
export function binaryOfBatch(
  batch: RolloutBatch,
  names: readonly ColumnName[],
  { metadata, float32 }: { readonly metadata: Readonly<Record<string, unknown>>; readonly float32: boolean },
): BinaryBatch {
  const failures: { column: string; index: number; class: string; message: string }[] = []
  const columns = names.flatMap((name): BinaryColumn[] => {
    const column = batch.columns.get(name)
    if (column?.kind !== 'number') return []
    for (const [index, { class: failureClass, message }] of column.failures) {
      if (failures.length < 100) failures.push({ column: name, index, class: failureClass, message })
    }
    const values = float32 ? Float32Array.from(column.values) : column.values
    const status = column.status.some(code => code !== 0) ? { status: column.status } : {}
    return [{ name, level: column.level, values, ...status }]
  })
  const { groupOffsets, turnOffsets, tokenOffsets, turnSpans } = batch
  return { metadata: { ...metadata, failures }, groupOffsets, turnOffsets, tokenOffsets, turnSpans, columns }
}

function signalOf({ name, level, values, status: given }: BinaryColumn): Signal {
  const size = values.length
  const status = given === undefined ? new Uint8Array(size) : Uint8Array.from(given)
  const failures = new Map<number, Failure>()
  const kept = Float64Array.from(values)
  for (let i = 0; i < size; i++) {
    if (status[i] !== 0) kept[i] = Number.NaN
    else if (!Number.isFinite(kept[i])) {
      throw new GuerdonError('not_finite', `expected a finite number; got ${kept[i]} — ${name}[${i}]`, {
        path: [name, i],
        hint: 'give an entry without a number the status 1 (abstained) or 2 (failed)',
      })
    }
    if (status[i] === 2) failures.set(i, { class: 'bug', message: 'failed before it was sent' })
  }
  return { kind: 'number', level, values: kept, status, failures, reasons: new Map() }
}

function idsOf(metadata: Readonly<Record<string, unknown>>, name: string, size: number): readonly string[] {
  const given = metadata[name]
  if (given === undefined) return Array.from({ length: size }, (_, i) => String(i))
  const sound = Array.isArray(given) && given.length === size && given.every(id => typeof id === 'string' && id !== '')
  if (sound && new Set(given).size === size) return given as string[]
  throw new GuerdonError('invalid_input', `expected ${size} different ids; got others — metadata.${name}`, {
    path: ['metadata', name],
  })
}
