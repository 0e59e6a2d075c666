import type { RolloutBatch } from './batch.ts'
import { canonicalJson } from './canonical-json.ts'
import { withColumns } from './columns.ts'
import { GuerdonError } from './errors.ts'
import { type Explanation, explainRollout } from './explain.ts'
import {
  batchName,
  checkSteps,
  type RecipeNeed,
  type RecipeStep,
  recordColumns,
  stageView,
  stepText,
} from './recipe-check.ts'
import { loadState, type RecipeState, saveState } from './recipe-state.ts'
import { sha256 } from './sha256.ts'
import type { ColumnData } from './signal.ts'
import { bindStage, type Column, type ColumnName, type Stage, type StageDefinition } from './stage.ts'

/** A stage, a definition to be bound with its default options, or either with columns renamed. */
export type StepInput =
  | Stage
  | StageDefinition<unknown, unknown>
  | { readonly stage: Stage | StageDefinition<unknown, unknown>; readonly columns?: Readonly<Record<string, string>> }

export interface RecipeInput {
  readonly name: string
  /** One sentence. */
  readonly about?: string
  readonly steps: readonly StepInput[]
  /** The column that is the reward. Default: the first column the last step writes. */
  readonly final?: ColumnName
  /** Custom columns the records bring. */
  readonly records?: readonly Pick<Column, 'name' | 'kind'>[]
  /** The columns the records are known to have. Default: every built-in column and `records`. */
  readonly available?: readonly Pick<Column, 'name' | 'kind'>[]
  /** Stages to suggest when a column is missing. */
  readonly suppliers?: readonly StageDefinition<unknown, unknown>[]
}

export interface RunOptions {
  /** Called when a step is through, with its index: for timing, progress and logs. */
  readonly afterStep?: (index: number) => void
  /** Ends the run with `aborted` before the next step. */
  readonly signal?: AbortSignal
}

/** A checked, ordered list of stages: rollouts in, a reward and all its components out. */
export interface Recipe {
  readonly name: string
  readonly about: string
  readonly steps: readonly RecipeStep[]
  /** Columns the records must bring (or may bring, where `optional`). */
  readonly needs: readonly RecipeNeed[]
  /** Columns it adds, in order, under their names in the batch. */
  readonly writes: readonly Column[]
  /** The column that is the reward. */
  readonly final: ColumnName
  /** SHA-256 of everything that decides the numbers: stages, versions, options, renamings and the final column. */
  readonly version: string
  initialState(): RecipeState
  /**
   * Scores a batch: the batch with every column added, and the state for the next one. Neither argument is changed.
   * Throws `missing_column` when the batch lacks a needed column, `version` when the state is another recipe's.
   */
  run(
    batch: RolloutBatch,
    state?: RecipeState,
    options?: RunOptions,
  ): Promise<{ batch: RolloutBatch; state: RecipeState }>
  saveState(state: RecipeState): string
  /** Throws `version` for the state of another recipe or of another layout, `state` for damaged text. */
  loadState(saved: string): RecipeState
  /** Every component of a rollout's final number, in stage order; `batch` is one that `run` returned. */
  explain(batch: RolloutBatch, rolloutId: string): Explanation
}

/**
 * Builds a recipe and checks it: every column read must be written by a step before or brought by the records, no column
 * is written twice. Throws `missing_column` (who needs it, which stages could supply it) or `invalid_option`.
 */
export function defineRecipe(input: RecipeInput): Recipe {
  if (input.steps.length === 0) {
    throw new GuerdonError('empty', `expected at least one step in recipe "${input.name}"; got none`, {
      path: ['steps'],
    })
  }
  const steps = input.steps.map(readStep)
  const available = input.available ?? [...recordColumns, ...(input.records ?? [])]
  const needs = checkSteps(steps, available, input.suppliers ?? [])
  const writes = steps.flatMap(step =>
    step.stage.writes.map(column => ({ ...column, name: batchName(step, column.name) })),
  )
  const final = input.final ?? lastWritten(steps)
  if (!writes.some(column => column.name === final && column.kind === 'number')) {
    throw new GuerdonError('invalid_option', `expected a final column that a step writes as numbers; got ${final}`, {
      path: ['final'],
      hint: `written are ${writes.map(column => column.name).join(', ')}`,
    })
  }
  const version = versionOf(steps, final)
  const recipe: Recipe = {
    name: input.name,
    about: input.about ?? '',
    steps,
    needs,
    writes,
    final,
    version,
    initialState: () => ({
      recipe: version,
      steps: steps.map(({ stage }) => ({
        stage: stage.name,
        stateVersion: stage.stateVersion,
        state: stage.initial(),
      })),
    }),
    run: (batch, state = recipe.initialState(), options = {}) => runSteps(recipe, batch, state, options),
    saveState,
    loadState: saved => loadState(saved, version, steps),
    explain: (batch, rolloutId) => explainRollout(recipe, batch, rolloutId),
  }
  return recipe
}

