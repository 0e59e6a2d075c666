import {
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
import { scoredIndices, withScored } from '../../shared/scored-items.ts'
import { advantageColumns, missingOnTurn, turnSignal } from '../../shared/turn-columns.ts'
import { saltBaseAdvantages, saltStepAdvantages, type Transition } from './graph.ts'

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
        ...advantageColumns(batch, turns, score, options.place),
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
