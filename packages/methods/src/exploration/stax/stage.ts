import {
  type ColumnData,
  type ColumnName,
  defineStage,
  GuerdonError,
  numbers,
  outcomeAt,
  Random,
  Status,
} from '@guerdon/core'
import * as z from 'zod'
import { paretoFronts } from '../../shared/pareto.ts'
import { withScored } from '../../shared/scored-items.ts'
import {
  archivedState,
  batchNovelty,
  type DescribedRollouts,
  describedRollouts,
  type NoveltyArchiveState,
  noveltyStageOptions,
} from '../taxons-serene/stage.ts'
import { type Criterion, taxonsCriterion } from '../taxons-serene/taxons.ts'

/** Schema of the options of the stage `staxStage`. */
export const staxStageOptions = noveltyStageOptions.extend({
  criterion: z
    .enum(['coin', 'novelty', 'surprise'])
    .default('coin')
    .describe('what the batch is rewarded for; the coin is thrown once a batch'),
  encoderVersion: z
    .string()
    .default('1')
    .describe('version of the encoder behind the descriptors; a change refuses the archive of the one before'),
})

/** What the stage remembers. */
export interface StaxStageState extends NoveltyArchiveState {
  readonly encoderVersion: string | null
}

/**
 * Rewards a batch of recorded rollouts for novelty or for surprise, one criterion drawn for the whole batch:
 * `rollout.reward` is the criterion's value, with `rollout.novelty` beside it and `rollout.paretoFront`, the front of the
 * rollout in (novelty, surprise), 0 the best. Archives grow after the batch was scored.
 *
 * Rollouts without a descriptor or without a scored surprise abstain; one whose surprise or score failed keeps the failure.
 */
export const staxStage = defineStage<z.infer<typeof staxStageOptions>, StaxStageState>({
  name: 'stax',
  about: 'rewards rollouts for novelty or surprise in a learned behaviour space, one criterion a batch',
  options: staxStageOptions,
  reads: () => [
    { name: 'rollout.descriptor', kind: 'json', about: 'latent code of the rollout: list of finite numbers' },
    { name: 'rollout.surprise', kind: 'number', about: 'reconstruction error of the rollout, ≥ 0' },
    { name: 'rollout.score', kind: 'number', about: 'sparse reward; > 0 is remembered', optional: true },
  ],
  writes: () => [
    { name: 'rollout.reward', kind: 'number', about: "the batch's criterion, ≥ 0" },
    { name: 'rollout.novelty', kind: 'number', about: 'mean distance to the nearest neighbours, ≥ 0' },
    { name: 'rollout.paretoFront', kind: 'number', about: 'front in (novelty, surprise), 0 the best' },
  ],
  initial: () => ({ archive: [], rewardArchive: [], random: null, encoderVersion: null }),
  apply: (batch, state, options) => {
    if (state.encoderVersion !== null && state.encoderVersion !== options.encoderVersion) {
      throw new GuerdonError(
        'state',
        `expected descriptors of encoder version ${state.encoderVersion}; got version ${options.encoderVersion}`,
        {
          path: ['encoderVersion'],
          hint: 'describe the archived rollouts anew, or start with empty state: codes of two encoders cannot be compared',
        },
      )
    }
    const surprise = numbers(batch, 'rollout.surprise')
    const all = describedRollouts(batch)
    const kept = all.indices.flatMap((rollout, k) => (surprise.status[rollout] === Status.scored ? [k] : []))
    const described: DescribedRollouts = {
      indices: kept.map(k => all.indices[k]),
      descriptors: kept.map(k => all.descriptors[k]),
      scores: kept.map(k => all.scores[k]),
      base: all.base,
    }
    const random = new Random(state.random ?? options.seed)
    const criterion: Criterion =
      options.criterion === 'coin' ? taxonsCriterion(0, random.float(), { warmup: 0 }) : options.criterion
    const novelty = batchNovelty(state, described, options)
    const surprises = Float64Array.from(described.indices, i => surprise.values[i])
    const fronts = new Float64Array(described.indices.length)
    for (const [rank, front] of paretoFronts([novelty, surprises]).entries()) for (const i of front) fronts[i] = rank
    const reward = criterion === 'novelty' ? novelty : surprises
    const unmeasured = new Map(
      all.indices.filter(i => surprise.status[i] !== Status.scored).map(i => [i, outcomeAt(surprise, i)] as const),
    )
    const written = (values: ArrayLike<number>) => withScored(all.base, described.indices, values, unmeasured)
    const columns: Record<ColumnName, ColumnData> = {
      'rollout.reward': written(reward),
      'rollout.novelty': written(novelty),
      'rollout.paretoFront': written(fronts),
    }
    const next = archivedState(state, described, reward, options, random)
    return { columns, state: { ...next, encoderVersion: options.encoderVersion } }
  },
})
