import {
  assertInteger,
  assertOneOf,
  assertSameLength,
  canonicalJson,
  defineStage,
  json,
  numbers,
  type Outcome,
  optionalJson,
  optionalTexts,
  type RolloutBatch,
  Status,
  texts,
} from '@guerdon/core'
import * as z from 'zod'
import { defineMethod } from '../method.ts'
import { scoredIndices, withScored } from '../shared/scored-items.ts'
import { placeOnTokens, type Span } from '../shared/spans.ts'
import { advantageColumns, missingOnTurn, turnSignal } from '../shared/turn-columns.ts'
import { drGrpo, grpo, rloo } from './baselines-advantage/group-estimators.ts'

/** One step: canonical keys of the state, the parsed action and the state it led to (`null`: the episode ended). */
export type Transition = readonly [state: Key, action: Key, nextState: Key | null]
type Key = string | number

/** How the advantage of a whole trajectory is computed before it is shared out. */
export type SaltBase = 'grpo' | 'drGrpo' | 'rloo'

/** Choices of `saltStepAdvantages`. */
export interface SaltOptions {
  /**
   * Number of earlier transitions that must agree as well before two steps are merged; `all` merges identical prefixes only.
   * Default 0: the plain (s, a, s′) rule.
   */
  readonly historyLength?: number | 'all'
  /** Count each trajectory once in an edge it passes several times. Default false: once per occurrence. */
  readonly dedupePerTrajectory?: boolean
}

/** Advantages by step, ragged: [trajectory][step]. */
export interface SaltResult {
  /** Number of the edge each step lies on, by first appearance. */
  readonly edgeGroupIds: readonly Int32Array[]
  /** 1 where at least two trajectories pass through the step's edge. */
  readonly sharedByTwoTrajectories: readonly Uint8Array[]
  readonly stepAdvantages: readonly Float64Array[]
  /** Share of steps on edges of at least two trajectories; 0 says the keys never match. */
  readonly mergeRate: number
}

/**
 * Base advantage of each trajectory of one group from its outcome rewards. A group of one gets 0.
 *
 * @param rewards [N]
 * @returns [N]
 */
export function saltBaseAdvantages(
  rewards: ArrayLike<number>,
  options: { readonly base?: SaltBase; readonly epsilon?: number } = {},
): Float64Array {
  const { base = 'grpo', epsilon = 1e-6 } = options
  assertOneOf(base, 'base', ['grpo', 'drGrpo', 'rloo'])
  const group = { index: new Int32Array(rewards.length), count: 1 }
  if (base === 'rloo') return rloo(rewards, group)
  return base === 'drGrpo' ? drGrpo(rewards, group) : grpo(rewards, group, { epsilon })
}

/**
 * SALT: the rollouts of one prompt form a graph whose edges are transitions (s, a, s′); a step's advantage is the mean of the
 * trajectory advantages A_i that pass through its edge, so a step shared by good and bad rollouts is nearly neutral and one
 * that only a single rollout took keeps A_i:
 *
 *   A_{i,t} = mean { A_j : step (j, u) has the key of (i, t) }
 *
 * The advantages are averaged, not re-normalised. The sum over all steps is unchanged within every edge. For a tabular
 * on-policy policy a gradient step is exactly that of the base estimator; it matters where members of an edge have different
 * gradients (language models).
 *
 * Li et al. 2025, arXiv 2510.20022; the history option and the per-trajectory count are readings of ours. GiGPO groups by
 * state alone and normalises returns inside the group.
 *
 * Linear in the number of steps (times the history length).
 *
 * @param trajectories transitions of each trajectory of one group
 * @param baseAdvantages [N] A_i
 */
