import {
  type ColumnName,
  failed,
  levelSize,
  moveSignal,
  type Outcome,
  outcomeAt,
  type RolloutBatch,
  type Signal,
  Status,
  signalFromOutcomes,
  tokenMask,
} from '@guerdon/core'
import { whereScored } from './value-signals.ts'

/** Where a turn-level method writes its result. */
export type TurnPlacement = 'turn' | 'tokens'

/**
 * A turn signal from numbers rollout by rollout: `values(r)` gives one number a turn of rollout r, or an outcome that all
 * of its turns get. Turns of a rollout that `rollouts` does not score keep its outcome.
 */
export function turnSignal(
  batch: RolloutBatch,
  rollouts: Signal,
  values: (rollout: number) => ArrayLike<number> | Outcome,
): Signal {
  const outcomes: Outcome[] = []
  batch.rolloutIds.forEach((_, r) => {
    const count = batch.turnOffsets[r + 1] - batch.turnOffsets[r]
    const given = rollouts.status[r] === Status.scored ? values(r) : outcomeAt(rollouts, r)
    for (let k = 0; k < count; k++) outcomes.push('status' in given ? given : { status: 'scored', value: given[k] })
  })
  return signalFromOutcomes('turn', outcomes)
}

/** Where `turnsToTokens` writes. */
export interface TurnsToTokensOptions {
  /** Every policy token of the turn, or its last token whoever wrote it. Default `spread`. */
  readonly move?: 'spread' | 'at-end'
}

/**
 * Turn values on tokens, 0 on the other tokens. A turn without a number hands its outcome to its tokens, so that a failure
 * never reads as 0; a rollout without one to all of its tokens.
 *
 * @param rollouts outcome of each rollout
 */
export function turnsToTokens(
  batch: RolloutBatch,
  turns: Signal,
  rollouts: Signal,
  options: TurnsToTokensOptions = {},
): Signal {
  const { move = 'spread' } = options
  const mask = move === 'spread' ? tokenMask(batch) : undefined
  const placed = moveSignal(batch, turns, 'token', move, { mask, outside: 'zero' })
  return whereScored(placed, moveSignal(batch, rollouts, 'token', 'spread'))
}

/**
 * `turn.advantage`, and `token.advantage` as well when the placement asks for tokens.
 *
 * @param rollouts outcome of each rollout
 */
export function advantageColumns(
  batch: RolloutBatch,
  turns: Signal,
  rollouts: Signal,
  place: TurnPlacement,
): Record<ColumnName, Signal> {
  const columns: Record<ColumnName, Signal> = { 'turn.advantage': turns }
  if (place === 'tokens') columns['token.advantage'] = turnsToTokens(batch, turns, rollouts)
  return columns
}

/** Numbers of each rollout's turns from a turn column; an outcome where a turn has none. [R] of [turns of r] */
export function turnNumbers(batch: RolloutBatch, column: Signal, rollout: number): Float64Array | Outcome {
  const start = batch.turnOffsets[rollout]
  const end = batch.turnOffsets[rollout + 1]
  for (let t = start; t < end; t++) if (column.status[t] !== Status.scored) return outcomeAt(column, t)
  return column.values.slice(start, end)
}

/** A rollout's failure for a turn without a value it needs. `turn` counts from 0 within the rollout. */
export function missingOnTurn(what: string, turn: number, component: string): Outcome {
  return failed('invalid_input', `expected ${what} on every turn; turn ${turn} has none`, component)
}

/** Number of turns of the batch. */
export function turnCount(batch: RolloutBatch): number {
  return levelSize(batch, 'turn')
}
