import {
  batchToRollouts,
  type ColumnData,
  descendantRanges,
  jsonLine,
  outcomeAt,
  type Recipe,
  type RolloutBatch,
} from '@guerdon/core'

/** What is written for each rollout: its scores alone, or the whole record with every column in it. */
export type OutputForm = 'scores' | 'rollouts'

/**
 * The lines of a scored batch. `scores`: `{ id, group, reward, components, recipe }` with the final number and every column
 * the recipe wrote, each kept apart; a column of turns or tokens is a list. `rollouts`: the records with these columns in
 * their places, readable like any other rollouts. An item without a number is an object with its status in both.
 */
export function outputLines(recipe: Recipe, batch: RolloutBatch, form: OutputForm): string {
  if (form === 'rollouts') return batchToRollouts(batch).map(jsonLine).join('')
  const lines: string[] = []
  const ranges = {
    turn: descendantRanges(batch, 'rollout', 'turn'),
    token: descendantRanges(batch, 'rollout', 'token'),
  }
  const entryOf = (data: ColumnData, group: number, rollout: number): unknown => {
    if (data.level === 'group') return cellOf(data, group)
    if (data.level === 'rollout') return cellOf(data, rollout)
    const [start, end] = ranges[data.level].subarray(2 * rollout, 2 * rollout + 2)
    return Array.from({ length: end - start }, (_, i) => cellOf(data, start + i))
  }
  for (let g = 0; g < batch.groupIds.length; g++) {
    for (let r = batch.groupOffsets[g]; r < batch.groupOffsets[g + 1]; r++) {
      const components: Record<string, unknown> = {}
      for (const { name } of recipe.writes) {
        const data = batch.columns.get(name)
        if (data !== undefined && name !== recipe.final) components[name] = entryOf(data, g, r)
      }
      lines.push(
        jsonLine({
          id: batch.rolloutIds[r],
          group: batch.groupIds[g],
          reward: entryOf(batch.columns.get(recipe.final) as ColumnData, g, r),
          components,
          recipe: recipe.version,
        }),
      )
    }
  }
  return lines.join('')
}

function cellOf(data: ColumnData, index: number): unknown {
  if (data.kind !== 'number') return data.values[index] ?? null
  const outcome = outcomeAt(data, index)
  return outcome.status === 'scored' ? outcome.value : outcome
}
