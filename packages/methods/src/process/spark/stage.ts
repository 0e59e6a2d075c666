import {
  defineStage,
  json,
  jsonColumn,
  numbers,
  type Outcome,
  outcomeAt,
  Random,
  type RandomState,
  type RolloutBatch,
  Status,
  signalFromOutcomes,
  texts,
} from '@guerdon/core'
import * as z from 'zod'
import { groupNormalise, groupsFromOffsets } from '../../shared/group-normalise.ts'
import { valuesLike } from '../../shared/value-signals.ts'
import { firstBoxedAnswer } from './answers.ts'
import { takeRewardBatch } from './cache.ts'
import { type RecycledItem, recycleRollouts, type VerifiedGroup } from './recycle.ts'
import { recycledPrompt, sparkTemplates } from './templates.ts'

/** Options of the stage. */
export const sparkOptions = z.strictObject({
  pointwiseProbability: z
    .number()
    .min(0)
    .max(1)
    .default(0.3)
    .describe('share of yes/no items among groups with both outcomes'),
  cap: z.int().min(0).default(32).describe('most judgement items, and most reflection items, of one batch'),
  rewardBatch: z.int().min(1).default(64).describe('cached items handed out at once, the oldest first'),
  epsilon: z.number().positive().default(1e-9).describe('added to the standard deviation of a group'),
  seed: z.int().default(0).describe('seed of the recycling'),
})

/** Options of the stage, every default filled in. */
export type SparkStageOptions = z.infer<typeof sparkOptions>

/** A recycled task with its prompt written out. */
export interface SparkTask {
  readonly kind: RecycledItem['kind']
  readonly prompt: string
  readonly label: string
}

/** Cached tasks, oldest first, and the position of the generator. */
export interface SparkState {
  readonly cache: readonly SparkTask[]
  readonly random: RandomState
}

/**
 * Writes `rollout.advantage`, and recycles the batch: `group.sparkItems` holds the tasks made from each group, the state
 * their cache, and `group.sparkRewardBatch` of the first group the tasks to train on next, once enough are cached.
 *
 * Rollouts with an unscored outcome leave their group; an outcome other than 0 or 1 fails. A question without a reference
 * gives no reflection tasks: there is nothing to check them against.
 */
export const sparkStage = defineStage<SparkStageOptions, SparkState>({
  name: 'spark',
  about: 'normalises verified outcomes in their group and turns the same rollouts into judging and reflection tasks',
  options: sparkOptions,
  reads: () => [
    { name: 'rollout.outcome', kind: 'number', about: 'verified outcome, 1 = correct, 0 = wrong' },
    { name: 'rollout.response', kind: 'text', about: 'reasoning with a \\boxed answer' },
    { name: 'rollout.prompt', kind: 'text', about: 'the question' },
    { name: 'rollout.reference', kind: 'json', about: 'gold answer of the question' },
  ],
  writes: () => [
    { name: 'rollout.advantage', kind: 'number', about: 'outcome normalised in its group' },
    { name: 'group.sparkItems', kind: 'json', about: 'tasks {kind, prompt, label} recycled from the group' },
    {
      name: 'group.sparkRewardBatch',
      kind: 'json',
      about: 'first group: tasks to train on next; empty until enough are cached',
    },
  ],
  initial: options => ({ cache: [], random: new Random(options.seed).state() }),
  apply: (batch, state, options) => {
    const outcome = numbers(batch, 'rollout.outcome')
    const outcomes = Array.from(outcome.values, (value, r): Outcome => {
      const own = outcomeAt(outcome, r)
      if (own.status !== 'scored' || value === 0 || value === 1) return own
      return { status: 'failed', failure: { class: 'range', message: `expected an outcome of 0 or 1; got ${value}` } }
    })
    const verified = signalFromOutcomes('rollout', outcomes)
    const flags = verified.status.map(status => (status === Status.scored ? 1 : 0))
    const { epsilon } = options
    const advantages = groupNormalise(verified.values, groupsFromOffsets(batch.groupOffsets), { epsilon }, flags)
    const members = batch.groupIds.map((_, g) => {
      const rows: number[] = []
      for (let r = batch.groupOffsets[g]; r < batch.groupOffsets[g + 1]; r++) if (flags[r]) rows.push(r)
      return rows
    })
    const random = new Random(state.random)
    const { items } = recycleRollouts(verifiedGroups(batch, members, verified.values), random, {
      pointwiseTemplates: sparkTemplates.pointwise.map(template => template.labels),
      pairwiseTemplates: sparkTemplates.pairwise.length,
      reflectionTemplates: sparkTemplates.reflectReasoning.length,
      pointwiseProbability: options.pointwiseProbability,
      cap: options.cap,
    })
    const tasks = batch.groupIds.map((_, g) => tasksOf(batch, items, g, members[g]))
    const { batch: next, rest } = takeRewardBatch([...state.cache, ...ordered(tasks)], { size: options.rewardBatch })
    return {
      columns: {
        'rollout.advantage': valuesLike(verified, advantages),
        'group.sparkItems': jsonColumn('group', tasks),
        'group.sparkRewardBatch': jsonColumn(
          'group',
          batch.groupIds.map((_, g) => (g === 0 ? next : [])),
        ),
      },
      state: { cache: rest, random: random.state() },
    }
  },
})

function verifiedGroups(batch: RolloutBatch, members: readonly number[][], rewards: Float64Array): VerifiedGroup[] {
  const responses = texts(batch, 'rollout.response')
  const references = json(batch, 'rollout.reference')
  return members.map(rows => ({
    answers: rows.map(r => firstBoxedAnswer(responses[r] ?? '')),
    rewards: rows.map(r => rewards[r]),
    label: rows.length === 0 ? '' : text(references[rows[0]]),
  }))
}

function text(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function tasksOf(
  batch: RolloutBatch,
  items: readonly RecycledItem[],
  group: number,
  rows: readonly number[],
): SparkTask[] {
  const prompts = texts(batch, 'rollout.prompt')
  const responses = texts(batch, 'rollout.response')
  return items
    .filter(item => item.promptIndex === group && item.label !== '')
    .map(item => {
      const reasoning = item.kind === 'reflectReasoning' ? responses[rows[item.rolloutIndex]] : undefined
      const question = prompts[rows[0]] ?? ''
      return {
        kind: item.kind,
        prompt: recycledPrompt(item, { question, ...(reasoning !== undefined && { reasoning }) }),
        label: item.label,
      }
    })
}

/** Judgements of all groups before reflections, as they enter the cache. */
function ordered(tasks: readonly (readonly SparkTask[])[]): SparkTask[] {
  const flat = tasks.flat()
  const judging = (task: SparkTask) => task.kind === 'pointwise' || task.kind === 'pairwise'
  return [...flat.filter(judging), ...flat.filter(task => !judging(task))]
}
