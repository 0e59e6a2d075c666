import {
  abstained,
  type ColumnData,
  type ColumnName,
  defineStage,
  failed,
  GuerdonError,
  json,
  numbers,
  type Outcome,
  optionalJson,
  signalFromOutcomes,
} from '@guerdon/core'
import * as z from 'zod'
import { auxiliaryChannel, checkTransitions, type TransitionShaper } from '../../shared/transition-shaper.ts'
import { type Goal, goalHolds, type PredicateTruth, selfRewardPlay } from './goals.ts'
import { filterTask } from './task-filter.ts'

const atomSchema = z.strictObject({ predicate: z.string(), negated: z.boolean().optional() })
const goalSchema = z.array(z.array(atomSchema))
const truthSchema = z.record(z.string(), z.boolean())

/** Options of `xland.goal`. */
export const goalStageOptions = z.strictObject({
  goal: goalSchema
    .nullable()
    .default(null)
    .describe('the goal of every rollout, options of atoms; null reads rollout.goal of each record'),
  selfRewardPlay: z.boolean().default(false).describe('after the goal is reached ask for its negation, and back'),
})

type GoalStageOptions = z.infer<typeof goalStageOptions>

/**
 * Pays every turn 1 while the goal holds in the predicates observed after it, else 0, and the rollout their sum. A turn
 * without predicates abstains; one that leaves a needed predicate out fails.
 */
export const goalStage = defineStage<GoalStageOptions, null>({
  name: 'xland.goal',
  about: 'pays each turn in which a goal in disjunctive normal form over observed predicates holds',
  options: goalStageOptions,
  reads: options => [
    {
      name: 'turn.predicates',
      kind: 'json',
      about: 'an object of true/false by predicate name, observed after the turn',
    },
    ...(options.goal === null
      ? [
          {
            name: 'rollout.goal',
            kind: 'json',
            about: 'list of options, each a list of {predicate, negated?}',
          } as const,
        ]
      : []),
  ],
  writes: () => [
    {
      name: 'turn.reward',
      kind: 'number',
      about: '1 while the goal (or the current target of self reward-play) holds',
    },
    { name: 'rollout.reward', kind: 'number', about: 'number of rewarded turns' },
  ],
  initial: () => null,
  apply: (batch, state, options) => {
    const truths = json(batch, 'turn.predicates')
    const goals = options.goal === null ? json(batch, 'rollout.goal') : undefined
    const turns: Outcome[] = new Array<Outcome>(truths.length).fill(abstained('no predicates were observed'))
    const rollouts = batch.rolloutIds.map((id, r): Outcome => {
      const goal = options.goal ?? parseGoal(goals?.[r], id)
      const observed: number[] = []
      const holds: boolean[] = []
      let failure: Outcome | undefined
      for (let t = batch.turnOffsets[r]; t < batch.turnOffsets[r + 1]; t++) {
        if (truths[t] === undefined) continue
        const outcome = holdsIn(goal, truths[t])
        if (typeof outcome === 'boolean') {
          observed.push(t)
          holds.push(outcome)
        } else turns[t] = failure = outcome
      }
      const rewards = options.selfRewardPlay ? selfRewardPlay(holds).rewards : holds.map(Number)
      let total = 0
      observed.forEach((t, i) => {
        turns[t] = { status: 'scored', value: rewards[i] }
        total += rewards[i]
      })
      if (failure) return failure
      return observed.length === 0 ? abstained('no predicates were observed') : { status: 'scored', value: total }
    })
    const columns: Record<ColumnName, ColumnData> = {
      'turn.reward': signalFromOutcomes('turn', turns),
      'rollout.reward': signalFromOutcomes('rollout', rollouts),
    }
    return { columns, state }
  },
})

function parseGoal(value: unknown, rollout: string): Goal {
  const parsed = goalSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new GuerdonError(
    'invalid_input',
    `expected rollout.goal to be a list of options of atoms — rollout "${rollout}"`,
    {
      path: ['rollout.goal'],
      rollout,
      hint: 'for example [[{"predicate": "hold(me,key)"}, {"predicate": "near(me,door)"}]]',
    },
  )
}

function holdsIn(goal: Goal, value: unknown): boolean | Outcome {
  const truth = truthSchema.safeParse(value)
  if (!truth.success) return failed('type', 'expected predicates as an object of true and false', 'xland')
  try {
    return goalHolds(goal, truth.data as PredicateTruth)
  } catch (error) {
    return failed('invalid_input', error instanceof Error ? error.message : String(error), 'xland')
  }
}

