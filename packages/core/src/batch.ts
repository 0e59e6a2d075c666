import type { ColumnData, Level } from './signal.ts'
import type { ColumnName } from './stage.ts'

/**
 * A columnar batch of rollouts: flat arrays and offsets, never padded.
 *
 * Groups own rollouts, rollouts own turns and tokens; a turn covers a span of its rollout's tokens, and tokens outside
 * every turn (prompt text, tool output between turns) belong to the rollout only.
 *
 * Everything else is a named column (`rollout.outcome`, `turn.reward`, `token.logprob` …).
 */
export interface RolloutBatch {
  /** [G] one id a group (a prompt or a shared start). */
  readonly groupIds: readonly string[]
  /** [R] one id a rollout, group by group. */
  readonly rolloutIds: readonly string[]
  /** [G+1] rollouts of group g are `groupOffsets[g] … groupOffsets[g+1] − 1`. */
  readonly groupOffsets: Int32Array
  /** [R+1] turns of rollout r. */
  readonly turnOffsets: Int32Array
  /** [R+1] tokens of rollout r. */
  readonly tokenOffsets: Int32Array
  /** [2·T] first and one-past-last token of turn t as indices into the batch's tokens; −1, −1 when the turn has no span. */
  readonly turnSpans: Int32Array
  /** Columns by name. */
  readonly columns: ReadonlyMap<ColumnName, ColumnData>
}

/** Number of items at `level`. */
export function levelSize(batch: RolloutBatch, level: Level): number {
  switch (level) {
    case 'group':
      return batch.groupIds.length
    case 'rollout':
      return batch.rolloutIds.length
    case 'turn':
      return batch.turnOffsets[batch.rolloutIds.length]
    case 'token':
      return batch.tokenOffsets[batch.rolloutIds.length]
  }
}

/** [G] number of rollouts in each group. */
export function groupSizes(batch: RolloutBatch): Int32Array {
  return Int32Array.from(batch.groupIds, (_, g) => batch.groupOffsets[g + 1] - batch.groupOffsets[g])
}

/** [R] index of the group of each rollout. */
export function groupOfRollout(batch: RolloutBatch): Int32Array {
  return owners(batch.groupOffsets)
}

/** [T] index of the group of each turn. */
export function groupOfTurn(batch: RolloutBatch): Int32Array {
  return compose(rolloutOfTurn(batch), groupOfRollout(batch))
}

/** [N] index of the group of each token. */
export function groupOfToken(batch: RolloutBatch): Int32Array {
  return compose(rolloutOfToken(batch), groupOfRollout(batch))
}

/** [T] index of the rollout of each turn. */
export function rolloutOfTurn(batch: RolloutBatch): Int32Array {
  return owners(batch.turnOffsets)
}

/** [N] index of the rollout of each token. */
export function rolloutOfToken(batch: RolloutBatch): Int32Array {
  return owners(batch.tokenOffsets)
}

/** [N] index of the turn whose span holds each token, −1 outside every turn. */
export function turnOfToken(batch: RolloutBatch): Int32Array {
  const turns = new Int32Array(levelSize(batch, 'token')).fill(-1)
  for (let t = 0; t < levelSize(batch, 'turn'); t++) {
    if (batch.turnSpans[2 * t] >= 0) turns.fill(t, batch.turnSpans[2 * t], batch.turnSpans[2 * t + 1])
  }
  return turns
}

/**
 * [2·P] first and one-past-last descendant at level `inner` of each item at level `outer`; empty ranges for turns without
 * a span. `outer` must be an outer level of `inner`.
 */
export function descendantRanges(batch: RolloutBatch, outer: Level, inner: Level): Int32Array {
  if (outer === 'turn') return batch.turnSpans.map(edge => Math.max(0, edge))
  const offsets = inner === 'rollout' ? undefined : inner === 'turn' ? batch.turnOffsets : batch.tokenOffsets
  const ranges = new Int32Array(2 * levelSize(batch, outer))
  for (let p = 0; p < ranges.length / 2; p++) {
    const first = outer === 'group' ? batch.groupOffsets[p] : p
    const end = outer === 'group' ? batch.groupOffsets[p + 1] : p + 1
    ranges[2 * p] = offsets === undefined ? first : offsets[first]
    ranges[2 * p + 1] = offsets === undefined ? end : offsets[end]
  }
  return ranges
}

function owners(offsets: Int32Array): Int32Array {
  const result = new Int32Array(offsets[offsets.length - 1])
  for (let p = 0; p + 1 < offsets.length; p++) result.fill(p, offsets[p], offsets[p + 1])
  return result
}

function compose(first: Int32Array, second: Int32Array): Int32Array {
  return first.map(index => second[index])
}
