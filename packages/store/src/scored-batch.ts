import {
  batchToRollouts,
  type ColumnData,
  descendantRanges,
  groupOfRollout,
  moveSignal,
  type Outcome,
  outcomeAt,
  type Recipe,
  type RolloutBatch,
  type Signal,
  Status,
  withoutColumns,
} from '@guerdon/core'
import type { RecipeFacts, StoreRows } from './open-store.ts'
import { rolloutCells } from './records.ts'
import { wellFormed } from './well-formed.ts'

/** What of a scored batch is kept. */
export interface ScoredRowsOptions {
  /** Whole records and the texts of failures, not only ids and numbers. Default false. */
  readonly texts?: boolean
}

/** What a store remembers of a recipe. */
export function recipeFacts(recipe: Recipe): RecipeFacts {
  const { name, version, final, steps } = recipe
  return { name, version, final, stages: steps.map(({ stage }) => stage.name) }
}

/**
 * The rows of a batch that a recipe scored: each rollout, its reward (turn and token rewards summed, a group's handed
 * down), every number the recipe wrote, and every failure with its class.
 */
export function scoredRows(recipe: Recipe, batch: RolloutBatch, options: ScoredRowsOptions = {}): StoreRows['rows'] {
  const { texts = false } = options
  const groups = groupOfRollout(batch)
  const place = (r: number) => ({
    id: wellFormed(batch.rolloutIds[r]),
    group_id: wellFormed(batch.groupIds[groups[r]]),
    recipe: recipe.version,
  })
  const final = onRollouts(batch, batch.columns.get(recipe.final) as Signal)
  const cells = createReader(batch, groups)
  const rows = { rollouts: rolloutRows(recipe, batch, texts), scores: [], components: [], failures: [] } as Mutable
  for (let r = 0; r < batch.rolloutIds.length; r++) {
    const here = place(r)
    const outcome = outcomeAt(final, r)
    rows.scores.push({ ...here, reward: numberOf(outcome), status: outcome.status })
    for (const { name } of recipe.writes) {
      const column = batch.columns.get(name)
      if (column?.kind !== 'number') continue
      const outcomes = cells(column, r)
      const inside = column.level === 'turn' || column.level === 'token'
      rows.components.push({
        ...here,
        name,
        level: column.level,
        value: inside ? null : numberOf(outcomes[0]),
        items: inside ? outcomes.map(numberOf) : null,
        status: worst(outcomes),
      })
      outcomes.forEach((found, item) => {
        if (found.status !== 'failed') return
        const { class: failureClass, message, component } = found.failure
        rows.failures.push({
          ...here,
          name,
          item: inside ? item : 0,
          class: failureClass,
          message: texts ? message : null,
          component: component ?? null,
        })
      })
    }
  }
  return rows
}

type Rows = NonNullable<StoreRows['rows']>
type Mutable = { -readonly [T in keyof Rows]-?: NonNullable<Rows[T]>[number][] }

/** The records as they came, without what the recipe wrote; or, without texts, who they are and how long. */
function rolloutRows(recipe: Recipe, batch: RolloutBatch, texts: boolean): Mutable['rollouts'] {
  if (texts) {
    const given = withoutColumns(
      batch,
      recipe.writes.map(({ name }) => name),
    )
    return batchToRollouts(given).map((rollout, position) => ({ position, ...rolloutCells(rollout) }))
  }
  const groups = groupOfRollout(batch)
  const outcome = batch.columns.get('rollout.outcome')
  return batch.rolloutIds.map((id, r) => ({
    position: r,
    id: wellFormed(id),
    group_id: wellFormed(batch.groupIds[groups[r]]),
    prompt: null,
    response: null,
    outcome: outcome?.kind === 'number' && outcome.status[r] === Status.scored ? outcome.values[r] : null,
    turns: batch.turnOffsets[r + 1] - batch.turnOffsets[r],
    tokens: batch.tokenOffsets[r + 1] - batch.tokenOffsets[r],
    record: null,
  }))
}

function createReader(batch: RolloutBatch, groups: Int32Array) {
  const ranges = {
    turn: descendantRanges(batch, 'rollout', 'turn'),
    token: descendantRanges(batch, 'rollout', 'token'),
  }
  return (column: Signal & ColumnData, r: number): Outcome[] => {
    if (column.level === 'group') return [outcomeAt(column, groups[r])]
    if (column.level === 'rollout') return [outcomeAt(column, r)]
    const [start, end] = ranges[column.level].subarray(2 * r, 2 * r + 2)
    return Array.from({ length: end - start }, (_, i) => outcomeAt(column, start + i))
  }
}

/** A reward as one number a rollout: summed from inside, handed down from the group. */
export function onRollouts(batch: RolloutBatch, reward: Signal): Signal {
  if (reward.level === 'rollout') return reward
  return moveSignal(batch, reward, 'rollout', reward.level === 'group' ? 'spread' : 'sum')
}

function numberOf(outcome: Outcome): number | null {
  return outcome.status === 'scored' ? outcome.value : null
}

function worst(outcomes: readonly Outcome[]): Outcome['status'] {
  if (outcomes.some(({ status }) => status === 'failed')) return 'failed'
  return outcomes.some(({ status }) => status === 'abstained') ? 'abstained' : 'scored'
}