async function runSteps(
  recipe: Recipe,
  given: RolloutBatch,
  state: RecipeState,
  options: RunOptions,
): Promise<{ batch: RolloutBatch; state: RecipeState }> {
  if (state.recipe !== recipe.version) {
    throw new GuerdonError(
      'version',
      `expected a state of recipe version ${recipe.version.slice(0, 12)}; got one of ${state.recipe.slice(0, 12)}`,
      { hint: 'start from initialState() or load the state with loadState()' },
    )
  }
  checkNeeds(recipe, given)
  let batch = given
  const kept: { stage: string; stateVersion: number; state: unknown }[] = []
  for (const [index, step] of recipe.steps.entries()) {
    const { stage } = step
    if (options.signal?.aborted === true) {
      throw new GuerdonError('aborted', `the run was aborted before ${stepText(step, index)}`, {
        cause: options.signal.reason,
      })
    }
    try {
      const result = await stage.apply(stageView(batch, step), state.steps[index].state)
      batch = withColumns(batch, ownWrites(step, index, result.columns))
      kept.push({ stage: stage.name, stateVersion: stage.stateVersion, state: result.state })
      options.afterStep?.(index)
    } catch (error) {
      if (!(error instanceof GuerdonError)) throw error
      throw new GuerdonError(error.code, `${error.message} — ${stepText(step, index)}`, error)
    }
  }
  return { batch, state: { recipe: recipe.version, steps: kept } }
}

function checkNeeds(recipe: Recipe, batch: RolloutBatch): void {
  for (const need of recipe.needs) {
    const column = batch.columns.get(need.name)
    if (need.optional === true && column === undefined) continue
    if (column?.kind === need.kind) continue
    throw new GuerdonError(
      column === undefined ? 'missing_column' : 'invalid_input',
      `expected records with ${need.kind} column ${need.name} (${need.about}) for ${stepText(recipe.steps[need.step], need.step)}; got ${column === undefined ? 'none' : column.kind}`,
      { path: [need.name], expected: `${need.kind} column ${need.name}`, got: column?.kind ?? 'nothing' },
    )
  }
}

/** What a stage returned, under the batch's names; refuses anything it did not declare. */
function ownWrites(
  step: RecipeStep,
  index: number,
  columns: Readonly<Record<ColumnName, ColumnData>>,
): [ColumnName, ColumnData][] {
  const declared = new Map(step.stage.writes.map(column => [column.name, column]))
  for (const column of step.stage.writes) {
    if (columns[column.name] === undefined && column.optional !== true)
      throw broken(step, index, column.name, 'nothing')
  }
  return (Object.entries(columns) as [ColumnName, ColumnData][]).map(([name, data]) => {
    const column = declared.get(name)
    if (column === undefined) throw broken(step, index, 'only what it declares', name)
    if (column.kind !== data.kind) throw broken(step, index, `${name} as ${column.kind}`, data.kind)
    return [batchName(step, name), data]
  })
}

function broken(step: RecipeStep, index: number, expected: string, got: string): GuerdonError {
  return new GuerdonError('internal', `expected ${stepText(step, index)} to write ${expected}; got ${got}`, {
    path: ['steps', index],
    hint: 'the stage breaks its own declaration: this is a fault of the stage, not of the data',
  })
}

function readStep(input: StepInput): RecipeStep {
  const { stage, columns = {} } = 'stage' in input ? input : { stage: input }
  // Names are checked with the steps.
  return { stage: isDefinition(stage) ? bindStage(stage) : stage, columns: columns as RecipeStep['columns'] }
}

function isDefinition(stage: Stage | StageDefinition<unknown, unknown>): stage is StageDefinition<unknown, unknown> {
  return typeof stage.reads === 'function'
}

function lastWritten(steps: readonly RecipeStep[]): ColumnName {
  const step = steps[steps.length - 1]
  const first = step.stage.writes.find(column => column.kind === 'number')
  if (first !== undefined) return batchName(step, first.name)
  throw new GuerdonError(
    'invalid_option',
    `expected the last step, "${step.stage.name}", to write numbers; it does not`,
    {
      path: ['final'],
      hint: 'name the column that is the reward with final',
    },
  )
}

function versionOf(steps: readonly RecipeStep[], final: ColumnName): string {
  const content = steps.map(({ stage, columns }) => ({
    stage: stage.name,
    version: stage.version ?? 1,
    stateVersion: stage.stateVersion,
    options: stage.options,
    columns,
  }))
  return sha256(canonicalJson({ steps: content, final }))
}
