import type * as z from 'zod'
import type { RolloutBatch } from './batch.ts'
import type { ColumnData, Level } from './signal.ts'

/** `level.name`, for example `rollout.score`, `turn.reward`, `token.advantage`. */
export type ColumnName = `${Level}.${string}`

/** A column a stage reads or writes. */
export interface Column {
  readonly name: ColumnName
  readonly kind: ColumnData['kind']
  /** What it holds: unit, range, shape. Shown when it is missing. */
  readonly about: string
  /** The stage works without it. */
  readonly optional?: boolean
}

/** Columns written by one application of a stage, and the state to hand to the next. */
export interface StageResult<State> {
  readonly columns: Readonly<Record<ColumnName, ColumnData>>
  readonly state: State
}

/**
 * The one shape of every runtime method: columns in, columns out, state explicit.
 *
 * `State` is plain JSON data (arrays, objects, numbers, strings): it is saved, versioned and restored as it stands.
 */
export interface StageDefinition<Options, State> {
  /** Name used in recipes: a method's slug, `slug.part`, or `estimator.dialect`. */
  readonly name: string
  /** One sentence. */
  readonly about: string
  /** Schema of the options with defaults and a description each; parsing `{}` must give working defaults. */
  readonly options: z.ZodType<Options>
  /** Columns it needs under these options. */
  reads(options: Options): readonly Column[]
  /** Columns it adds under these options. */
  writes(options: Options): readonly Column[]
  /** State before the first batch. */
  initial(options: Options): State
  /** Number of the state's layout; raise it when the layout changes. Default 1. */
  readonly stateVersion?: number
  /** Scores one batch. Must not mutate `batch` or `state`. */
  apply(batch: RolloutBatch, state: State, options: Options): StageResult<State> | Promise<StageResult<State>>
}

/** A stage with its options bound: what a recipe is a list of. */
export interface Stage<State = unknown> {
  readonly name: string
  readonly about: string
  /** The parsed options, for display and for the reward version. */
  readonly options: unknown
  readonly reads: readonly Column[]
  readonly writes: readonly Column[]
  readonly stateVersion: number
  initial(): State
  apply(batch: RolloutBatch, state: State): StageResult<State> | Promise<StageResult<State>>
}

/** Registers nothing and checks nothing at run time: gives a stage definition its types. */
export function defineStage<Options, State>(
  definition: StageDefinition<Options, State>,
): StageDefinition<Options, State> {
  return definition
}
