import {
  abstained,
  type Column,
  type ColumnData,
  type ColumnName,
  defineStage,
  failed,
  GuerdonError,
  json,
  numbers,
  type Outcome,
  outcomeAt,
  type RolloutBatch,
  scored,
  signalFromOutcomes,
  tokenMask,
} from '@guerdon/core'
import * as z from 'zod'
import { bestIndex } from '../../shared/best-of-n.ts'
import { scoredIndices } from '../../shared/scored-items.ts'
import { aggregateMembers, aggregators, standardise } from './aggregate.ts'

/** Schema of the stage's options. */
export const rmEnsemblesOptions = z.strictObject({
  aggregator: z.enum(aggregators).default('mean').describe('how K scores become one'),
  lambda: z.number().min(0).default(0.5).describe('weight of the variance in uncertaintyWeighted'),
  scales: z
    .array(z.strictObject({ mean: z.number(), standardDeviation: z.number().min(0) }))
    .nullable()
    .default(null)
    .describe('centre and spread of each member on held-out responses; null when members share a scale'),
  onMissing: z
    .enum(['drop', 'fail'])
    .default('drop')
    .describe('a member without a score: leave it out, or fail the rollout'),
  klWeight: z
    .number()
    .min(0)
    .default(0)
    .describe('weight of the KL estimate from the reference policy; 0 needs no tokens'),
})

/** Options of the stage, every default filled in. */
export type RmEnsemblesOptions = z.infer<typeof rmEnsemblesOptions>

const memberScores: Column = {
  name: 'rollout.memberScores',
  kind: 'json',
  about: 'number[K]: one score for each member of the ensemble, null where a member has none',
}

/**
 * Writes `rollout.reward` from the scores of K reward models in `rollout.memberScores`, with
 * `rollout.rmEnsemblesDisagreement` (standard deviation over members) and `rollout.rmEnsemblesMembers`.
 *
 * With `klWeight` > 0 the reward is the aggregate minus klWeight·Σ_t (log π − log π_ref), the two parts beside it in
 * `rollout.rmEnsemblesAggregate` and `rollout.rmEnsemblesKl`. A rollout without member scores fails.
 */
export const rmEnsemblesStage = defineStage<RmEnsemblesOptions, null>({
  name: 'rm-ensembles',
  about: 'makes one reward of the scores of several reward models, conservatively where they disagree',
  options: rmEnsemblesOptions,
  reads: options =>
    options.klWeight === 0
      ? [memberScores]
      : [
          memberScores,
          { name: 'token.logprob', kind: 'number', about: 'log-probability under the policy that sampled' },
          { name: 'token.refLogprob', kind: 'number', about: 'log-probability under the reference policy' },
          { name: 'token.mask', kind: 'number', about: '1 on response tokens', optional: true },
        ],
  writes: options => [
    { name: 'rollout.reward', kind: 'number', about: 'aggregated score, less the KL penalty when there is one' },
    { name: 'rollout.rmEnsemblesDisagreement', kind: 'number', about: 'standard deviation over members, ddof 0' },
    { name: 'rollout.rmEnsemblesMembers', kind: 'number', about: 'members that had a score' },
    ...(options.klWeight === 0
      ? []
      : ([
          { name: 'rollout.rmEnsemblesAggregate', kind: 'number', about: 'aggregated score' },
          { name: 'rollout.rmEnsemblesKl', kind: 'number', about: 'Σ (log π − log π_ref) over response tokens, nats' },
        ] satisfies Column[])),
  ],
  initial: () => null,
  apply: (batch, state, options) => {
    const aggregates = memberLists(batch, options).map(list => aggregateOne(list, options))
    const kl = options.klWeight === 0 ? undefined : sequenceKl(batch)
    const rewards = aggregates.map((entry, r): Outcome => {
      if ('status' in entry) return entry
      if (kl === undefined) return scored(entry.score)
      const estimate = kl[r]
      return estimate.status === 'scored' ? scored(entry.score - options.klWeight * estimate.value) : estimate
    })
    const part = (read: (entry: Aggregate) => number): Outcome[] =>
      aggregates.map(entry => ('status' in entry ? abstained() : scored(read(entry))))
    const columns: Record<ColumnName, ColumnData> = {
      'rollout.reward': signalFromOutcomes('rollout', rewards),
      'rollout.rmEnsemblesDisagreement': signalFromOutcomes(
        'rollout',
        part(entry => entry.disagreement),
      ),
      'rollout.rmEnsemblesMembers': signalFromOutcomes(
        'rollout',
        part(entry => entry.members),
      ),
    }
    if (kl !== undefined) {
      columns['rollout.rmEnsemblesAggregate'] = signalFromOutcomes(
        'rollout',
        part(entry => entry.score),
      )
      columns['rollout.rmEnsemblesKl'] = signalFromOutcomes('rollout', kl)
    }
    return { columns, state }
  },
})

