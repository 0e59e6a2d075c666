import { levelSize, type RolloutBatch } from './batch.ts'
import { levelOf } from './column-sinks.ts'
import { GuerdonError, nearestName } from './errors.ts'
import { type ColumnData, levels, type Signal, Status } from './signal.ts'
import type { ColumnName } from './stage.ts'

/** The signal `name`. Throws `missing_column`, or `invalid_input` when the column is text or json. */
export function numbers(batch: RolloutBatch, name: ColumnName, about?: string): Signal {
  return required(batch, name, 'number', about) as Signal
}

/** The entries of text column `name`, `undefined` where absent. Throws like `numbers`. */
export function texts(batch: RolloutBatch, name: ColumnName, about?: string): readonly (string | undefined)[] {
  return required(batch, name, 'text', about).values as readonly (string | undefined)[]
}

/** The entries of json column `name`, `undefined` where absent. Throws like `numbers`. */
export function json(batch: RolloutBatch, name: ColumnName, about?: string): readonly unknown[] {
  return required(batch, name, 'json', about).values as readonly unknown[]
}

/** Like `numbers`, but `undefined` when the batch has no such column. */
export function optionalNumbers(batch: RolloutBatch, name: ColumnName): Signal | undefined {
  return batch.columns.has(name) ? numbers(batch, name) : undefined
}

/** Like `texts`, but `undefined` when the batch has no such column. */
export function optionalTexts(batch: RolloutBatch, name: ColumnName): readonly (string | undefined)[] | undefined {
  return batch.columns.has(name) ? texts(batch, name) : undefined
}

/** Like `json`, but `undefined` when the batch has no such column. */
export function optionalJson(batch: RolloutBatch, name: ColumnName): readonly unknown[] | undefined {
  return batch.columns.has(name) ? json(batch, name) : undefined
}

/** [N] 1 for each token the policy wrote: `token.mask`, and 1 where a token or the whole batch has no mask. */
export function tokenMask(batch: RolloutBatch): Uint8Array {
  const mask = new Uint8Array(levelSize(batch, 'token')).fill(1)
  const column = optionalNumbers(batch, 'token.mask')
  if (column === undefined) return mask
  for (let i = 0; i < mask.length; i++) if (column.status[i] === Status.scored && column.values[i] === 0) mask[i] = 0
  return mask
}

/**
 * The same batch with `columns` added or replaced. Throws `invalid_input` when a name does not start with a level or
 * with the level of its column, `shape_mismatch` when a column is not as long as its level.
 */
export function withColumns(
  batch: RolloutBatch,
  columns: Readonly<Record<ColumnName, ColumnData>> | Iterable<readonly [ColumnName, ColumnData]>,
): RolloutBatch {
  const merged = new Map(batch.columns)
  const entries = Symbol.iterator in columns ? columns : (Object.entries(columns) as [ColumnName, ColumnData][])
  for (const [name, data] of entries) {
    assertColumnName(name)
    if (levelOf(name) !== data.level) {
      throw new GuerdonError('invalid_input', `expected column ${name} at level ${levelOf(name)}; got ${data.level}`, {
        path: [name],
      })
    }
    const size = levelSize(batch, data.level)
    if (data.values.length !== size) {
      throw new GuerdonError(
        'shape_mismatch',
        `expected column ${name} to have one entry for each of ${size} ${data.level}s; got ${data.values.length}`,
        { path: [name] },
      )
    }
    merged.set(name, data)
  }
  return { ...batch, columns: merged }
}

/** The same batch without the named columns; names it does not have are ignored. */
export function withoutColumns(batch: RolloutBatch, names: Iterable<ColumnName>): RolloutBatch {
  const columns = new Map(batch.columns)
  for (const name of names) columns.delete(name)
  return { ...batch, columns }
}

/** Throws `invalid_input` unless `name` is `level.something`. */
export function assertColumnName(name: string): asserts name is ColumnName {
  const dot = name.indexOf('.')
  if (dot > 0 && dot < name.length - 1 && (levels as readonly string[]).includes(name.slice(0, dot))) return
  throw new GuerdonError('invalid_input', `expected a column name such as rollout.score; got "${name}"`, {
    path: [name],
    hint: `start it with ${levels.map(level => `${level}.`).join(', ')}`,
  })
}

function required(batch: RolloutBatch, name: ColumnName, kind: ColumnData['kind'], about?: string): ColumnData {
  const column = batch.columns.get(name)
  if (column === undefined) {
    const near = nearestName(name, batch.columns.keys())
    throw new GuerdonError(
      'missing_column',
      `expected ${kind} column ${name}${about === undefined ? '' : ` (${about})`}; got only ${[...batch.columns.keys()].join(', ') || 'a batch without columns'}`,
      {
        path: [name],
        expected: about ?? `a ${kind} column`,
        got: 'nothing',
        hint: near === undefined ? 'put it into the records or let an earlier stage write it' : `did you mean ${near}?`,
      },
    )
  }
  if (column.kind !== kind) {
    throw new GuerdonError('invalid_input', `expected column ${name} to hold ${kind}; got ${column.kind}`, {
      path: [name],
      expected: kind,
      got: column.kind,
    })
  }
  return column
}
