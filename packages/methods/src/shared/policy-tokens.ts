import {
  abstained,
  levelSize,
  type Outcome,
  type RolloutBatch,
  type Signal,
  signalFromOutcomes,
  tokenMask,
} from '@guerdon/core'
import { isUnscored, scoredAt, type Unscored } from './reward-parts.ts'

/** Positions of each rollout's policy tokens in the batch's tokens: what a trainer calls the response. [R] */
export function policyTokens(batch: RolloutBatch): number[][] {
  const mask = tokenMask(batch)
  return batch.rolloutIds.map((_, r) => {
    const positions: number[] = []
    for (let t = batch.tokenOffsets[r]; t < batch.tokenOffsets[r + 1]; t++) if (mask[t]) positions.push(t)
    return positions
  })
}

/** The values of a token column at these positions; undefined unless every one is scored. */
export function tokenValues(column: Signal | undefined, positions: readonly number[]): Float64Array | undefined {
  const values = new Float64Array(positions.length)
  for (let k = 0; k < positions.length; k++) {
    const value = scoredAt(column, positions[k])
    if (value === undefined) return undefined
    values[k] = value
  }
  return values
}

/**
 * A token signal from one row of values a rollout, placed on its policy tokens. Tokens of an unscored rollout get its
 * outcome, tokens the policy did not write abstain.
 */
export function placeOnPolicyTokens(
  batch: RolloutBatch,
  rows: readonly (ArrayLike<number> | Unscored)[],
  positions: readonly (readonly number[])[],
): Signal {
  const outcomes: Outcome[] = new Array(levelSize(batch, 'token')).fill(abstained('not written by the policy'))
  rows.forEach((row, r) => {
    positions[r].forEach((t, k) => {
      outcomes[t] = isUnscored(row) ? row : { status: 'scored', value: (row as ArrayLike<number>)[k] }
    })
  })
  return signalFromOutcomes('token', outcomes)
}
