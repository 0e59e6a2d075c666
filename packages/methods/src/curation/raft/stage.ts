import {
  abstained,
  defineStage,
  numbers,
  type Outcome,
  optionalTexts,
  outcomeAt,
  Random,
  type RandomState,
  type RolloutBatch,
  Status,
  scored,
  signalFromOutcomes,
  tokenMask,
} from '@guerdon/core'
import * as z from 'zod'
import { cleanResponse, isDiscarded, isTooShort } from './clean.ts'
import { klRegularisedRewards, selectLocal, selectTop } from './select.ts'

/** Options of the stage; `{}` keeps the best response of each group. */
export const raftOptions = z.strictObject({
  strategy: z
    .enum(['local', 'top'])
    .default('local')
    .describe('best of each group, or the best share of the whole batch'),
  acceptRatio: z.number().positive().max(1).default(0.2).describe('top: share of the batch that is kept'),
  beta: z.number().min(0).default(0).describe('weight of log π − log π₀ in the ranking; needs token log-probabilities'),
  discard: z
    .enum(['short', 'lmflow', 'none'])
    .default('short')
    .describe('responses that may not win: under two characters; LMFlow’s rules; none'),
  ties: z.enum(['first', 'random']).default('first').describe('which of several best responses'),
  skipEqual: z.boolean().default(false).describe('skip groups whose rewards are all equal'),
  minimumSize: z.int().min(1).default(1).describe('skip groups with fewer scored responses'),
  seed: z.int().default(0).describe('seed of random ties'),
})

/** Options of the stage, every default filled in. */
export type RaftStageOptions = z.infer<typeof raftOptions>

/** Position of the generator of random ties. */
export interface RaftState {
  readonly random: RandomState
}

/**
 * Marks the responses to fine-tune on. Rollouts with an unscored score cannot win; a group without a usable response keeps
 * none.
 */
export const raftStage = defineStage<RaftStageOptions, RaftState>({
  name: 'raft',
  about: 'keeps the best response of each prompt for supervised fine-tuning',
  options: raftOptions,
  reads: ({ beta }) => [
    { name: 'rollout.score', kind: 'number', about: 'reward of the response; only its order matters' },
    { name: 'rollout.response', kind: 'text', about: 'the response, to discard unusable ones', optional: true },
    ...(beta > 0
      ? [
          {
            name: 'token.logprob' as const,
            kind: 'number' as const,
            about: 'log-probability under the current policy',
          },
          {
            name: 'token.refLogprob' as const,
            kind: 'number' as const,
            about: 'log-probability under the initial policy',
          },
        ]
      : []),
  ],
  writes: () => [
    { name: 'rollout.raftKept', kind: 'number', about: '1 = fine-tune on it, 0 = not' },
    { name: 'rollout.raftRanking', kind: 'number', about: 'the reward it was ranked by, less the KL term' },
  ],
  initial: options => ({ random: new Random(options.seed).state() }),
  apply: (batch, state, options) => {
    const score = numbers(batch, 'rollout.score')
    const ranking = options.beta > 0 ? leashed(batch, options.beta) : Float64Array.from(score.values)
    const random = new Random(state.random)
    const rows = batch.rolloutIds.flatMap((_, r) => (score.status[r] === Status.scored ? [r] : []))
    const kept = new Set(
      options.strategy === 'top' ? bestShare(rows, ranking, options) : bestOfGroups(batch, ranking, random, options),
    )
    const keep = Array.from(score.values, (_, r): Outcome => {
      const own = outcomeAt(score, r)
      return own.status === 'scored' ? scored(kept.has(r) ? 1 : 0) : own
    })
    const ranked = keep.map((own, r) => {
      if (own.status !== 'scored') return own
      return Number.isFinite(ranking[r]) ? scored(ranking[r]) : abstained('no token log-probabilities')
    })
    return {
      columns: {
        'rollout.raftKept': signalFromOutcomes('rollout', keep),
        'rollout.raftRanking': signalFromOutcomes('rollout', ranked),
      },
      state: { random: random.state() },
    }
  },
})

function bestShare(rows: readonly number[], ranking: Float64Array, options: RaftStageOptions): number[] {
  const usable = rows.filter(r => Number.isFinite(ranking[r]))
  if (Math.floor(usable.length * options.acceptRatio) === 0) return []
  const { kept } = selectTop(
    usable.map(r => ranking[r]),
    options.acceptRatio,
  )
  return Array.from(kept, i => usable[i])
}

function bestOfGroups(batch: RolloutBatch, ranking: Float64Array, random: Random, options: RaftStageOptions): number[] {
  const score = numbers(batch, 'rollout.score')
  const responses = optionalTexts(batch, 'rollout.response')
  const unusable = (response: string) => {
    if (options.discard === 'none') return false
    return options.discard === 'short' ? isTooShort(response) : isDiscarded(cleanResponse(response))
  }
  const kept: number[] = []
  for (let g = 0; g < batch.groupIds.length; g++) {
    const rows: number[] = []
    for (let r = batch.groupOffsets[g]; r < batch.groupOffsets[g + 1]; r++) {
      if (score.status[r] !== Status.scored || Number.isNaN(ranking[r])) continue
      const response = responses?.[r]
      if (response === undefined || !unusable(response)) rows.push(r)
    }
    if (rows.length === 0) continue
    const { ties, skipEqual, minimumSize } = options
    const group = { prompt: '', responses: rows.map(() => ''), rewards: rows.map(r => ranking[r]) }
    const informative = !skipEqual || rows.length === 1 || rows.some(r => ranking[r] !== ranking[rows[0]])
    if (!informative || rows.length < minimumSize) continue
    const [best] = selectLocal([group], { discard: () => false, ties, random }).kept
    kept.push(rows[best.chosen])
  }
  return kept
}

/** Score less β times the summed log-ratio of the policy's tokens; NaN without log-probabilities. */
function leashed(batch: RolloutBatch, beta: number): Float64Array {
  const score = numbers(batch, 'rollout.score')
  const policy = numbers(batch, 'token.logprob')
  const initial = numbers(batch, 'token.refLogprob')
  const mask = tokenMask(batch)
  const sums = (column: { readonly values: Float64Array }) =>
    batch.rolloutIds.map((_, r) => {
      let total = 0
      let own = 0
      for (let t = batch.tokenOffsets[r]; t < batch.tokenOffsets[r + 1]; t++) {
        if (mask[t] === 0) continue
        total += column.values[t]
        own++
      }
      return own === 0 ? Number.NaN : total
    })
  return klRegularisedRewards(score.values, sums(policy), sums(initial), { beta })
}
