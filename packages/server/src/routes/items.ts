import {
  type ColumnData,
  descendantRanges,
  type Outcome,
  outcomeAt,
  type Recipe,
  type RolloutBatch,
} from '@guerdon/core'

/** A number, or why there is none; a column of turns or tokens has a list of them. */
export type Cell = number | Exclude<Outcome, { status: 'scored' }> | unknown

/** What became of one rollout. */
export interface ItemResult {
  readonly id: string
  readonly group: string
  /** The worst status among its rewards: `failed` before `abstained` before `scored`. */
  readonly status: Outcome['status']
  /** The final column: one entry, or a list for a reward of turns or tokens. */
  readonly reward: Cell
  /** Every other column the recipe wrote, under its name. */
  readonly components: Readonly<Record<string, Cell>>
}

/** The results of a scored batch, for the rollouts `ids` in that order, with the outcome of every reward in it. */
export function itemResults(
  recipe: Recipe,
  batch: RolloutBatch,
  ids: readonly string[],
): { readonly items: readonly ItemResult[]; readonly outcomes: readonly Outcome[] } {
  const read = createReader(batch)
  const outcomes: Outcome[] = []
  const place = new Map(batch.rolloutIds.map((id, i) => [id, i]))
  const final = batch.columns.get(recipe.final) as ColumnData
  const items = ids.map((id): ItemResult => {
    const rollout = place.get(id) as number
    const rewards = read.outcomes(final, rollout)
    outcomes.push(...rewards)
    const components: Record<string, Cell> = {}
    for (const { name } of recipe.writes) {
      const column = batch.columns.get(name)
      if (column !== undefined && name !== recipe.final) components[name] = read.cells(column, rollout)
    }
    return {
      id,
      group: batch.groupIds[read.groupOf(rollout)],
      status: worst(rewards),
      reward: read.cells(final, rollout),
      components,
    }
  })
  return { items, outcomes }
}

/** Reads the entries that concern one rollout. */
export function createReader(batch: RolloutBatch) {
  const ranges = {
    turn: descendantRanges(batch, 'rollout', 'turn'),
    token: descendantRanges(batch, 'rollout', 'token'),
  }
  const groups = new Int32Array(batch.rolloutIds.length)
  for (let g = 0; g < batch.groupIds.length; g++) groups.fill(g, batch.groupOffsets[g], batch.groupOffsets[g + 1])
  const indices = (column: ColumnData, rollout: number): number[] => {
    if (column.level === 'group') return [groups[rollout]]
    if (column.level === 'rollout') return [rollout]
    const [start, end] = ranges[column.level].subarray(2 * rollout, 2 * rollout + 2)
    return Array.from({ length: end - start }, (_, i) => start + i)
  }
  const cell = (column: ColumnData, index: number): Cell => {
    if (column.kind !== 'number') return column.values[index] ?? null
    const outcome = outcomeAt(column, index)
    return outcome.status === 'scored' ? outcome.value : outcome
  }
  return {
    groupOf: (rollout: number) => groups[rollout],
    outcomes: (column: ColumnData, rollout: number): Outcome[] =>
      column.kind === 'number' ? indices(column, rollout).map(i => outcomeAt(column, i)) : [],
    cells: (column: ColumnData, rollout: number): Cell => {
      const cells = indices(column, rollout).map(i => cell(column, i))
      return column.level === 'group' || column.level === 'rollout' ? cells[0] : cells
    },
  }
}

function worst(outcomes: readonly Outcome[]): Outcome['status'] {
  if (outcomes.some(({ status }) => status === 'failed')) return 'failed'
  return outcomes.some(({ status }) => status === 'abstained') ? 'abstained' : 'scored'
}
