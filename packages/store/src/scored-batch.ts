import {
  batchToRollouts,
  descendantRanges,
  groupOfRollout,
  type Level,
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
  const final = onRollouts(batch, batch.columns.get(recipe.final) as Signal)
  const columns = recipe.writes.flatMap(({ name }) => {
    const data = batch.columns.get(name)
    return data?.kind === 'number' ? [{ name, data }] : []
  })
  const range = createRanges(batch, groups)
  const rows = { rollouts: rolloutRows(recipe, batch, texts), scores: [], components: [], failures: [] } as Mutable
  for (let r = 0; r < batch.rolloutIds.length; r++) {
    const id = wellFormed(batch.rolloutIds[r])
    const group = wellFormed(batch.groupIds[groups[r]])
    const { version } = recipe
    rows.scores.push({ id, group_id: group, recipe: version, reward: numberAt(final, r), status: statusAt(final, r) })
    for (const { name, data } of columns) {
      const [start, end] = range(data.level, r)
      const inside = data.level === 'turn' || data.level === 'token'
      rows.components.push({
        id,
        group_id: group,
        recipe: version,
        name,
        level: data.level,
        value: inside ? null : numberAt(data, start),
        items: inside ? Array.from({ length: end - start }, (_, i) => numberAt(data, start + i)) : null,
        status: worstStatus(data, start, end),
      })
      for (let i = start; i < end; i++) {
        if (data.status[i] !== Status.failed) continue
        const outcome = outcomeAt(data, i)
        if (outcome.status !== 'failed') continue
        const { class: failureClass, message, component = null } = outcome.failure
        const said = texts ? message : null
        const item = i - start
        rows.failures.push({
          id,
          group_id: group,
          recipe: version,
          name,
          item,
          class: failureClass,
          message: said,
          component,
        })
      }
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

/** Which entries of a column concern a rollout. */
function createRanges(batch: RolloutBatch, groups: Int32Array) {
  const inner = {
    turn: descendantRanges(batch, 'rollout', 'turn'),
    token: descendantRanges(batch, 'rollout', 'token'),
  }
  return (level: Level, r: number): readonly [number, number] => {
    if (level === 'group') return [groups[r], groups[r] + 1]
    if (level === 'rollout') return [r, r + 1]
    return [inner[level][2 * r], inner[level][2 * r + 1]]
  }
}

/** A reward as one number a rollout: summed from inside, handed down from the group. */
export function onRollouts(batch: RolloutBatch, reward: Signal): Signal {
  if (reward.level === 'rollout') return reward
  return moveSignal(batch, reward, 'rollout', reward.level === 'group' ? 'spread' : 'sum')
}

const statusNames = ['scored', 'abstained', 'failed'] as const

function numberAt(column: Signal, index: number): number | null {
  return column.status[index] === Status.scored ? column.values[index] : null
}

function statusAt(column: Signal, index: number): Outcome['status'] {
  return statusNames[column.status[index]]
}

/** `failed` before `abstained` before `scored`, in the order of their codes. */
function worstStatus(column: Signal, start: number, end: number): Outcome['status'] {
  let worst: number = Status.scored
  for (let i = start; i < end; i++) worst = Math.max(worst, column.status[i])
  return statusNames[worst]
}
