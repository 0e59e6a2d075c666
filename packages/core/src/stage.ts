import * as z from 'zod'
import type { RolloutBatch } from './batch.ts'
import { formatPath, GuerdonError } from './errors.ts'
import type { Outcome } from './outcome.ts'
import type { ColumnData, Level } from './signal.ts'
import { firstExpectation } from './zod-errors.ts'

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
  /** Raise it when the same options give other numbers than before: it is part of the reward version. Default 1. */
  readonly version?: number
  /** What each part added to item `index` of the first column it writes, for stages that combine several. */
  explain?(batch: RolloutBatch, index: number, options: Options): readonly Contribution[]
  /** Scores one batch. Must not mutate `batch` or `state`. */
  apply(batch: RolloutBatch, state: State, options: Options): StageResult<State> | Promise<StageResult<State>>
}

/** The share one column has in a combined number. */
export interface Contribution {
  readonly column: ColumnName
  readonly value: Outcome
  readonly weight: number
  /** What it added to the result; absent where it added nothing or the parts do not add up (a product). */
  readonly contribution?: number
  /** Why it counts as it does, when that is not plain. */
  readonly note?: string
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
  readonly version?: number
  explain?(batch: RolloutBatch, index: number): readonly Contribution[]
  initial(): State
  apply(batch: RolloutBatch, state: State): StageResult<State> | Promise<StageResult<State>>
}

/** Registers nothing and checks nothing at run time: gives a stage definition its types. */
export function defineStage<Options, State>(
  definition: StageDefinition<Options, State>,
): StageDefinition<Options, State> {
  return definition
}

/**
 * Binds options to a stage definition: defaults filled in, unknown options refused. Throws `invalid_option` with the path
 * of the option.
 */
export function bindStage<Options, State>(
  definition: StageDefinition<Options, State>,
  options: unknown = {},
): Stage<State> {
  const schema = strictened(definition.options)
  const parsed = schema.safeParse(options)
  if (!parsed.success) {
    const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
    const { path, expected, got, hint } = firstExpectation(parsed.error, options, known)
    throw new GuerdonError(
      'invalid_option',
      `expected ${expected}; got ${got} — stage ${definition.name}, option ${formatPath(path) || '(all)'}`,
      { path: [definition.name, ...path], expected, got, ...(hint === undefined ? {} : { hint }) },
    )
  }
  const bound = parsed.data
  return {
    name: definition.name,
    about: definition.about,
    options: bound,
    reads: definition.reads(bound),
    writes: definition.writes(bound),
    stateVersion: definition.stateVersion ?? 1,
    version: definition.version ?? 1,
    ...(definition.explain === undefined
      ? {}
      : { explain: (batch, index) => definition.explain?.(batch, index, bound) ?? [] }),
    initial: () => definition.initial(bound),
    apply: (batch, state) => definition.apply(batch, state, bound),
  }
}

/** An object schema that says nothing about unknown keys refuses them, so that a misspelt option is never ignored. */
function strictened<Options>(schema: z.ZodType<Options>): z.ZodType<Options> {
  if (!(schema instanceof z.ZodObject) || schema.def.catchall !== undefined) return schema
  return schema.strict() as unknown as z.ZodType<Options>
}

/** The options of a stage or method as JSON Schema (draft 2020-12), with defaults and descriptions. */
export function optionsJsonSchema(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
}
