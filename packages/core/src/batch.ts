import type { ColumnData } from './signal.ts'
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
