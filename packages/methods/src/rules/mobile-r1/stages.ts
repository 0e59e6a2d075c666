import {
  defineStage,
  describeValue,
  GuerdonError,
  json,
  levelSize,
  numbers,
  type RolloutBatch,
  type Signal,
  Status,
  signal,
  texts,
  tokenMask,
} from '@guerdon/core'
import * as z from 'zod'
import { groupNormalise, groupsFromOffsets } from '../../shared/group-normalise.ts'
import { isJsonObject } from '../../shared/json-text.ts'
import { noScore, partSignals, scoredAt, scoreItems } from '../../shared/reward-parts.ts'
import { valuesInside } from '../../shared/value-signals.ts'
import { actionLevelReward, isWellFormedTurn, type MobileAction } from './action.ts'
import { taskLevelReward } from './task.ts'

/** Stage 2: one reward a turn at expert states. Stateless, without options. */
export const mobileR1ActionStage = defineStage<Record<string, never>, null>({
  name: 'mobile-r1.action',
  about: 'single-step reward of each turn against the expert action',
  options: z.object({}),
  reads: () => [
    { name: 'turn.action', kind: 'text', about: '<think>, <action> and <tool_call> of one turn' },
    {
      name: 'turn.reference',
      kind: 'json',
      about: 'the expert action {action, bbox?, text?, button?}; absent off the path',
    },
  ],
  writes: () => [
    { name: 'turn.reward', kind: 'number', about: 'their sum; abstains where there is no expert action' },
    { name: 'turn.mobileR1Format', kind: 'number', about: '1 for a well-formed turn, else 0' },
    { name: 'turn.mobileR1Action', kind: 'number', about: '1 for the right action, else 0' },
  ],
  initial: () => null,
  apply(batch, state) {
    const actions = texts(batch, 'turn.action')
    const references = json(batch, 'turn.reference')
    const items = scoreItems(actions.length, t => {
      if (references[t] === undefined) return noScore('no expert action at this state')
      return actionLevelReward(actions[t] ?? '', readMobileAction(references[t]))
    })
    const columns = partSignals('turn', items, {
      format: 'turn.mobileR1Format',
      action: 'turn.mobileR1Action',
      total: 'turn.reward',
    })
    return { columns, state }
  },
})

function readMobileAction(value: unknown): MobileAction {
  if (isJsonObject(value) && typeof value['action'] === 'string') return value as unknown as MobileAction
  throw new GuerdonError('invalid_input', `expected an object with a string "action"; got ${describeValue(value)}`, {
    path: ['reference'],
  })
}

/** Options of the `mobile-r1.task` stage. */
export const mobileR1TaskOptions = z.object({
  alpha: z.number().default(1).describe('weight of the format term'),
  beta: z.number().default(1).describe('weight of the verdict'),
})

/** Stage 3: one reward a trajectory. A trajectory without a verdict keeps its failure or abstention. Stateless. */
export const mobileR1TaskStage = defineStage<z.infer<typeof mobileR1TaskOptions>, null>({
  name: 'mobile-r1.task',
  about: "format of all turns plus the judge's verdict on the whole trajectory",
  options: mobileR1TaskOptions,
  reads: () => [
    { name: 'turn.action', kind: 'text', about: 'text of each model turn' },
    { name: 'rollout.judgeScore', kind: 'number', about: 'verdict in [0, 1]; rename to rollout.outcome in simulators' },
  ],
  writes: () => [
    { name: 'rollout.reward', kind: 'number', about: 'alpha · format + beta · verdict' },
    { name: 'rollout.mobileR1Format', kind: 'number', about: 'mean of ±1 over turns, in [-1, 1]' },
    { name: 'rollout.mobileR1Trajectory', kind: 'number', about: 'verdict clipped to [0, 1]' },
  ],
  initial: () => null,
  apply(batch, state, options) {
    const actions = texts(batch, 'turn.action')
    const verdicts = numbers(batch, 'rollout.judgeScore')
    const formats = new Float64Array(batch.rolloutIds.length)
    const items = scoreItems(batch.rolloutIds.length, r => {
      const turns = actions.slice(batch.turnOffsets[r], batch.turnOffsets[r + 1]).filter(text => text !== undefined)
      const reward = taskLevelReward(turns.map(isWellFormedTurn), scoredAt(verdicts, r) ?? null, options)
      formats[r] = reward.format
      return { trajectory: reward.trajectory ?? undefined, total: reward.total ?? undefined }
    })
    const signals = partSignals('rollout', items, {
      trajectory: 'rollout.mobileR1Trajectory',
      total: 'rollout.reward',
    })
    for (const name of ['rollout.mobileR1Trajectory', 'rollout.reward'] as const) {
      signals[name] = {
        ...signals[name],
        status: verdicts.status,
        failures: verdicts.failures,
        reasons: verdicts.reasons,
      }
    }
    return { columns: { 'rollout.mobileR1Format': signal('rollout', formats), ...signals }, state }
  },
})

