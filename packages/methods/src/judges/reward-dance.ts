import {
  type ColumnName,
  defineStage,
  describeValue,
  GuerdonError,
  json,
  numbers,
  optionalNumbers,
  type Signal,
  Status,
  signal,
} from '@guerdon/core'
import * as z from 'zod'
import { defineMethod } from '../method.ts'
import { noScore, partSignals, scoreItems } from '../shared/reward-parts.ts'
import { type HackingMonitor, noHackingMonitor, watchRewards } from './reward-dance/monitor.ts'
import { comparativeRewards } from './reward-dance/reward.ts'

export * from './reward-dance/monitor.ts'
export * from './reward-dance/probability.ts'
export * from './reward-dance/reward.ts'

const columns = {
  reward: 'rollout.reward',
  spread: 'rollout.rewardDanceReferenceSpread',
} as const satisfies Record<string, ColumnName>

/** Mean probability that each candidate beats its references. Stateless, without options. */
export const rewardDanceStage = defineStage<Record<string, never>, null>({
  name: 'reward-dance',
  about: 'mean probability of "yes, better than the reference" over the references',
  options: z.object({}),
  reads: () => [
    {
      name: 'rollout.yesMinusNo',
      kind: 'json',
      about: 'logit of yes minus logit of no against each reference, at least one',
    },
  ],
  writes: () => [
    { name: columns.reward, kind: 'number', about: 'in (0, 1)' },
    { name: columns.spread, kind: 'number', about: 'largest minus smallest probability over the references' },
  ],
  initial: () => null,
  apply(batch, state) {
    const margins = json(batch, 'rollout.yesMinusNo')
    const items = scoreItems(margins.length, r => {
      if (margins[r] === undefined) return noScore('not compared')
      const row = readMargins(margins[r])
      const each = row.map(margin => comparativeRewards([[margin]]).rewards[0])
      return { reward: comparativeRewards([row]).rewards[0], spread: Math.max(...each) - Math.min(...each) }
    })
    return { columns: partSignals('rollout', items, columns), state }
  },
})

function readMargins(value: unknown): number[] {
  if (Array.isArray(value) && value.length > 0 && value.every(entry => Number.isFinite(entry))) return value
  throw new GuerdonError('invalid_input', `expected a list of finite logits; got ${describeValue(value)}`, {
    path: ['yesMinusNo'],
    hint: 'leave the column out where the judge failed',
  })
}

/** Options of the `reward-dance.monitor` stage; see `HackingMonitorOptions`. */
export const rewardDanceMonitorOptions = z.object({
  window: z.int().min(1).default(1000).describe('rewards in the window'),
  collapseRatio: z.number().min(0).default(0.15).describe('alarm below this share of the initial deviation'),
})

/**
 * Watches the rewards of every batch for a collapse of their variance. State: the window and its first full moments.
 */
export const rewardDanceMonitorStage = defineStage<z.infer<typeof rewardDanceMonitorOptions>, HackingMonitor>({
  name: 'reward-dance.monitor',
  about: 'running deviation of the rewards and an alarm when it collapses while the reward rises or gold falls',
  options: rewardDanceMonitorOptions,
  reads: () => [
    { name: 'rollout.reward', kind: 'number', about: 'the reward the policy is trained on' },
    { name: 'rollout.gold', kind: 'number', about: 'a metric the policy never sees', optional: true },
  ],
  writes: () => [
    { name: 'rollout.rewardDanceWindowStd', kind: 'number', about: 'deviation of the window after this batch' },
    { name: 'rollout.rewardDanceAlarm', kind: 'number', about: '1 when the alarm stands after this batch, else 0' },
  ],
  initial: () => noHackingMonitor,
  apply(batch, state, options) {
    const golds = optionalNumbers(batch, 'rollout.gold')
    const { monitor, report } = watchRewards(
      state,
      scoredValues(numbers(batch, 'rollout.reward')),
      golds === undefined ? [] : scoredValues(golds),
      options,
    )
    const size = batch.rolloutIds.length
    return {
      columns: {
        'rollout.rewardDanceWindowStd': signal('rollout', new Float64Array(size).fill(report.std)),
        'rollout.rewardDanceAlarm': signal('rollout', new Float64Array(size).fill(report.alarm ? 1 : 0)),
      },
      state: monitor,
    }
  },
})

function scoredValues(column: Signal): Float64Array {
  return column.values.filter((_, i) => column.status[i] === Status.scored)
}

/** Every setting of the judge and its use. */
export const rewardDanceOptions = z.object({
  mode: z.enum(['comparative', 'pointwise']).default('comparative').describe('against references, or alone'),
  probability: z
    .enum(['restricted', 'fullVocabulary'])
    .default('restricted')
    .describe('P(yes) among yes and no, or in the whole vocabulary'),
  numSamples: z.int().min(1).default(16).describe('samples the references are chosen from'),
  numReferences: z.int().min(1).default(2).describe('references of each prompt'),
  pick: z.enum(['top', 'bottom']).default('top').describe('best samples, or the worst as a negative control'),
  trainBothOrders: z.boolean().default(true).describe('present each pair in both orders'),
  ceWeight: z.number().min(0).default(0.1).describe('weight of the cross-entropy of the pointwise judge'),
  scoreSpace: z.enum(['probability', 'logit']).default('probability').describe('what the pointwise pair loss compares'),
})

/** RewardDance: P("yes") as the reward, against the best of N references. */
export const rewardDance = defineMethod({
  slug: 'reward-dance',
  title: 'RewardDance: Reward Scaling in Visual Generation',
  year: 2025,
  paper: 'arXiv 2509.08826',
  family: 'judges',
  summary:
    'Uses the probability of "yes, better than the reference" of a next-token predictor as the reward, and watches its variance for hacking.',
  consumes: [
    'next-token logits at the answer position [N][V], or z_yes − z_no [B][m]',
    'win probabilities [N][N] of samples for the choice of references',
  ],
  produces: [
    'reward in (0, 1) and its gradient',
    'pairwise and pointwise training losses',
    'references, kept paths, GSB score',
    'variance trace and hacking alarm',
  ],
  options: rewardDanceOptions,
  claim: {
    statement:
      'Capacity of the reward model raises its out-of-distribution accuracy and the gold quality after training; small models are over-optimised.',
    metric: 'final gold below its own peak, width 4 minus width 64',
    direction: 'higher',
    size: 0.9,
    against: ['reward models of width 4, 16 and 64'],
    seeds: 5,
    setting:
      'Four prompts, 6-D outputs, 1500 noisy pairs, comparative two-layer networks, 250 ReFL steps against top-2 of best-of-16 references. Larger late reward variance, generative over regressive and top over bottom references did not show at this scale.',
  },
  stages: [rewardDanceStage, rewardDanceMonitorStage],
  related: ['br-rm', 'promptenhancer', 'par'],
})
