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

/**
 * The same for values at an inner level: items take the outcome of the item of `like` they belong to. Items inside a turn
 * level signal must belong to a turn.
 */
export function valuesInside(batch: RolloutBatch, like: Signal, level: 'turn' | 'token', values: Float64Array): Signal {
  return valuesLike(moveSignal(batch, like, level, 'spread'), values)
}
