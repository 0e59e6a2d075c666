import { GuerdonError, groupOfRollout, type Outcome, type RolloutBatch } from '@guerdon/core'
import { grpo, rloo } from '@guerdon/methods/credit/baselines-advantage/group-estimators'
import { findRun, type Store } from '@guerdon/store'
import { checkRecipe, readRecipeFile } from '../recipe-file.ts'
import { createHistogram } from '../score/histogram.ts'
import { createReplay, storedBatches } from './replay.ts'

/** How rewards of a group become advantages; `none` takes the rewards for advantages. */
export const advantageForms = ['grpo', 'drgrpo', 'rloo', 'none'] as const

export interface RescoreOptions {
  readonly recipe: string
  /** Recipe to compare with. Default: the rewards the run was given when it was kept. */
  readonly against?: string
  readonly run?: string
  readonly advantage: (typeof advantageForms)[number]
  /** Advantages that differ by no more than this are the same. */
  readonly tolerance: number
  /** Rollouts of a file scored at once at least, in whole groups. */
  readonly batch: number
  readonly onProgress?: (rollouts: number) => void
}

/** What a rollout was given by one side. */
interface Given {
  /** Null for an item without a number. */
  readonly reward: number | null
  readonly advantage: number | null
}

/** One rollout whose advantage changed. */
export interface ChangedRollout {
  readonly id: string
  readonly group: string
  readonly before: Given
  readonly after: Given
  /** After − before; null where one side has no number. */
  readonly change: number | null
}

/** What another recipe would have changed. */
export interface Rescored {
  readonly run: string
  /** What is compared with: a recipe's version, or `stored`. */
  readonly before: string
  readonly after: { readonly name: string; readonly version: string }
  readonly rollouts: number
  readonly groups: number
  /** Rollouts whose advantage changed, in number or in having one. */
  readonly changed: number
  /** Of these, from up to down or down to up. */
  readonly flipped: number
  readonly gainedNumber: number
  readonly lostNumber: number
  /** Groups that now teach something, and that no longer do. */
  readonly groupsAwake: number
  readonly groupsAsleep: number
  /** Mean and largest |after − before| over rollouts with both. */
  readonly meanChange: number | null
  readonly largestChange: number | null
  readonly histogram: readonly { low: number; high: number; count: number }[]
  readonly top: readonly ChangedRollout[]
}

const SHOWN = 8
const BARS = 11

/**
 * Replays a stored run under a recipe and compares the advantages with those of before, group by group. The recipe starts
 * without a state and sees the batches in the order they were kept.
 *
 * @throws unknown_name, missing_column for rollouts kept without texts, empty for a run that came without rewards when
 * there is nothing to compare with
 */
export async function rescore(store: Store, options: RescoreOptions): Promise<Rescored> {
  const { run } = await findRun(store, options.run)
  const replay = startReplay(options.recipe)
  const before = options.against === undefined ? undefined : startReplay(options.against)
  const changes = createChanges(options.tolerance)
  let rollouts = 0
  for await (const stored of storedBatches(store, run, options.batch)) {
    const records = stored.map(({ rollout }) => rollout)
    const after = await replay.score(records)
    const earlier = before === undefined ? storedRewards(stored, run) : (await before.score(records)).rewards
    changes.add(after.batch, rewardsOf(after.batch, earlier), rewardsOf(after.batch, after.rewards), options.advantage)
    rollouts += stored.length
    options.onProgress?.(rollouts)
  }
  const { name = '', version = '' } = replay.recipe ?? {}
  return { run, before: before?.recipe?.version ?? 'stored', after: { name, version }, rollouts, ...changes.summary() }
}

function startReplay(file: string) {
  const plain = readRecipeFile(file)
  checkRecipe(plain, file)
  return createReplay(plain, file)
}

