import {
  type ColumnName,
  defineStage,
  describeValue,
  GuerdonError,
  json,
  moveSignal,
  numbers,
  Status,
  textColumn,
  texts,
  tokenMask,
} from '@guerdon/core'
import * as z from 'zod'
import { isJsonObject } from '../../shared/json-text.ts'
import { isUnscored, noScore, partSignals, scoreItems } from '../../shared/reward-parts.ts'
import { type OrderedComparison, winRate } from './evaluation.ts'
import { leaveOneOutAdvantages } from './training.ts'
import { judgeAbilities, judgementReward, judgementRewards } from './turns.ts'

/** Options of the `br-rm` stage; see `JudgementOptions`. */
export const brRmOptions = z.object({
  abilities: z
    .array(z.string())
    .default([...judgeAbilities])
    .describe('dimensions the first turn may choose from'),
  minAbilities: z.int().min(0).default(1).describe('fewest dimensions of a valid first turn'),
  maxAbilities: z.int().min(0).default(3).describe('most dimensions of a valid first turn'),
  strictTurnOne: z.boolean().default(true).describe('an invalid first turn earns the format penalty, too'),
  rewards: z
    .object({ correct: z.number(), incorrect: z.number(), formatError: z.number() })
    .default(judgementRewards)
    .describe('rewards of a verdict'),
  compat: z
    .enum(['released'])
    .optional()
    .describe('no check of turn one, -10·|verdict - gold|, -100 without a verdict'),
})

const columns = {
  turnOne: 'rollout.brRmTurnOne',
  turnTwo: 'rollout.brRmTurnTwo',
  total: 'rollout.reward',
} as const satisfies Record<string, ColumnName>

/** Rewards the judge's own traces: two turns against the known preference (`rollout.reference`, 1 or 2). Stateless. */
export const brRmStage = defineStage<z.infer<typeof brRmOptions>, null>({
  name: 'br-rm',
  about: 'outcome and format reward of two-turn judgements with a known preference',
  options: brRmOptions,
  reads: () => [
    { name: 'turn.action', kind: 'text', about: 'branching turn, then rethinking turn' },
    { name: 'rollout.reference', kind: 'json', about: 'the preferred response, 1 or 2' },
  ],
  writes: () => [
    { name: columns.total, kind: 'number', about: 'their sum' },
    { name: columns.turnOne, kind: 'number', about: '0, or the format penalty' },
    { name: columns.turnTwo, kind: 'number', about: 'reward of the verdict' },
    { name: 'rollout.brRmStatus', kind: 'text', about: 'correct, incorrect or formatError' },
  ],
  initial: () => null,
  apply(batch, state, options) {
    const actions = texts(batch, 'turn.action')
    const references = json(batch, 'rollout.reference')
    const items = scoreItems(batch.rolloutIds.length, r => {
      const gold = references[r]
      if (gold === undefined) return noScore('no known preference')
      if (gold !== 1 && gold !== 2) {
        throw new GuerdonError('invalid_input', `expected the preferred response, 1 or 2; got ${describeValue(gold)}`, {
          path: ['reference'],
          hint: 'leave out pairs without a preference',
        })
      }
      const first = batch.turnOffsets[r]
      const turn = (i: number): string => (first + i < batch.turnOffsets[r + 1] ? (actions[first + i] ?? '') : '')
      return judgementReward(turn(0), turn(1), gold, options)
    })
    const statuses = items.map(item => (isUnscored(item) ? undefined : item.status))
    const parts = items.map(item =>
      isUnscored(item) ? item : { turnOne: item.turnOne, turnTwo: item.turnTwo, total: item.total },
    )
    return {
      columns: {
        ...partSignals<keyof typeof columns>('rollout', parts, columns),
        'rollout.brRmStatus': textColumn('rollout', statuses),
      },
      state,
    }
  },
})