/**
 * Best-of-n: writes `rollout.selected`, 1 for the rollout with the highest `rollout.reward` of its group (the first of
 * several), 0 for the others; rollouts without a reward keep their outcome and cannot be selected.
 */
export const bestOfNStage = defineStage<Record<string, never>, null>({
  name: 'rm-ensembles.best-of-n',
  about: 'marks the best rollout of every group',
  options: z.strictObject({}),
  reads: () => [{ name: 'rollout.reward', kind: 'number', about: 'what the best is chosen by' }],
  writes: () => [{ name: 'rollout.selected', kind: 'number', about: '1 for the best rollout of its group, else 0' }],
  initial: () => null,
  apply: (batch, state) => {
    const reward = numbers(batch, 'rollout.reward')
    const selected = Array.from(reward.values, (_, r) => {
      const outcome = outcomeAt(reward, r)
      return outcome.status === 'scored' ? scored(0) : outcome
    })
    const usable = scoredIndices(reward)
    for (let g = 0; g < batch.groupIds.length; g++) {
      const members = usable.filter(r => r >= batch.groupOffsets[g] && r < batch.groupOffsets[g + 1])
      if (members.length === 0) continue
      const best = bestIndex(Array.from(members, r => reward.values[r]))
      selected[members[best]] = scored(1)
    }
    return { columns: { 'rollout.selected': signalFromOutcomes('rollout', selected) }, state }
  },
})

type Aggregate = ReturnType<typeof aggregateMembers>

function memberLists(batch: RolloutBatch, options: RmEnsemblesOptions): ((number | null)[] | undefined)[] {
  const size = options.scales?.length
  return json(batch, 'rollout.memberScores', memberScores.about).map((value, r) => {
    if (value === undefined || value === null) return undefined
    const id = batch.rolloutIds[r]
    const path = ['rollout.memberScores', r]
    if (!Array.isArray(value) || !value.every(entry => entry === null || Number.isFinite(entry))) {
      const message = `expected rollout.memberScores to be a list of finite numbers or null; rollout "${id}" has something else`
      throw new GuerdonError('invalid_input', message, { path, rollout: id })
    }
    if (size !== undefined && value.length !== size) {
      const message = `expected ${size} member scores, one for each of the scales; rollout "${id}" has ${value.length}`
      throw new GuerdonError('shape_mismatch', message, { path, rollout: id })
    }
    return value as (number | null)[]
  })
}

function aggregateOne(list: readonly (number | null)[] | undefined, options: RmEnsemblesOptions): Aggregate | Outcome {
  const missing = list?.filter(score => score === null).length ?? 0
  if (!list || missing === list.length)
    return failed('invalid_input', 'no member of the ensemble has a score', 'rm-ensembles')
  if (missing > 0 && options.onMissing === 'fail') {
    return failed('invalid_input', `${missing} of ${list.length} members have no score`, 'rm-ensembles')
  }
  const { scales } = options
  return aggregateMembers(scales ? list.map((s, k) => (s === null ? null : standardise(s, scales[k]))) : list, options)
}

function sequenceKl(batch: RolloutBatch): Outcome[] {
  const logprob = numbers(batch, 'token.logprob')
  const reference = numbers(batch, 'token.refLogprob')
  const mask = tokenMask(batch)
  return batch.rolloutIds.map((_, r) => {
    let total = 0
    for (let t = batch.tokenOffsets[r]; t < batch.tokenOffsets[r + 1]; t++) {
      if (!mask[t]) continue
      if (logprob.status[t] !== 0 || reference.status[t] !== 0) {
        return failed('invalid_input', 'a response token has no log-probability', 'rm-ensembles')
      }
      total += logprob.values[t] - reference.values[t]
    }
    return scored(total)
  })
}
