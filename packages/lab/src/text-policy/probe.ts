import { numbers, pearsonCorrelation, type Random, type RolloutBatch, Status, tokenMask } from '@guerdon/core'
import { createEpisodeSampler, type Episode, type ForkPlan } from '@guerdon/learn'
import type { Budget } from '../harness/experiment.ts'
import { boundedFork } from './estimator.ts'
import type { TextSetting } from './setting.ts'
import type { Policy } from './start-policy.ts'
import { trueAdvantages } from './true-advantages.ts'

/** Episodes of the start policy on which the credit of all estimators is compared. */
export interface ProbeSize {
  /** Tasks whose episodes are credited. */
  readonly groups: number
  readonly groupSize: number
  /** Of these, the first so many have the true advantage of every turn computed. */
  readonly trueGroups: number
  /** Continuations a history. */
  readonly rollouts: number
}

/** Sizes by budget. */
export const probeSizes: Readonly<Record<Budget, ProbeSize>> = {
  quick: { groups: 4, groupSize: 6, trueGroups: 2, rollouts: 8 },
  full: { groups: 12, groupSize: 8, trueGroups: 4, rollouts: 16 },
}

/** Episodes of the start policy, or trees of them; the same whenever they are played for a seed. */
export async function playProbe(
  policy: Policy,
  { world, level, config }: TextSetting,
  { groups, groupSize, fork, random }: ProbeSize & { readonly fork?: ForkPlan | undefined; readonly random: Random },
): Promise<Episode[]> {
  const tasks = random.split('tasks')
  const starts = Array.from({ length: groups }, (_, g) => {
    const task = world.task(level, tasks)
    return Array.from({ length: fork ? 2 : groupSize }, () => ({ task, groupId: `probe ${g}` }))
  }).flat()
  return createEpisodeSampler(world, { config })(policy, starts, random.split('episodes'), {
    ...(fork && { fork: boundedFork(fork, groupSize) }),
  })
}

/** True advantages of the first groups' turns, [turn]. */
export async function probeTruth(
  episodes: readonly Episode[],
  policy: Policy,
  setting: TextSetting,
  { trueGroups, rollouts, random, signal }: ProbeSize & { readonly random: Random; readonly signal: AbortSignal },
): Promise<number[]> {
  const names = [...new Set(episodes.map(({ groupId }) => groupId))].slice(0, trueGroups)
  const chosen = episodes.filter(({ groupId }) => names.includes(groupId))
  return (await trueAdvantages(chosen, policy, setting, { rollouts, random, signal })).flat()
}

/** Credit of each turn: the mean advantage over its policy tokens, 0 where none is scored. [turn] */
export function turnCredit(batch: RolloutBatch): Float64Array {
  const advantage = numbers(batch, 'token.advantage')
  const mask = tokenMask(batch)
  const turns = batch.turnOffsets[batch.rolloutIds.length]
  return Float64Array.from({ length: turns }, (_, turn) => {
    let total = 0
    let count = 0
    for (let t = batch.turnSpans[2 * turn]; t < batch.turnSpans[2 * turn + 1]; t++) {
      if (!mask[t] || advantage.status[t] !== Status.scored) continue
      total += advantage.values[t]
      count++
    }
    return count === 0 ? 0 : total / count
  })
}

/** Pearson correlation of assigned credit with the true advantages of the first turns; 0 where one of both is constant. */
export function creditCorrelation(batch: RolloutBatch, truth: readonly number[]): number {
  return pearsonCorrelation(turnCredit(batch).subarray(0, truth.length), truth) ?? 0
}
