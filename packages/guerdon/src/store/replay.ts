import {
  batchFromRollouts,
  GuerdonError,
  type Outcome,
  outcomeAt,
  type Recipe,
  type RecipeState,
  type Rollout,
  type RolloutBatch,
  type Signal,
} from '@guerdon/core'
import { onRollouts, type PlainRow, rolloutOfRow, type Store } from '@guerdon/store'
import { buildRecipe } from '../recipe-file.ts'

/** A rollout of a run as it was kept, and what it was given then. */
export interface StoredRollout {
  readonly rollout: Rollout
  /** The reward it was given when it was kept; undefined when it came without one. */
  readonly reward: Outcome | undefined
}

/** Rollouts that are scored at once. */
export type StoredBatch = readonly StoredRollout[]

/**
 * The rollouts of a run as batches of whole groups: a batch that a server scored is the batch it was, a file is cut into
 * pieces of `rolloutsPerBatch` or a few more.
 *
 * @throws missing_column for rollouts that were kept without their texts
 */
export async function* storedBatches(store: Store, run: string, rolloutsPerBatch: number): AsyncGenerator<StoredBatch> {
  let held: (StoredRollout & { batch: unknown; group: unknown })[] = []
  const rows = store.stream(
    `SELECT rollouts.*, batches.recipe IS NOT NULL AS served, reward, status
     FROM rollouts LEFT JOIN batches ON batches.batch = rollouts.batch
       LEFT JOIN scores ON scores.batch = rollouts.batch AND scores.id = rollouts.id
     WHERE rollouts.run = $1
     ORDER BY rollouts.batch, min(position) OVER (PARTITION BY rollouts.batch, rollouts.group_id), position`,
    [run],
  )
  for await (const chunk of rows) {
    for (const row of chunk) {
      const last = held.at(-1)
      const newBatch = last !== undefined && last.batch !== row['batch']
      const full = row['served'] !== true && held.length >= rolloutsPerBatch && last?.group !== row['group_id']
      if (newBatch || full) {
        yield held
        held = []
      }
      held.push({ ...storedRollout(row, run), batch: row['batch'], group: row['group_id'] })
    }
  }
  if (held.length > 0) yield held
}

function storedRollout(row: PlainRow, run: string): StoredRollout {
  const rollout = rolloutOfRow(row)
  if (rollout === undefined) {
    throw new GuerdonError(
      'missing_column',
      `expected the records of run "${run}"; rollout "${row['id']}" was kept without its texts`,
      { rollout: String(row['id']), hint: 'serve with --store-texts to keep what a run can be replayed from' },
    )
  }
  const { reward, status } = row
  if (status === null) return { rollout, reward: undefined }
  if (status === 'scored') return { rollout, reward: { status, value: reward as number } }
  // Which failure it was stands in another table; here it counts that there is no number.
  return { rollout, reward: { status: 'abstained' } }
}

/** A recipe that goes over a run, batch by batch. */
export interface Replay {
  /** Known once a batch has been scored: a recipe is checked against the columns of the first. */
  readonly recipe: Recipe | undefined
  /** The batch scored, and the reward of each rollout by id. */
  score(
    rollouts: readonly Rollout[],
  ): Promise<{ readonly batch: RolloutBatch; readonly rewards: ReadonlyMap<string, Outcome> }>
}

/** Starts a replay of the recipe in `file`, with a state of its own. */
export function createReplay(plain: unknown, file: string): Replay {
  let recipe: Recipe | undefined
  let state: RecipeState | undefined
  return {
    get recipe() {
      return recipe
    },
    score: async rollouts => {
      const given = batchFromRollouts(rollouts, recipe === undefined ? {} : { declare: recipe.needs })
      recipe ??= buildRecipe(
        plain,
        file,
        [...given.columns].map(([name, { kind }]) => ({ name, kind })),
      )
      const result = await recipe.run(given, state ?? recipe.initialState())
      state = result.state
      const final = onRollouts(result.batch, result.batch.columns.get(recipe.final) as Signal)
      const rewards = new Map(result.batch.rolloutIds.map((id, r) => [id, outcomeAt(final, r)]))
      return { batch: result.batch, rewards }
    },
  }
}