/** Options of the `mobile-r1.advantage` stage. */
export const mobileR1AdvantageOptions = z.object({
  epsilon: z.number().min(0).default(1e-6).describe('added to the standard deviation'),
  ddof: z
    .union([z.literal(0), z.literal(1)])
    .default(1)
    .describe('divisor n - ddof of the variance'),
})

/** One advantage a trajectory on all tokens of its model turns. Unscored trajectories leave their group. Stateless. */
export const mobileR1AdvantageStage = defineStage<z.infer<typeof mobileR1AdvantageOptions>, null>({
  name: 'mobile-r1.advantage',
  about: 'group-normalised trajectory advantage on the tokens of all model turns',
  options: mobileR1AdvantageOptions,
  reads: () => [{ name: 'rollout.reward', kind: 'number', about: 'one reward a trajectory' }],
  writes: () => [
    { name: 'rollout.advantage', kind: 'number', about: '(reward - mean) / (std + epsilon) in the group' },
    {
      name: 'group.mobileR1Usable',
      kind: 'number',
      about: '1 when the group has two unequal rewards, else 0: skip it',
    },
    { name: 'token.advantage', kind: 'number', about: 'the same on model tokens, 0 on observation tokens' },
  ],
  initial: () => null,
  apply(batch, state, options) {
    const rewards = numbers(batch, 'rollout.reward')
    const isScored = Uint8Array.from(rewards.status, status => (status === Status.scored ? 1 : 0))
    const advantages = groupNormalise(rewards.values, groupsFromOffsets(batch.groupOffsets), options, isScored)
    const usable = Float64Array.from(batch.groupIds, (_, g) => (isUsable(batch, rewards.values, isScored, g) ? 1 : 0))
    return {
      columns: {
        'group.mobileR1Usable': signal('group', usable),
        'rollout.advantage': {
          ...rewards,
          values: advantages.map((advantage, r) => (isScored[r] ? advantage : Number.NaN)),
        },
        'token.advantage': placeOnModelTurns(batch, rewards, advantages),
      },
      state,
    }
  },
})

function isUsable(batch: RolloutBatch, rewards: ArrayLike<number>, isScored: Uint8Array, group: number): boolean {
  let first: number | undefined
  for (let r = batch.groupOffsets[group]; r < batch.groupOffsets[group + 1]; r++) {
    if (!isScored[r]) continue
    first ??= rewards[r]
    if (rewards[r] !== first) return true
  }
  return false
}

/** Tokens of a rollout without a reward get its outcome. */
function placeOnModelTurns(batch: RolloutBatch, rewards: Signal, advantages: Float64Array): Signal {
  const mask = tokenMask(batch)
  const values = new Float64Array(levelSize(batch, 'token'))
  for (let r = 0; r < advantages.length; r++) {
    for (let t = batch.turnOffsets[r]; t < batch.turnOffsets[r + 1]; t++) {
      for (let k = batch.turnSpans[2 * t]; k >= 0 && k < batch.turnSpans[2 * t + 1]; k++) {
        if (mask[k]) values[k] = advantages[r]
      }
    }
  }
  return valuesInside(batch, rewards, 'token', values)
}