/** Options of `xland.filter`. */
export const filterStageOptions = z.strictObject({
  easyReturn: z.number().default(0.7).describe('a score above it counts as mastered'),
  maxEasy: z.number().default(0.9).describe('refuse a task mastered this often or more'),
  margin: z.number().default(0).describe('by how much a rollout must beat the control'),
  minBeat: z.number().default(0.2).describe('refuse a task on which the control is beaten this rarely or more rarely'),
  controlReturn: z.number().default(0.7).describe('a control score above it is good'),
  maxControl: z.number().default(0.3).describe('refuse a task on which the control is good this often or more'),
})

type FilterStageOptions = z.infer<typeof filterStageOptions>

/**
 * Says of every group (a prompt, a task) whether it is just learnable, from the scores of its rollouts and of a control
 * policy on the same task. Failed and abstained rollouts leave the fractions; a group without scored rollouts abstains.
 */
export const filterStage = defineStage<FilterStageOptions, null>({
  name: 'xland.filter',
  about: 'accepts groups that are neither mastered nor hopeless nor already solved by a control policy',
  options: filterStageOptions,
  reads: () => [
    { name: 'rollout.score', kind: 'number', about: 'score of the current agent, an evaluation episode' },
    {
      name: 'group.controlScores',
      kind: 'json',
      about: 'number[] of scores of a control policy on the same task; as if it always scored 0 when absent',
      optional: true,
    },
  ],
  writes: () => [
    { name: 'group.xlandAccept', kind: 'number', about: '1 for a task to train on, else 0' },
    { name: 'group.xlandEasy', kind: 'number', about: 'fraction of rollouts that mastered it' },
    { name: 'group.xlandBeats', kind: 'number', about: 'fraction that beat the control' },
    { name: 'group.xlandControlGood', kind: 'number', about: 'fraction of good control scores' },
  ],
  initial: () => null,
  apply: (batch, state, options) => {
    const score = numbers(batch, 'rollout.score')
    const controls = optionalJson(batch, 'group.controlScores')
    const verdicts = batch.groupIds.map((id, g) => {
      const scores: number[] = []
      for (let r = batch.groupOffsets[g]; r < batch.groupOffsets[g + 1]; r++)
        if (score.status[r] === 0) scores.push(score.values[r])
      if (scores.length === 0) return undefined
      return filterTask(scores, controlScores(controls?.[g], scores.length, id), options)
    })
    const column = (read: (verdict: NonNullable<(typeof verdicts)[number]>) => number) =>
      signalFromOutcomes(
        'group',
        verdicts.map(verdict =>
          verdict ? { status: 'scored', value: read(verdict) } : abstained('no scored rollout'),
        ),
      )
    const columns: Record<ColumnName, ColumnData> = {
      'group.xlandAccept': column(verdict => Number(verdict.accept)),
      'group.xlandEasy': column(verdict => verdict.easy),
      'group.xlandBeats': column(verdict => verdict.beats),
      'group.xlandControlGood': column(verdict => verdict.controlGood),
    }
    return { columns, state }
  },
})

function controlScores(value: unknown, count: number, group: string): ArrayLike<number> {
  if (value === undefined || value === null) return new Float64Array(count)
  if (Array.isArray(value) && value.length > 0 && value.every(Number.isFinite)) return value
  throw new GuerdonError(
    'invalid_input',
    `expected group.controlScores to be a non-empty list of finite numbers — group "${group}"`,
    { path: ['group.controlScores'] },
  )
}

/**
 * Self reward-play on transitions: reads the auxiliary channel `goal` (1 while the original goal holds after the step)
 * and pays flips. The target carries over batches and starts anew with every episode.
 */
export function selfRewardPlayShaper(): TransitionShaper<{ readonly target: 'achieve' | 'undo' }> {
  return {
    name: 'xland.self-reward-play',
    initial: () => ({ target: 'achieve' }),
    shape: (transitions, state) => {
      const count = checkTransitions(transitions)
      const goal = auxiliaryChannel(transitions, 'goal')
      const reward = new Float64Array(count)
      const asked = new Float64Array(count)
      let target = state.target
      for (let i = 0; i < count; i++) {
        if (transitions.episodeStart?.[i]) target = 'achieve'
        const step = selfRewardPlay([goal[i]], { start: target })
        asked[i] = target === 'undo' ? 1 : 0
        reward[i] = step.rewards[0]
        if (reward[i]) target = target === 'achieve' ? 'undo' : 'achieve'
      }
      return { reward, components: { undoAsked: asked }, state: { target } }
    },
  }
}
