import { assertSameLength, moveSignal, type RolloutBatch, type Signal, Status } from '@guerdon/core'

/**
 * A signal with the outcomes of `like` and other numbers: `values[i]` where item i is scored, nothing elsewhere. No object per
 * item, so it serves token columns.
 */
export function valuesLike(like: Signal, values: Float64Array): Signal {
  assertSameLength(like.values, 'outcomes', values, 'values')
  const kept = Float64Array.from(values, (value, i) => (like.status[i] === Status.scored ? value : Number.NaN))
  return { ...like, values: kept }
}

/** A signal that keeps its numbers where `other`, of the same level, is scored too, and has the outcomes of `other` elsewhere. */
export function whereScored(column: Signal, other: Signal): Signal {
  assertSameLength(column.values, 'values', other.values, 'outcomes')
  if (other.status.every(status => status === Status.scored)) return column
  return {
    ...column,
    values: column.values.map((value, i) => (other.status[i] === Status.scored ? value : Number.NaN)),
    status: column.status.map((status, i) => (other.status[i] === Status.scored ? status : other.status[i])),
    failures: new Map([...column.failures, ...other.failures]),
    reasons: new Map([...column.reasons, ...other.reasons]),
  }
}

/**
 * The same for values at an inner level: items take the outcome of the item of `like` they belong to. Items inside a turn
 * level signal must belong to a turn.
 */
export function valuesInside(batch: RolloutBatch, like: Signal, level: 'turn' | 'token', values: Float64Array): Signal {
  return valuesLike(moveSignal(batch, like, level, 'spread'), values)
}
