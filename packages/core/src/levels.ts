import { descendantRanges, levelSize, type RolloutBatch } from './batch.ts'
import { emptySignal, putNumber, putOutcome } from './column-sinks.ts'
import { GuerdonError } from './errors.ts'
import { abstained, type Outcome } from './outcome.ts'
import { type Level, levels, outcomeAt, type Signal, Status } from './signal.ts'

/** Moves from an inner level to an outer one: one number from many. */
export const upwardMoves = ['sum', 'mean', 'min', 'max', 'first', 'last'] as const
/** Moves from an outer level to an inner one: many numbers from one. */
export const downwardMoves = ['spread', 'divide', 'at-end'] as const
export type UpwardMove = (typeof upwardMoves)[number]
export type DownwardMove = (typeof downwardMoves)[number]
export type Move = UpwardMove | DownwardMove

export interface MoveOptions {
  /**
   * What an unscored item does to the number it would be part of. `skip` (default): it leaves; when none is left, the
   * result failed if any item failed, else abstained. `propagate`: any failure fails the result, else any abstention
   * makes it abstain.
   */
  unscored?: 'skip' | 'propagate'
  /** [size of the inner level] only items with 1 take part. Absent: all do. */
  mask?: ArrayLike<number>
  /** Downwards, what items get that are masked out or belong to no outer item. Default `abstain`; `zero` scores them 0. */
  outside?: 'abstain' | 'zero'
}

/**
 * Moves a signal to another level.
 *
 * Upwards (`inner` → `outer`): `sum`, `mean`, `min`, `max` over the scored items inside, `first` and `last` the first and
 * last scored one. An item with nothing inside abstains.
 *
 * Downwards: `spread` gives every item inside the outer value (Σ grows with their number), `divide` gives each an equal
 * part (Σ is the outer value), `at-end` gives it to the last item inside and 0 to the others (Σ is the outer value).
 * An unscored outer item hands its outcome to every item inside.
 *
 * Levels that are not neighbours are joined directly: the mean of a group's tokens pools them all, which is not the mean
 * of its rollouts' means. Tokens outside every turn take no part in moves between turn and token.
 *
 * Throws `invalid_option` when the move does not fit the direction, `shape_mismatch` for a signal or mask of the wrong
 * length.
 */
export function moveSignal(
  batch: RolloutBatch,
  column: Signal,
  to: Level,
  move: Move,
  options: MoveOptions = {},
): Signal {
  const from = column.level
  if (from === to) {
    throw new GuerdonError('invalid_option', `expected a move to another level than ${from}; got ${to}`, {
      path: ['to'],
    })
  }
  const upwards = levels.indexOf(to) < levels.indexOf(from)
  const fitting: readonly string[] = upwards ? upwardMoves : downwardMoves
  if (!fitting.includes(move)) {
    throw new GuerdonError(
      'invalid_option',
      `expected one of ${fitting.join(', ')} to move from ${from} to ${to}; got ${move}`,
      { path: ['move'] },
    )
  }
  assertSize(column.values, levelSize(batch, from), `a signal with one value for each ${from}`)
  const inner = upwards ? from : to
  if (options.mask !== undefined)
    assertSize(options.mask, levelSize(batch, inner), `a mask with one entry for each ${inner}`)
  return upwards
    ? gather(column, to, descendantRanges(batch, to, from), move as UpwardMove, options)
    : scatter(column, to, levelSize(batch, to), descendantRanges(batch, from, to), move as DownwardMove, options)
}

function gather(column: Signal, to: Level, ranges: Int32Array, move: UpwardMove, options: MoveOptions): Signal {
  const result = emptySignal(to, ranges.length / 2)
  const { values, status } = column
  const { mask, unscored = 'skip' } = options
  for (let p = 0; p < result.values.length; p++) {
    let count = 0
    let total = 0
    let failedAt = -1
    let abstainedAt = -1
    let first = 0
    let last = 0
    let smallest = Number.POSITIVE_INFINITY
    let largest = Number.NEGATIVE_INFINITY
    for (let i = ranges[2 * p]; i < ranges[2 * p + 1]; i++) {
      if (mask !== undefined && mask[i] === 0) continue
      if (status[i] !== Status.scored) {
        if (status[i] === Status.failed) failedAt = failedAt < 0 ? i : failedAt
        else abstainedAt = abstainedAt < 0 ? i : abstainedAt
        continue
      }
      const value = values[i]
      if (count === 0) first = value
      last = value
      count++
      total += value
      if (value < smallest) smallest = value
      if (value > largest) largest = value
    }
    const blocked = failedAt >= 0 ? failedAt : abstainedAt
    if (blocked >= 0 && (count === 0 || unscored === 'propagate')) putOutcome(result, p, outcomeAt(column, blocked))
    else if (count === 0) putOutcome(result, p, abstained(`no ${column.level} inside`))
    else if (move === 'sum') putNumber(result, p, total)
    else if (move === 'mean') putNumber(result, p, smallest === largest ? first : total / count)
    else if (move === 'min') putNumber(result, p, smallest)
    else if (move === 'max') putNumber(result, p, largest)
    else putNumber(result, p, move === 'first' ? first : last)
  }
  return result
}

function scatter(
  column: Signal,
  to: Level,
  size: number,
  ranges: Int32Array,
  move: DownwardMove,
  options: MoveOptions,
): Signal {
  const result = emptySignal(to, size)
  const { mask } = options
  if (options.outside === 'zero') {
    result.values.fill(0)
    result.status.fill(Status.scored)
  }
  for (let p = 0; p < column.values.length; p++) {
    const start = ranges[2 * p]
    const end = ranges[2 * p + 1]
    let count = 0
    let last = -1
    for (let i = start; i < end; i++) {
      if (mask !== undefined && mask[i] === 0) continue
      count++
      last = i
    }
    const unscored: Outcome | undefined = column.status[p] === Status.scored ? undefined : outcomeAt(column, p)
    const value = move === 'divide' ? column.values[p] / count : column.values[p]
    for (let i = start; i < end; i++) {
      if (mask !== undefined && mask[i] === 0) continue
      if (unscored === undefined) putNumber(result, i, move === 'at-end' && i !== last ? 0 : value)
      else {
        result.values[i] = Number.NaN
        result.status[i] = Status.abstained
        putOutcome(result, i, unscored)
      }
    }
  }
  return result
}

function assertSize(values: ArrayLike<unknown>, size: number, what: string): void {
  if (values.length === size) return
  throw new GuerdonError('shape_mismatch', `expected ${what}, ${size}; got ${values.length}`)
}