export function saltStepAdvantages(
  trajectories: readonly (readonly Transition[])[],
  baseAdvantages: ArrayLike<number>,
  options: SaltOptions = {},
): SaltResult {
  const { historyLength = 0, dedupePerTrajectory = false } = options
  if (historyLength !== 'all') assertInteger(historyLength, 'historyLength')
  assertSameLength(trajectories, 'trajectories', baseAdvantages, 'baseAdvantages')
  const transitions = new Map<string, number>()
  const edges = new Map<string, number>()
  const sums: number[] = []
  const counts: number[] = []
  const lastTrajectory: number[] = []
  const trajectoryCounts: number[] = []
  const edgeGroupIds = trajectories.map((steps, i) => {
    const ids = Int32Array.from(steps, step => numberOf(transitions, JSON.stringify(step)))
    const onEdges = new Int32Array(steps.length)
    for (let t = 0; t < steps.length; t++) {
      const edge = numberOf(edges, edgeKey(ids, onEdges, t, historyLength))
      onEdges[t] = edge
      if (edge === sums.length) {
        sums.push(0)
        counts.push(0)
        lastTrajectory.push(-1)
        trajectoryCounts.push(0)
      }
      const first = lastTrajectory[edge] !== i
      if (first) {
        lastTrajectory[edge] = i
        trajectoryCounts[edge]++
      }
      if (first || !dedupePerTrajectory) {
        sums[edge] += baseAdvantages[i]
        counts[edge]++
      }
    }
    return onEdges
  })
  let steps = 0
  let merged = 0
  const sharedByTwoTrajectories = edgeGroupIds.map(row =>
    Uint8Array.from(row, edge => {
      const shared = trajectoryCounts[edge] > 1 ? 1 : 0
      steps++
      merged += shared
      return shared
    }),
  )
  const stepAdvantages = edgeGroupIds.map((row, i) =>
    Float64Array.from(row, edge => (trajectoryCounts[edge] > 1 ? sums[edge] / counts[edge] : baseAdvantages[i])),
  )
  return { edgeGroupIds, sharedByTwoTrajectories, stepAdvantages, mergeRate: steps === 0 ? 0 : merged / steps }
}

function numberOf(numbersByKey: Map<string, number>, key: string): number {
  let number = numbersByKey.get(key)
  if (number === undefined) numbersByKey.set(key, (number = numbersByKey.size))
  return number
}

/** The transition with its history; −1 stands before the start. A whole prefix is the edge before plus the transition. */
function edgeKey(ids: Int32Array, onEdges: Int32Array, t: number, historyLength: number | 'all'): string {
  if (historyLength === 0) return `${ids[t]}`
  if (historyLength === 'all') return `${t === 0 ? -1 : onEdges[t - 1]},${ids[t]}`
  let key = ''
  for (let back = historyLength; back >= 0; back--) key += `${t < back ? -1 : ids[t - back]},`
  return key
}

/**
 * Step advantages on the tokens of their spans; other tokens 0.
 *
 * @param spans token positions [start, end) of each step
 * @param lengths number of tokens of each trajectory
 */
export function saltTokenAdvantages(
  stepAdvantages: readonly Float64Array[],
  spans: readonly (readonly Span[])[],
  lengths: ArrayLike<number>,
): Float64Array[] {
  return stepAdvantages.map((values, i) => placeOnTokens(spans[i], values, lengths[i]))
}

/** Options of the stage. */
export const saltOptions = z.strictObject({
  base: z.enum(['grpo', 'drGrpo', 'rloo']).default('grpo').describe('estimator of the trajectory advantage'),
  epsilon: z.number().min(0).default(1e-6).describe('added to the standard deviation of grpo'),
  historyLength: z
    .union([z.int().min(0), z.literal('all')])
    .default(0)
    .describe('earlier transitions that must agree too before steps are merged'),
  dedupePerTrajectory: z.boolean().default(false).describe('count a trajectory once in an edge it passes repeatedly'),
  stateFrom: z.enum(['state', 'observation']).default('state').describe('what identifies the state of a turn'),
  actionFrom: z.enum(['action', 'toolCalls']).default('action').describe('what identifies the action of a turn'),
  place: z.enum(['turn', 'tokens']).default('turn').describe('write turn.advantage only, or token.advantage too'),
})

type SaltStageOptions = z.infer<typeof saltOptions>

