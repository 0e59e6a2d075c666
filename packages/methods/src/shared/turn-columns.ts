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

/** Turn values on the policy tokens of each turn; 0 on other tokens, the turn's outcome where it has no number. */
export function turnsToTokens(batch: RolloutBatch, turns: Signal): Signal {
  return moveSignal(batch, turns, 'token', 'spread', { mask: tokenMask(batch), outside: 'zero' })
}

/** `turn.advantage`, and `token.advantage` as well when the placement asks for tokens. */
export function advantageColumns(batch: RolloutBatch, turns: Signal, place: TurnPlacement): Record<ColumnName, Signal> {
  const columns: Record<ColumnName, Signal> = { 'turn.advantage': turns }
  if (place === 'tokens') columns['token.advantage'] = turnsToTokens(batch, turns)
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
