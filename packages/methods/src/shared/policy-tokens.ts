import {
  type Failure,
  levelSize,
  optionalNumbers,
  outcomeAt,
  type RolloutBatch,
  type Signal,
  Status,
  tokenMask,
} from '@guerdon/core'
import { isUnscored, type Unscored } from './reward-parts.ts'

/** Positions of each rollout's policy tokens in the batch's tokens: what a trainer calls the response. [R] */
export function policyTokens(batch: RolloutBatch): Int32Array[] {
  const mask = tokenMask(batch)
  return batch.rolloutIds.map((_, r) => {
    const start = batch.tokenOffsets[r]
    const positions = new Int32Array(batch.tokenOffsets[r + 1] - start)
    let count = 0
    for (let t = start; t < start + positions.length; t++) if (mask[t]) positions[count++] = t
    return positions.subarray(0, count)
  })
}

/** The values of a token column at these positions; the outcome of the first one without a value, if there is one. */
export function tokenValues(column: Signal, positions: Int32Array): Float64Array | Unscored {
  const values = new Float64Array(positions.length)
  for (let k = 0; k < positions.length; k++) {
    const at = positions[k]
    if (column.status[at] !== Status.scored) return outcomeAt(column, at) as Unscored
    values[k] = column.values[at]
  }
  return values
}

/** Log-probabilities of one rollout's policy tokens. */
export interface LogProbRows {
  /** Under the policy that sampled them. */
  readonly own: Float64Array
  /** Under the reference policy. */
  readonly reference: Float64Array
}

/**
 * The log-probabilities a divergence is taken from, by rollout: undefined unless the batch has both columns, the outcome of
 * the first policy token that lacks one.
 */
export function logProbRows(
  batch: RolloutBatch,
  positions: readonly Int32Array[],
): (rollout: number) => LogProbRows | Unscored | undefined {
  const column = optionalNumbers(batch, 'token.logprob')
  const referenceColumn = optionalNumbers(batch, 'token.refLogprob')
  if (column === undefined || referenceColumn === undefined) return () => undefined
  return r => {
    const own = tokenValues(column, positions[r])
    if (isUnscored(own)) return own
    const reference = tokenValues(referenceColumn, positions[r])
    return isUnscored(reference) ? reference : { own, reference }
  }
}

/**
 * A token signal from one row of values a rollout, placed on its policy tokens. Tokens of an unscored rollout get its
 * outcome, tokens the policy did not write abstain.
 */
export function placeOnPolicyTokens(
  batch: RolloutBatch,
  rows: readonly (ArrayLike<number> | Unscored)[],
  positions: readonly Int32Array[],
): Signal {
  const size = levelSize(batch, 'token')
  const values = new Float64Array(size).fill(Number.NaN)
  const status = new Uint8Array(size).fill(Status.abstained)
  const failures = new Map<number, Failure>()
  const reasons = new Map<number, string>()
  rows.forEach((row, r) => {
    for (let k = 0; k < positions[r].length; k++) {
      const t = positions[r][k]
      const outcome = isUnscored(row) ? row : undefined
      const value = isUnscored(row) ? Number.NaN : row[k]
      if (Number.isFinite(value)) {
        values[t] = value
        status[t] = Status.scored
      } else if (outcome?.status !== 'abstained') {
        status[t] = Status.failed
        failures.set(t, outcome?.failure ?? { class: 'range', message: `expected a finite number; got ${value}` })
      } else if (outcome.reason !== undefined) reasons.set(t, outcome.reason)
    }
  })
  return { kind: 'number', level: 'token', values, status, failures, reasons }
}
