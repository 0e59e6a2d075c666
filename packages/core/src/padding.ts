import type { RolloutBatch } from './batch.ts'
import { emptySignal } from './column-sinks.ts'
import { GuerdonError } from './errors.ts'
import { type Signal, Status } from './signal.ts'

export interface PaddingOptions {
  /** Where the padding goes. `right` (default): row r starts at column 0; `left`: row r ends at the last column. */
  side?: 'left' | 'right'
  /** What stands where there is nothing, unscored items included. Default 0. */
  value?: number
  /** Number of columns T; the longest row unless told. */
  length?: number
}

/** Rows padded to one length, row by row. */
export interface Padded {
  /** [B·T] */
  readonly values: Float64Array
  /** [B·T] 1 where a scored item stands, 0 for padding and unscored items. */
  readonly mask: Uint8Array
  readonly rows: number
  readonly length: number
  readonly side: 'left' | 'right'
}

/**
 * A turn or token signal as a padded matrix [B][T], one row for each rollout, as trainers want it. Throws `shape_mismatch`
 * when `length` is shorter than a row, `unsupported` for other levels.
 */
export function padSignal(batch: RolloutBatch, column: Signal, options: PaddingOptions = {}): Padded {
  const offsets = rowOffsets(batch, column.level)
  const { side = 'right', value = 0 } = options
  const rows = batch.rolloutIds.length
  let longest = 0
  let longestRow = 0
  for (let r = 0; r < rows; r++) {
    if (offsets[r + 1] - offsets[r] > longest) {
      longest = offsets[r + 1] - offsets[r]
      longestRow = r
    }
  }
  const length = options.length ?? longest
  if (length < longest) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected rows of at most ${length} ${column.level}s; got ${longest} in rollout "${batch.rolloutIds[longestRow]}"`,
      { path: ['length'], hint: 'pad to the longest row, or shorten the rollouts before' },
    )
  }
  const values = new Float64Array(rows * length).fill(value)
  const mask = new Uint8Array(rows * length)
  for (let r = 0; r < rows; r++) {
    const shift = rowStart(offsets, r, length, side) - offsets[r]
    for (let i = offsets[r]; i < offsets[r + 1]; i++) {
      if (column.status[i] !== Status.scored) continue
      values[i + shift] = column.values[i]
      mask[i + shift] = 1
    }
  }
  return { values, mask, rows, length, side }
}

/**
 * The ragged signal at `level` inside a padded matrix shaped like the batch: the inverse of `padSignal` but for the reasons
 * of unscored items. Items whose mask is 0 abstain; without a mask all are scored. Throws `shape_mismatch` when rows or
 * lengths do not fit the batch, `not_finite` for NaN or ±Infinity at an item.
 */
export function unpadSignal(
  batch: RolloutBatch,
  level: 'turn' | 'token',
  padded: {
    values: ArrayLike<number>
    mask?: ArrayLike<number>
    rows: number
    length: number
    side?: 'left' | 'right'
  },
): Signal {
  const offsets = rowOffsets(batch, level)
  const { values, mask, rows, length, side = 'right' } = padded
  const fits = rows === batch.rolloutIds.length && values.length === rows * length
  if (!fits || (mask !== undefined && mask.length !== values.length)) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected ${batch.rolloutIds.length} rows of ${length}; got ${rows} rows, ${values.length} values and ${mask?.length ?? 'no'} mask entries`,
    )
  }
  const result = emptySignal(level, offsets[rows])
  for (let r = 0; r < rows; r++) {
    if (offsets[r + 1] - offsets[r] > length) {
      throw new GuerdonError(
        'shape_mismatch',
        `expected at least ${offsets[r + 1] - offsets[r]} columns for rollout "${batch.rolloutIds[r]}"; got ${length}`,
      )
    }
    const shift = rowStart(offsets, r, length, side) - offsets[r]
    for (let i = offsets[r]; i < offsets[r + 1]; i++) {
      if (mask !== undefined && mask[i + shift] === 0) continue
      const value = values[i + shift]
      if (!Number.isFinite(value)) {
        throw new GuerdonError(
          'not_finite',
          `expected finite values; got ${value} at ${level} ${i - offsets[r]} of rollout "${batch.rolloutIds[r]}"`,
          { path: [r, i + shift - r * length], rollout: batch.rolloutIds[r] },
        )
      }
      result.values[i] = value
      result.status[i] = Status.scored
    }
  }
  return result
}

function rowStart(offsets: Int32Array, row: number, length: number, side: 'left' | 'right'): number {
  return side === 'right' ? row * length : (row + 1) * length - (offsets[row + 1] - offsets[row])
}

function rowOffsets(batch: RolloutBatch, level: string): Int32Array {
  if (level === 'token') return batch.tokenOffsets
  if (level === 'turn') return batch.turnOffsets
  throw new GuerdonError('unsupported', `expected a turn or token signal to pad; got one at level ${level}`)
}