function storedRewards(
  stored: readonly { readonly rollout: { readonly id: string }; readonly reward: Outcome | undefined }[],
  run: string,
): Map<string, Outcome> {
  return new Map(
    stored.map(({ rollout: { id }, reward }) => {
      if (reward !== undefined) return [id, reward]
      throw new GuerdonError('empty', `expected rewards to compare with in run "${run}"; rollout "${id}" has none`, {
        rollout: id,
        hint: 'give a recipe to compare with: --against FILE',
      })
    }),
  )
}

/** Rewards in the order of a batch, and which of them are numbers. */
interface Rewards {
  readonly values: Float64Array
  readonly scored: Uint8Array
}

function rewardsOf(batch: RolloutBatch, outcomes: ReadonlyMap<string, Outcome>): Rewards {
  const values = new Float64Array(batch.rolloutIds.length)
  const scored = new Uint8Array(batch.rolloutIds.length)
  batch.rolloutIds.forEach((id, r) => {
    const outcome = outcomes.get(id)
    if (outcome?.status !== 'scored') return
    values[r] = outcome.value
    scored[r] = 1
  })
  return { values, scored }
}

function advantagesOf(batch: RolloutBatch, rewards: Rewards, form: RescoreOptions['advantage']): Float64Array {
  const groups = { index: groupOfRollout(batch), count: batch.groupIds.length }
  const { values, scored } = rewards
  if (form === 'none') return values
  if (form === 'rloo') return rloo(values, groups, { scored })
  return grpo(values, groups, { scored, normaliseByStd: form === 'grpo' })
}

function createChanges(tolerance: number) {
  const histogram = createHistogram()
  const counts = { groups: 0, changed: 0, flipped: 0, gainedNumber: 0, lostNumber: 0, groupsAwake: 0, groupsAsleep: 0 }
  let total = 0
  let largest = 0
  let top: ChangedRollout[] = []
  const sizeOf = ({ change }: ChangedRollout) => (change === null ? Number.POSITIVE_INFINITY : Math.abs(change))
  return {
    add: (batch: RolloutBatch, before: Rewards, after: Rewards, form: RescoreOptions['advantage']): void => {
      const old = advantagesOf(batch, before, form)
      const now = advantagesOf(batch, after, form)
      const found: ChangedRollout[] = []
      for (let g = 0; g < batch.groupIds.length; g++) {
        counts.groups++
        let [awakeBefore, awakeAfter] = [false, false]
        for (let r = batch.groupOffsets[g]; r < batch.groupOffsets[g + 1]; r++) {
          awakeBefore ||= before.scored[r] === 1 && Math.abs(old[r]) > tolerance
          awakeAfter ||= after.scored[r] === 1 && Math.abs(now[r]) > tolerance
          const both = before.scored[r] === 1 && after.scored[r] === 1
          const change = both ? now[r] - old[r] : null
          if (change !== null) {
            histogram.add(change)
            total += Math.abs(change)
            largest = Math.max(largest, Math.abs(change))
            if (Math.abs(change) <= tolerance) continue
            if (old[r] * now[r] < 0) counts.flipped++
          } else if (before.scored[r] === after.scored[r]) continue
          else if (after.scored[r] === 1) counts.gainedNumber++
          else counts.lostNumber++
          counts.changed++
          found.push({
            id: batch.rolloutIds[r],
            group: batch.groupIds[g],
            before: givenAt(before, old, r),
            after: givenAt(after, now, r),
            change,
          })
        }
        if (awakeAfter && !awakeBefore) counts.groupsAwake++
        if (awakeBefore && !awakeAfter) counts.groupsAsleep++
      }
      top = [...top, ...found].sort((a, b) => sizeOf(b) - sizeOf(a) || (a.id < b.id ? -1 : 1)).slice(0, SHOWN)
    },
    summary: () => ({
      ...counts,
      meanChange: histogram.count === 0 ? null : total / histogram.count,
      largestChange: histogram.count === 0 ? null : largest,
      histogram: histogram.bars(BARS),
      top,
    }),
  }
}

function givenAt(rewards: Rewards, advantages: Float64Array, r: number): Given {
  return rewards.scored[r] === 1
    ? { reward: rewards.values[r], advantage: advantages[r] }
    : { reward: null, advantage: null }
}
