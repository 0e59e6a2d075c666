import {
  type ColumnName,
  GuerdonError,
  json,
  type Outcome,
  optionalJson,
  outcomeAt,
  type RolloutBatch,
  type Signal,
  Status,
  signalFromOutcomes,
} from '@guerdon/core'

/** Indices of the scored items, ascending. */
export function scoredIndices(column: Signal): Int32Array {
  const indices = new Int32Array(column.values.length)
  let count = 0
  for (let i = 0; i < indices.length; i++) if (column.status[i] === Status.scored) indices[count++] = i
  return indices.subarray(0, count)
}

/**
 * A signal like `column` in which item `indices[k]` has `values[k]`; every other item keeps its outcome unless `outcomes`
 * has one for it.
 */
export function withScored(
  column: Signal,
  indices: ArrayLike<number>,
  values: ArrayLike<number>,
  outcomes: ReadonlyMap<number, Outcome> = new Map(),
): Signal {
  const result = Array.from(column.values, (_, i) => outcomes.get(i) ?? outcomeAt(column, i))
  for (let k = 0; k < indices.length; k++) result[indices[k]] = { status: 'scored', value: values[k] }
  return signalFromOutcomes(column.level, result)
}

/**
 * A column of structured values at rollout level as lists of finite numbers; undefined where a rollout has none.
 *
 * @throws invalid_input naming the rollout whose entry is something else; missing_column unless `optional`
 */
export function numberLists(
  batch: RolloutBatch,
  name: ColumnName,
  options: { readonly optional?: boolean; readonly about?: string } = {},
): readonly (readonly number[] | undefined)[] {
  const column = options.optional ? optionalJson(batch, name) : json(batch, name, options.about)
  return batch.rolloutIds.map((id, r) => {
    const value = column?.[r]
    if (value === undefined || value === null) return undefined
    if (Array.isArray(value) && value.every(entry => typeof entry === 'number' && Number.isFinite(entry))) return value
    throw new GuerdonError(
      'invalid_input',
      `expected ${name} to be a list of finite numbers; rollout "${id}" has none`,
      {
        path: [name, r],
        rollout: id,
        hint: 'leave the column out of records that have no value',
      },
    )
  })
}
