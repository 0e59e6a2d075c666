import {
  defineStage,
  failed,
  levelSize,
  numbers,
  type Outcome,
  outcomeAt,
  type RolloutBatch,
  rolloutOfTurn,
  type Signal,
  Status,
  scored,
  signalFromOutcomes,
  tokenMask,
} from '@guerdon/core'
import * as z from 'zod'
import { advantageColumns } from '../../shared/turn-columns.ts'
import { rolloutGroups } from '../baselines-advantage/stages.ts'
import { istarAdvantages, oprlAdvantages } from './advantages.ts'

/** Options of the stage. */
export const oprlOptions = z.strictObject({
  beta: z.number().min(0).default(0.05).describe('scale of the log-ratio'),
  episode: z.enum(['grpo', 'drGrpo', 'rloo']).default('grpo').describe('estimator of the episode advantage'),
  stepAdvantageWeight: z.number().default(1).describe('weight α of the step advantage'),
  epsilon: z.number().min(0).default(1e-6).describe('added to the deviations'),
  minimumPairs: z
    .int()
    .min(0)
    .default(0)
    .describe('pairs of different outcomes a group needs before step advantages count there'),
  compat: z
    .literal('released')
    .nullable()
    .default(null)
    .describe('statistics from the first turn of each rollout only, and the episode formula for both parts'),
  place: z.enum(['turn', 'tokens']).default('turn').describe('write turn.advantage only, or token.advantage too'),
})

type OprlStageOptions = z.infer<typeof oprlOptions>

/** Adds the advantage of implicit step rewards to the advantage of the episode. */
export const oprlStage = defineStage<OprlStageOptions, null>({
  name: 'oprl',
  about:
    'step credit from an implicit reward model: its log-ratio against the policy that acted, added to episode credit',
  options: oprlOptions,
  reads: () => [
    { name: 'rollout.score', kind: 'number', about: 'outcome of the episode' },
    { name: 'token.prmLogprob', kind: 'number', about: 'log-probability under the implicit reward model π_φ' },
    { name: 'token.logprob', kind: 'number', about: 'log-probability under the policy that acted' },
    { name: 'token.mask', kind: 'number', about: '1 on tokens the policy produced', optional: true },
  ],
  writes: options => [
    { name: 'turn.oprlStepReward', kind: 'number', about: 'β times the log-ratio summed over the turn' },
    { name: 'turn.advantage', kind: 'number', about: 'episode advantage + α·step advantage' },
    ...(options.place === 'tokens'
      ? [{ name: 'token.advantage', kind: 'number', about: 'advantage of the turn on its policy tokens' } as const]
      : []),
  ],
  initial: () => null,
  apply: (batch, _state, options) => {
    const score = numbers(batch, 'rollout.score')
    const stepReward = stepRewardColumn(batch, score, options.beta)
    const rollouts = rolloutOfTurn(batch)
    const { index } = rolloutGroups(batch)
    const turns = [...rollouts.keys()].filter(t => stepReward.status[t] === Status.scored)
    const steps = {
      episodeScores: turns.map(t => score.values[rollouts[t]]),
      stepRewards: turns.map(t => stepReward.values[t]),
      groupIds: turns.map(t => index[rollouts[t]]),
      trajectoryIds: turns.map(t => rollouts[t]),
    }
    const advantages =
      options.compat === 'released'
        ? istarAdvantages(steps, { ...options, estimator: options.episode })
        : pooled(batch, score, steps, options)
    const outcomes: Outcome[] = Array.from(stepReward.values, (_, t) => outcomeAt(stepReward, t))
    for (const [k, t] of turns.entries()) outcomes[t] = scored(advantages[k])
    return {
      columns: {
        'turn.oprlStepReward': stepReward,
        ...advantageColumns(batch, signalFromOutcomes('turn', outcomes), score, options.place),
      },
      state: null,
    }
  },
})

function pooled(
  batch: RolloutBatch,
  score: Signal,
  steps: Parameters<typeof oprlAdvantages>[0],
  options: OprlStageOptions,
): Float64Array {
  const { episodeAdvantages, stepAdvantages } = oprlAdvantages(steps, options)
  const pairs = batch.groupIds.map((_, g) => {
    let count = 0
    for (let a = batch.groupOffsets[g]; a < batch.groupOffsets[g + 1]; a++)
      for (let b = batch.groupOffsets[g]; b < batch.groupOffsets[g + 1]; b++)
        if (score.values[a] > score.values[b]) count++
    return count
  })
  return episodeAdvantages.map((value, k) => {
    const counted = pairs[Number(steps.groupIds[k])] >= options.minimumPairs
    return value + (counted ? options.stepAdvantageWeight * stepAdvantages[k] : 0)
  })
}

/** β Σ (log π_φ − log π_old) over each turn's policy tokens; a turn without any abstains. */
function stepRewardColumn(batch: RolloutBatch, score: Signal, beta: number): Signal {
  const prm = numbers(batch, 'token.prmLogprob')
  const old = numbers(batch, 'token.logprob')
  const mask = tokenMask(batch)
  const rollouts = rolloutOfTurn(batch)
  const outcomes = Array.from({ length: levelSize(batch, 'turn') }, (_, turn): Outcome => {
    if (score.status[rollouts[turn]] !== Status.scored) return outcomeAt(score, rollouts[turn])
    let total = 0
    let count = 0
    for (let t = Math.max(0, batch.turnSpans[2 * turn]); t < batch.turnSpans[2 * turn + 1]; t++) {
      if (!mask[t]) continue
      if (prm.status[t] !== Status.scored || old.status[t] !== Status.scored)
        return failed('invalid_input', 'expected both log-probabilities on every policy token of the turn', 'oprl')
      total += prm.values[t] - old.values[t]
      count++
    }
    return count === 0 ? { status: 'abstained', reason: 'no policy tokens in the turn' } : scored(beta * total)
  })
  return signalFromOutcomes('turn', outcomes)
}
