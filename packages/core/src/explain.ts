import { descendantRanges, groupOfRollout, type RolloutBatch } from './batch.ts'
import { describeValue, GuerdonError } from './errors.ts'
import type { Outcome } from './outcome.ts'
import type { Recipe } from './recipe.ts'
import { batchName, type RecipeStep, stageView } from './recipe-check.ts'
import { type ColumnData, type Level, outcomeAt } from './signal.ts'
import type { ColumnName, Contribution } from './stage.ts'

/** A column as far as it concerns one rollout: one entry for the group or rollout, or one for each of its turns or tokens. */
export interface ExplainedColumn {
  readonly column: ColumnName
  readonly level: Level
  readonly kind: ColumnData['kind']
  readonly about: string
  /** Outcomes of a number column; text or JSON otherwise. */
  readonly values: readonly (Outcome | unknown)[]
}

/** What one step did to one rollout. */
export interface ExplainedStep {
  readonly stage: string
  readonly about: string
  readonly options: unknown
  readonly reads: readonly ExplainedColumn[]
  readonly writes: readonly ExplainedColumn[]
  /** For each item of its first column: what every part added. Empty for stages that do not combine. */
  readonly contributions: readonly (readonly Contribution[])[]
}

/** How the final number of one rollout came about, in stage order. */
export interface Explanation {
  readonly rollout: string
  readonly group: string
  readonly recipe: { readonly name: string; readonly version: string }
  readonly steps: readonly ExplainedStep[]
  readonly final: ExplainedColumn
}

/** Every component of one rollout's final number. Throws `unknown_name` for a rollout that is not in the batch. */
export function explainRollout(recipe: Recipe, batch: RolloutBatch, rolloutId: string): Explanation {
  const rollout = batch.rolloutIds.indexOf(rolloutId)
  if (rollout < 0) {
    throw new GuerdonError(
      'unknown_name',
      `expected the id of a rollout in the batch; got ${describeValue(rolloutId)}`,
      {
        path: ['rolloutId'],
      },
    )
  }
  const group = groupOfRollout(batch)[rollout]
  const steps = recipe.steps.map(step => explainStep(batch, step, group, rollout))
  const about = recipe.writes.find(column => column.name === recipe.final)?.about ?? ''
  return {
    rollout: rolloutId,
    group: batch.groupIds[group],
    recipe: { name: recipe.name, version: recipe.version },
    steps,
    final: explainColumn(batch, recipe.final, about, group, rollout),
  }
}

function explainStep(batch: RolloutBatch, step: RecipeStep, group: number, rollout: number): ExplainedStep {
  const { stage } = step
  const columns = (declared: typeof stage.reads) =>
    declared
      .map(column => ({ name: batchName(step, column.name), about: column.about }))
      .filter(({ name }) => batch.columns.has(name))
      .map(({ name, about }) => explainColumn(batch, name, about, group, rollout))
  const writes = columns(stage.writes)
  const contributions: Contribution[][] = []
  if (stage.explain !== undefined && writes.length > 0) {
    const view = stageView(batch, step)
    const [first, end] = itemRange(batch, writes[0].level, group, rollout)
    for (let i = first; i < end; i++) {
      contributions.push(stage.explain(view, i).map(part => ({ ...part, column: batchName(step, part.column) })))
    }
  }
  return {
    stage: stage.name,
    about: stage.about,
    options: stage.options,
    reads: columns(stage.reads),
    writes,
    contributions,
  }
}

function explainColumn(
  batch: RolloutBatch,
  column: ColumnName,
  about: string,
  group: number,
  rollout: number,
): ExplainedColumn {
  const data = batch.columns.get(column)
  if (data === undefined) {
    throw new GuerdonError('missing_column', `expected a batch that the recipe has scored; got one without ${column}`, {
      path: [column],
      hint: 'pass the batch that run() returned',
    })
  }
  const [first, end] = itemRange(batch, data.level, group, rollout)
  const values = Array.from({ length: end - first }, (_, i) =>
    data.kind === 'number' ? outcomeAt(data, first + i) : data.values[first + i],
  )
  return { column, level: data.level, kind: data.kind, about, values }
}

function itemRange(batch: RolloutBatch, level: Level, group: number, rollout: number): [number, number] {
  if (level === 'group') return [group, group + 1]
  if (level === 'rollout') return [rollout, rollout + 1]
  const ranges = descendantRanges(batch, 'rollout', level)
  return [ranges[2 * rollout], ranges[2 * rollout + 1]]
}