/** Shares the outcome advantage of each rollout out over its turns. */
export const saltStage = defineStage<SaltStageOptions, null>({
  name: 'salt',
  about: 'averages trajectory advantages over identical transitions of the rollouts of a group',
  options: saltOptions,
  reads: options => [
    { name: 'rollout.score', kind: 'number', about: 'outcome reward of the rollout' },
    options.stateFrom === 'state'
      ? {
          name: 'turn.state',
          kind: 'json',
          about: 'canonical state the turn was taken in; no timestamps, no step index',
        }
      : { name: 'turn.observation', kind: 'text', about: 'what the policy saw before acting' },
    options.actionFrom === 'action'
      ? { name: 'turn.action', kind: 'text', about: 'the parsed action, without free-form reasoning' }
      : { name: 'turn.toolCalls', kind: 'json', about: 'the parsed tool calls of the turn' },
    { name: 'rollout.finalState', kind: 'text', about: 'state after the last turn', optional: true },
  ],
  writes: options => [
    { name: 'rollout.saltBase', kind: 'number', about: 'advantage of the whole rollout' },
    { name: 'turn.saltShared', kind: 'number', about: '1 where another rollout took the same transition' },
    { name: 'turn.advantage', kind: 'number', about: 'mean advantage over the transition' },
    ...(options.place === 'tokens'
      ? [{ name: 'token.advantage', kind: 'number', about: 'advantage of the turn on its policy tokens' } as const]
      : []),
  ],
  initial: () => null,
  apply: (batch, _state, options) => {
    const score = numbers(batch, 'rollout.score')
    const keys = transitionsOf(batch, options)
    const base = new Float64Array(batch.rolloutIds.length)
    const advantages: ArrayLike<number>[] = []
    const shared: ArrayLike<number>[] = []
    for (let g = 0; g < batch.groupIds.length; g++) {
      const members: number[] = []
      for (let r = batch.groupOffsets[g]; r < batch.groupOffsets[g + 1]; r++)
        if (score.status[r] === Status.scored) members.push(r)
      const bases = saltBaseAdvantages(
        members.map(r => score.values[r]),
        options,
      )
      const usable = members.filter(r => Array.isArray(keys[r]))
      for (const [k, r] of members.entries()) base[r] = bases[k]
      const result = saltStepAdvantages(
        usable.map(r => keys[r] as Transition[]),
        usable.map(r => base[r]),
        options,
      )
      for (const [k, r] of usable.entries()) {
        advantages[r] = result.stepAdvantages[k]
        shared[r] = result.sharedByTwoTrajectories[k]
      }
    }
    const missing = (r: number) => keys[r] as Outcome
    const turns = turnSignal(batch, score, r => advantages[r] ?? missing(r))
    const indices = scoredIndices(score)
    return {
      columns: {
        'rollout.saltBase': withScored(
          score,
          indices,
          Array.from(indices, r => base[r]),
        ),
        'turn.saltShared': turnSignal(batch, score, r => shared[r] ?? missing(r)),
        ...advantageColumns(batch, turns, options.place),
      },
      state: null,
    }
  },
})

/** Transitions of each rollout, or why it has none. */
function transitionsOf(batch: RolloutBatch, options: SaltStageOptions): (Transition[] | Outcome)[] {
  const states =
    options.stateFrom === 'observation' ? texts(batch, 'turn.observation') : json(batch, 'turn.state').map(canonical)
  const actions =
    options.actionFrom === 'action' ? texts(batch, 'turn.action') : json(batch, 'turn.toolCalls').map(canonical)
  const finals = finalStates(batch)
  return batch.rolloutIds.map((_, r) => {
    const transitions: Transition[] = []
    for (let t = batch.turnOffsets[r]; t < batch.turnOffsets[r + 1]; t++) {
      const state = states[t]
      const action = actions[t]
      const next = t + 1 < batch.turnOffsets[r + 1] ? states[t + 1] : (finals?.[r] ?? null)
      if (state === undefined) return missingOnTurn(`a ${options.stateFrom}`, t - batch.turnOffsets[r], 'salt')
      if (action === undefined) return missingOnTurn(`an ${options.actionFrom}`, t - batch.turnOffsets[r], 'salt')
      transitions.push([state, action, next ?? null])
    }
    return transitions
  })
}

/** Text stays text, so that a state given as text equals the same text as final state. */
function canonical(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  return typeof value === 'string' ? value : canonicalJson(value)
}

function finalStates(batch: RolloutBatch): readonly (string | undefined)[] | undefined {
  const column = batch.columns.get('rollout.finalState')
  if (column?.kind === 'json') return optionalJson(batch, 'rollout.finalState')?.map(canonical)
  return optionalTexts(batch, 'rollout.finalState')
}

/** See {@link saltStepAdvantages}. */
export const salt = defineMethod({
  slug: 'salt',
  title: 'SALT: step-level advantages from a trajectory graph',
  year: 2025,
  paper: 'arXiv 2510.20022 (Findings of EACL 2026)',
  family: 'credit',
  summary: 'Averages the advantages of the rollouts of a prompt over the transitions they have in common.',
  consumes: [
    'rollout.score [R]: outcome rewards',
    'turn.state (or observation), turn.action (or toolCalls): canonical keys',
    'rollout.finalState: optional',
  ],
  produces: ['turn.advantage', 'token.advantage', 'turn.saltShared', 'rollout.saltBase'],
  options: saltOptions,
  claim: {
    statement:
      'With context noise in the policy and 30 % reward noise, SALT on top of GRPO reaches a higher final success rate and memorises less noise; for a purely tabular policy it changes nothing.',
    metric: 'final success rate',
    direction: 'higher',
    size: 0.02,
    against: ['grpo'],
    seeds: 6,
    setting:
      'layered random graph, depth 10, 4 actions, 4 prompts, policy logits tabular + U·z with 16 fresh noise features, 150 updates, groups of 8. Shows variance reduction under shared irrelevant features, nothing more general.',
  },
  stages: [saltStage],
  related: ['baselines-advantage', 'empg', 'portool'],
})
