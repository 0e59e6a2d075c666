import {
  type ColumnData,
  type ColumnName,
  defineStage,
  optionalNumbers,
  Random,
  type RandomState,
  type RolloutBatch,
  type Signal,
  Status,
  signal,
} from '@guerdon/core'
import * as z from 'zod'
import { localCompetition, type NoveltyOptions, noveltyDropNearest } from '../../shared/novelty.ts'
import { numberLists, withScored } from '../../shared/scored-items.ts'

/** Schema of the options of the stage `noveltyStage`. */
export const noveltyStageOptions = z.strictObject({
  neighbours: z.int().min(1).default(15).describe('nearest neighbours k whose distances are averaged'),
  archived: z.int().min(0).default(5).describe('rollouts of each batch that enter the archive'),
  selection: z.enum(['random', 'best']).default('random').describe('which of them: drawn, or the most novel'),
  seed: z.int().default(0).describe('seed of the draw'),
})

/** What the stage remembers: descriptors stored for their novelty and for their reward. */
export interface NoveltyArchiveState {
  readonly archive: readonly (readonly number[])[]
  readonly rewardArchive: readonly (readonly number[])[]
  readonly random: RandomState | null
}

/** Rollouts with a descriptor, and a column to write their results over. */
export interface DescribedRollouts {
  readonly indices: readonly number[]
  readonly descriptors: readonly (readonly number[])[]
  /** Scored 0 where described, otherwise the outcome of `rollout.score` or abstained. */
  readonly base: Signal
  /** [described] score, 0 where there is none. */
  readonly scores: readonly number[]
}

/** The rollouts of a batch that have a descriptor and did not fail. */
export function describedRollouts(batch: RolloutBatch): DescribedRollouts {
  const lists = numberLists(batch, 'rollout.descriptor')
  const score = optionalNumbers(batch, 'rollout.score')
  const indices = lists.flatMap((list, i) => (list === undefined || score?.status[i] === Status.failed ? [] : [i]))
  const filled = score ?? signal('rollout', new Float64Array(lists.length))
  const lacking = new Map(
    lists.flatMap((list, i) =>
      list === undefined && filled.status[i] !== Status.failed
        ? [[i, { status: 'abstained', reason: 'no descriptor' } as const] as const]
        : [],
    ),
  )
  const base = withScored(filled, indices, new Float64Array(indices.length), lacking)
  const scores = indices.map(i => (score !== undefined && score.status[i] === Status.scored ? score.values[i] : 0))
  return { indices, descriptors: indices.map(i => lists[i] ?? []), base, scores }
}

/** The state after a batch: λ of its descriptors in the archive, rewarded ones in the reward archive. */
export function archivedState(
  state: NoveltyArchiveState,
  described: DescribedRollouts,
  ranking: ArrayLike<number>,
  options: { readonly archived: number; readonly selection: 'random' | 'best' },
  random: Random,
): NoveltyArchiveState {
  const { descriptors, scores } = described
  const order =
    options.selection === 'best'
      ? descriptors.map((_, i) => i).sort((a, b) => ranking[b] - ranking[a])
      : Array.from(random.permutation(descriptors.length))
  return {
    archive: [...state.archive, ...order.slice(0, options.archived).map(i => descriptors[i])],
    rewardArchive: [...state.rewardArchive, ...descriptors.filter((_, i) => scores[i] > 0)],
    random: random.state(),
  }
}

/** Novelty of the described rollouts against themselves and both archives. */
export function batchNovelty(
  state: NoveltyArchiveState,
  described: DescribedRollouts,
  options: NoveltyOptions,
): Float64Array {
  const references = [...described.descriptors, ...state.archive, ...state.rewardArchive]
  return noveltyDropNearest(described.descriptors, references, options)
}

/**
 * Rewards recorded rollouts for being unlike the others and unlike what is remembered: `rollout.reward` is novelty over the
 * batch, the archive and the rewarded rollouts of the past; `rollout.localCompetition` counts neighbours in the batch with a
 * lower score. The archives are updated after the batch was scored.
 *
 * A rollout whose score failed keeps that outcome; one without a descriptor abstains. The score is optional: with a reward
 * almost always zero, novelty is all there is.
 */
export const noveltyStage = defineStage<z.infer<typeof noveltyStageOptions>, NoveltyArchiveState>({
  name: 'taxons-serene',
  about: 'rewards rollouts for behaviour unlike anything in the batch and the archives',
  options: noveltyStageOptions,
  reads: () => [
    { name: 'rollout.descriptor', kind: 'json', about: 'behaviour descriptor: list of finite numbers' },
    { name: 'rollout.score', kind: 'number', about: 'sparse reward; > 0 is remembered', optional: true },
  ],
  writes: () => [
    { name: 'rollout.reward', kind: 'number', about: 'mean distance to the nearest neighbours, ≥ 0' },
    { name: 'rollout.localCompetition', kind: 'number', about: 'neighbours in the batch with a strictly lower score' },
  ],
  initial: () => ({ archive: [], rewardArchive: [], random: null }),
  apply: (batch, state, options) => {
    const described = describedRollouts(batch)
    const { base, indices, descriptors, scores } = described
    const novelty = batchNovelty(state, described, options)
    const competition = localCompetition(descriptors, descriptors, scores, options).localCompetition
    const columns: Record<ColumnName, ColumnData> = {
      'rollout.reward': withScored(base, indices, novelty),
      'rollout.localCompetition': withScored(base, indices, competition),
    }
    const random = new Random(state.random ?? options.seed)
    return { columns, state: archivedState(state, described, novelty, options, random) }
  },
})