/** Options of the `br-rm.advantage` stage. */
export const brRmAdvantageOptions = z.object({
  std: z
    .enum(['leaveOneOut', 'group', 'none'])
    .default('leaveOneOut')
    .describe('what the centred reward is divided by'),
  stdFloor: z.number().min(0).max(1).default(1e-6).describe('relative deviation below which there is none'),
  compat: z.enum(['released']).optional().describe('no floor; a lone outlier keeps its raw difference'),
})

/**
 * Leave-one-out advantages on the policy tokens of both turns. Traces without a reward leave their group. Stateless.
 */
export const brRmAdvantageStage = defineStage<z.infer<typeof brRmAdvantageOptions>, null>({
  name: 'br-rm.advantage',
  about: 'leave-one-out advantage of each trace, on the policy tokens of all its turns',
  options: brRmAdvantageOptions,
  reads: () => [
    { name: 'rollout.reward', kind: 'number', about: 'one reward a trace' },
    { name: 'token.mask', kind: 'number', about: '1 on tokens the policy wrote', optional: true },
  ],
  writes: () => [
    { name: 'rollout.advantage', kind: 'number', about: 'leave-one-out advantage' },
    { name: 'token.advantage', kind: 'number', about: 'the same on policy tokens, 0 on others' },
  ],
  initial: () => null,
  apply(batch, state, options) {
    const rewards = numbers(batch, 'rollout.reward')
    const values = new Float64Array(rewards.values.length).fill(Number.NaN)
    for (let g = 0; g < batch.groupIds.length; g++) {
      const members: number[] = []
      for (let r = batch.groupOffsets[g]; r < batch.groupOffsets[g + 1]; r++)
        if (rewards.status[r] === Status.scored) members.push(r)
      const { advantage } = leaveOneOutAdvantages(
        members.map(r => rewards.values[r]),
        options,
      )
      members.forEach((r, i) => {
        values[r] = advantage[i]
      })
    }
    const advantages = { ...rewards, values }
    return {
      columns: {
        'rollout.advantage': advantages,
        'token.advantage': moveSignal(batch, advantages, 'token', 'spread', {
          mask: tokenMask(batch),
          outside: 'zero',
        }),
      },
      state,
    }
  },
})

/**
 * Uses the judge: win rate of each response against others, both orders (`rollout.comparisons`). Stateless, without
 * options.
 */
export const brRmWinRateStage = defineStage<Record<string, never>, null>({
  name: 'br-rm.win-rate',
  about: 'win rate of each response in comparisons judged in both presentation orders',
  options: z.object({}),
  reads: () => [
    {
      name: 'rollout.comparisons',
      kind: 'json',
      about: '[{shownFirst, shownSecond}]: verdicts 1, 2 or null when the response was shown first and second',
    },
  ],
  writes: () => [
    { name: 'rollout.reward', kind: 'number', about: 'win rate in [0, 1], disagreements one half' },
    {
      name: 'rollout.brRmDisagreement',
      kind: 'number',
      about: 'share of comparisons whose orders disagree, in [0, 1]',
    },
  ],
  initial: () => null,
  apply(batch, state) {
    const comparisons = json(batch, 'rollout.comparisons')
    const items = scoreItems(comparisons.length, r => {
      if (comparisons[r] === undefined) return noScore('no comparisons')
      const { score, disagreement } = winRate(readComparisons(comparisons[r]))
      return score === null || disagreement === null ? noScore('no complete comparison') : { score, disagreement }
    })
    return {
      columns: partSignals('rollout', items, {
        score: 'rollout.reward',
        disagreement: 'rollout.brRmDisagreement',
      }),
      state,
    }
  },
})

function readComparisons(value: unknown): OrderedComparison[] {
  const isVerdict = (entry: unknown): boolean => entry === 1 || entry === 2 || entry === null
  const valid =
    Array.isArray(value) &&
    value.every(entry => isJsonObject(entry) && isVerdict(entry['shownFirst']) && isVerdict(entry['shownSecond']))
  if (valid) return value as OrderedComparison[]
  throw new GuerdonError(
    'invalid_input',
    `expected comparisons [{shownFirst, shownSecond}] with verdicts 1, 2 or null; got ${describeValue(value)}`,
    { path: ['comparisons'] },
  )
}
