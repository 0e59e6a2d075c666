import {
  type Column,
  defineStage,
  failed,
  json,
  moveSignal,
  numbers,
  type Outcome,
  outcomeAt,
  type RolloutBatch,
  rolloutOfTurn,
  type Signal,
  Status,
  signalFromOutcomes,
  texts,
  tokenMask,
} from '@guerdon/core'
import * as z from 'zod'
import { generalizedAdvantages } from '../../shared/gae.ts'
import { klEstimate, klEstimators } from '../../shared/kl.ts'
import { maskedWhiten } from '../../shared/masked.ts'
import { valuesLike, whereScored } from '../../shared/value-signals.ts'
import { gigpo, gigpoStepReturns } from './gigpo.ts'
import { filled, maskColumn, rolloutGroups, scoreColumn, scoredFlags, scoredRows, tokenSignal } from './stages.ts'
import { reinforcePlusPlus, remax } from './token-estimators.ts'

const rewardSource = {
  rewards: z
    .enum(['rollout', 'turn', 'token'])
    .default('rollout')
    .describe('rollout.score on the last policy token, turn.reward on the last token of each turn, or token.reward'),
}
type RewardSource = 'rollout' | 'turn' | 'token'
const columnOf = { rollout: 'rollout.score', turn: 'turn.reward', token: 'token.reward' } as const

const tokenAdvantage: Column = { name: 'token.advantage', kind: 'number', about: 'advantage of the token' }
const tokenReturn: Column = { name: 'token.return', kind: 'number', about: 'discounted return from the token on' }

function rewardColumns(source: RewardSource): Column[] {
  if (source === 'rollout') return [scoreColumn, maskColumn]
  if (source === 'turn') return [{ name: 'turn.reward', kind: 'number', about: 'reward of the turn' }, maskColumn]
  return [{ name: 'token.reward', kind: 'number', about: 'reward of the token' }, maskColumn]
}

interface TokenRewards {
  /** [T] */
  readonly rewards: Float64Array
  /** One outcome a rollout: scored when all of its rewards are. */
  readonly usable: Signal
}

/** Outcomes of the rewards on tokens; tokens outside every turn count as scored. */
function rewardOutcomes(batch: RolloutBatch, source: RewardSource): Signal {
  const column = numbers(batch, columnOf[source])
  return source === 'token' ? column : moveSignal(batch, column, 'token', 'spread', { outside: 'zero' })
}

/** Token rewards from the chosen level; a rollout with an unscored reward takes no part unless only tokens leave. */
function tokenRewards(
  batch: RolloutBatch,
  source: RewardSource,
  { unscored = 'rollout' }: { readonly unscored?: 'rollout' | 'token' } = {},
): TokenRewards {
  const rewards = new Float64Array(batch.tokenOffsets[batch.rolloutIds.length])
  const mask = tokenMask(batch)
  const lastPolicyToken = (start: number, end: number) => {
    let last = end - 1
    while (last >= start && !mask[last]) last--
    return last
  }
  if (source === 'rollout') {
    const score = numbers(batch, 'rollout.score', scoreColumn.about)
    batch.rolloutIds.forEach((_, r) => {
      const at = lastPolicyToken(batch.tokenOffsets[r], batch.tokenOffsets[r + 1])
      if (at >= batch.tokenOffsets[r] && score.status[r] === Status.scored) rewards[at] = score.values[r]
    })
    return { rewards, usable: score }
  }
  const column = numbers(batch, columnOf[source])
  const offsets = source === 'turn' ? batch.turnOffsets : batch.tokenOffsets
  const outcomes = batch.rolloutIds.map((_, r): Outcome => {
    for (let i = offsets[r]; i < offsets[r + 1]; i++) {
      const needed = unscored === 'rollout' && (source === 'turn' || mask[i])
      if (column.status[i] !== Status.scored && needed) return outcomeAt(column, i)
      const at = source === 'token' ? i : lastPolicyToken(batch.turnSpans[2 * i], batch.turnSpans[2 * i + 1])
      if (at >= 0 && column.status[i] === Status.scored) rewards[at] += column.values[i]
    }
    return { status: 'scored', value: 0 }
  })
  return { rewards, usable: signalFromOutcomes('rollout', outcomes) }
}

/** The rollouts, with the outcome of the first token that lacks a value it needs: policy tokens, or `all` of them. */
function withTokens(batch: RolloutBatch, rollouts: Signal, column: Signal, all: boolean): Signal {
  const mask = tokenMask(batch)
  const outcomes = batch.rolloutIds.map((_, r): Outcome => {
    if (rollouts.status[r] !== Status.scored) return outcomeAt(rollouts, r)
    for (let t = batch.tokenOffsets[r]; t < batch.tokenOffsets[r + 1]; t++)
      if (column.status[t] !== Status.scored && (all || mask[t])) return outcomeAt(column, t)
    return { status: 'scored', value: 0 }
  })
  return signalFromOutcomes('rollout', outcomes)
}

const probability = (about: string, initial: number) => z.number().min(0).max(1).default(initial).describe(about)

/** Schema of the options of the stage `gae`. */
export const gaeOptions = z.strictObject({
  ...rewardSource,
  gamma: probability('discount γ', 1),
  lambda: probability('λ: 0 one-step errors, 1 return − value', 1),
  maskedTokens: z
    .enum(['skip', 'include'])
    .default('skip')
    .describe('tokens the policy did not write: passed over (verl) or ordinary steps (SkyRL)'),
  whiten: z.boolean().default(true).describe('whiten over the policy tokens of the batch'),
  unscored: z
    .enum(['rollout', 'token'])
    .default('rollout')
    .describe('what a turn or token without a reward takes out of the training: its rollout, or its own tokens only'),
})

const gaeStage = defineStage<z.infer<typeof gaeOptions>, null>({
  name: 'gae',
  about: 'generalised advantage estimation on tokens, from recorded critic values, whitened over the batch',
  options: gaeOptions,
  reads: options => [
    ...rewardColumns(options.rewards),
    { name: 'token.value', kind: 'number', about: "the critic's value of the state before the token" },
  ],
  writes: () => [tokenAdvantage, tokenReturn],
  initial: () => null,
  apply: (batch, _state, options) => {
    const { rewards, usable: rewarded } = tokenRewards(batch, options.rewards, options)
    const critic = numbers(batch, 'token.value')
    const usable = withTokens(batch, rewarded, critic, options.maskedTokens === 'include')
    const values = filled(critic)
    const rows = { offsets: batch.tokenOffsets, mask: tokenMask(batch) }
    const { advantages, returns } = generalizedAdvantages(rewards, values, rows, options)
    const inside = moveSignal(batch, usable, 'token', 'spread')
    const own = options.unscored === 'token' ? rewardOutcomes(batch, options.rewards) : inside
    const tokens = whereScored(own, inside)
    const mask = rows.mask.map((taken, t) => (tokens.status[t] === Status.scored ? taken : 0))
    const final =
      options.whiten && mask.includes(1)
        ? maskedWhiten(advantages, mask).values
        : advantages.map((a, t) => (mask[t] ? a : 0))
    return {
      columns: {
        'token.advantage': valuesLike(tokens, Float64Array.from(final)),
        'token.return': valuesLike(tokens, Float64Array.from(returns)),
      },
      state: null,
    }
  },
})

/** Schema of the options of the stage `reinforcePlusPlus`. */
export const reinforcePlusPlusOptions = z.strictObject({
  ...rewardSource,
  gamma: probability('discount γ', 1),
  maskHoles: z
    .enum(['skip', 'reset'])
    .default('skip')
    .describe('tool output between turns: passed over, or it cuts the return (verl)'),
})

const reinforcePlusPlusStage = defineStage<z.infer<typeof reinforcePlusPlusOptions>, null>({
  name: 'reinforcePlusPlus',
  about: 'discounted return-to-go of each token, whitened over the batch; no groups, no critic',
  options: reinforcePlusPlusOptions,
  reads: options => rewardColumns(options.rewards),
  writes: () => [tokenAdvantage, tokenReturn],
  initial: () => null,
  apply: (batch, _state, options) => {
    const { rewards, usable } = tokenRewards(batch, options.rewards)
    const rows = scoredRows(batch, scoredFlags(usable))
    const nothing = { advantages: rewards, returns: rewards }
    const { advantages, returns } = rows.mask.includes(1) ? reinforcePlusPlus(rewards, rows, options) : nothing
    return {
      columns: {
        'token.advantage': tokenSignal(batch, usable, advantages),
        'token.return': tokenSignal(batch, usable, returns),
      },
      state: null,
    }
  },
})

const remaxOptions = z.strictObject({ ...rewardSource })

const remaxStage = defineStage<z.infer<typeof remaxOptions>, null>({
  name: 'remax',
  about: 'return-to-go less the score of the greedy response to the same prompt',
  options: remaxOptions,
  reads: options => [
    ...rewardColumns(options.rewards),
    { name: 'rollout.greedyScore', kind: 'number', about: 'score of the greedy response to the same prompt' },
  ],
  writes: () => [tokenAdvantage, tokenReturn],
  initial: () => null,
  apply: (batch, _state, options) => {
    const { rewards, usable } = tokenRewards(batch, options.rewards)
    const greedy = numbers(batch, 'rollout.greedyScore')
    const both = signalFromOutcomes(
      'rollout',
      batch.rolloutIds.map((_, r) =>
        usable.status[r] === Status.scored ? outcomeAt(greedy, r) : outcomeAt(usable, r),
      ),
    )
    const rows = { offsets: batch.tokenOffsets, mask: tokenMask(batch) }
    const { advantages, returns } = remax(rewards, filled(greedy), rows)
    return {
      columns: {
        'token.advantage': tokenSignal(batch, both, advantages),
        'token.return': tokenSignal(batch, both, returns),
      },
      state: null,
    }
  },
})

const klOptions = z.strictObject({
  ...rewardSource,
  beta: z.number().min(0).default(0.001).describe('weight of the penalty'),
  estimator: z.enum(klEstimators).default('k1').describe('estimator of the KL from the reference policy'),
})

const klStage = defineStage<z.infer<typeof klOptions>, null>({
  name: 'klInReward',
  about: 'token rewards less β times the KL from the reference policy, on policy tokens',
  options: klOptions,
  reads: options => [
    ...rewardColumns(options.rewards),
    { name: 'token.logprob', kind: 'number', about: 'log-probability under the sampling policy' },
    { name: 'token.refLogprob', kind: 'number', about: 'log-probability under the reference policy' },
  ],
  writes: () => [
    { name: 'token.klPenalty', kind: 'number', about: 'β·KL of the token' },
    { name: 'token.penalisedReward', kind: 'number', about: 'reward of the token less the penalty' },
  ],
  initial: () => null,
  apply: (batch, _state, options) => {
    const { rewards, usable } = tokenRewards(batch, options.rewards)
    const logprob = numbers(batch, 'token.logprob')
    const reference = numbers(batch, 'token.refLogprob')
    const mask = tokenMask(batch)
    const penalty = onPolicyTokens(
      [logprob, reference],
      mask,
      t => options.beta * klEstimate(logprob.values[t], reference.values[t], options.estimator),
    )
    const placed = tokenSignal(batch, usable, rewards)
    const everywhere = new Uint8Array(mask.length).fill(1)
    return {
      columns: {
        'token.klPenalty': penalty,
        'token.penalisedReward': onPolicyTokens([placed, penalty], everywhere, t => rewards[t] - penalty.values[t]),
      },
      state: null,
    }
  },
})

/** A token signal computed from others: 0 where the mask is 0, and the first unscored input's outcome where one is missing. */
function onPolicyTokens(inputs: readonly Signal[], mask: Uint8Array, value: (token: number) => number): Signal {
  const values = new Float64Array(mask.length)
  const status = new Uint8Array(mask.length)
  const latestFirst = [...inputs].reverse()
  for (let t = 0; t < mask.length; t++) {
    if (!mask[t]) continue
    for (const input of inputs) if (status[t] === Status.scored) status[t] = input.status[t]
    values[t] = status[t] === Status.scored ? value(t) : Number.NaN
  }
  return {
    kind: 'number',
    level: 'token',
    values,
    status,
    failures: new Map(latestFirst.flatMap(input => [...input.failures])),
    reasons: new Map(latestFirst.flatMap(input => [...input.reasons])),
  }
}

/** Schema of the options of the stage `gigpo`. */
export const gigpoOptions = z.strictObject({
  anchor: z.enum(['observation', 'state']).default('observation').describe('what must be identical to compare steps'),
  stepReward: z
    .enum(['outcome', 'turn'])
    .default('outcome')
    .describe('rewards behind the step returns: rollout.score on the last turn, or turn.reward'),
  gamma: probability('discount γ of the step returns', 0.95),
  normalise: z.enum(['mean', 'mean-std']).default('mean').describe('subtract means, or divide by deviations too'),
  epsilon: z.number().min(0).default(1e-6).describe('added to the deviations'),
  stepAdvantageWeight: z.number().default(1).describe('weight ω of the step advantage'),
  episodeStatistics: z
    .enum(['rows', 'trajectories'])
    .default('trajectories')
    .describe('count every turn (released code: long trajectories weigh more) or each trajectory once'),
})

const gigpoStage = defineStage<z.infer<typeof gigpoOptions>, null>({
  name: 'gigpo',
  about: 'episode advantage plus the advantage among steps taken in the same state',
  options: gigpoOptions,
  reads: options => [
    scoreColumn,
    options.anchor === 'observation'
      ? { name: 'turn.observation', kind: 'text', about: 'what the policy saw before acting' }
      : { name: 'turn.state', kind: 'json', about: 'the state the turn was taken in' },
    ...(options.stepReward === 'turn'
      ? [{ name: 'turn.reward', kind: 'number', about: 'reward of the turn' } satisfies Column]
      : []),
  ],
  writes: () => [
    { name: 'turn.gigpoEpisodeAdvantage', kind: 'number', about: 'advantage among episodes of the prompt' },
    { name: 'turn.gigpoStepAdvantage', kind: 'number', about: 'advantage among steps in the same state' },
    { name: 'turn.advantage', kind: 'number', about: 'episode advantage + ω·step advantage' },
  ],
  initial: () => null,
  apply: (batch, _state, options) => {
    const score = numbers(batch, 'rollout.score', scoreColumn.about)
    const anchors =
      options.anchor === 'observation'
        ? texts(batch, 'turn.observation')
        : json(batch, 'turn.state').map(state => (state === undefined ? undefined : JSON.stringify(state)))
    const reward = options.stepReward === 'turn' ? numbers(batch, 'turn.reward') : undefined
    const rollouts = rolloutOfTurn(batch)
    const { index: groups } = rolloutGroups(batch)
    const outcomes = Array.from(rollouts, (r, t): Outcome => {
      if (score.status[r] !== Status.scored) return outcomeAt(score, r)
      if (reward && reward.status[t] !== Status.scored) return outcomeAt(reward, t)
      if (anchors[t] === undefined) return failed('invalid_input', `no ${options.anchor} to compare by`, 'gigpo')
      return { status: 'scored', value: 0 }
    })
    const steps = [...rollouts.keys()].filter(t => outcomes[t].status === 'scored')
    const rewards = steps.map(t => {
      if (reward) return reward.values[t]
      return t === batch.turnOffsets[rollouts[t] + 1] - 1 ? score.values[rollouts[t]] : 0
    })
    const trajectoryIds = steps.map(t => rollouts[t])
    const result = gigpo(
      {
        episodeScores: steps.map(t => score.values[rollouts[t]]),
        stepReturns: gigpoStepReturns(rewards, trajectoryIds, options),
        groupIds: steps.map(t => groups[rollouts[t]]),
        trajectoryIds,
        anchorObservations: steps.map(t => anchors[t] ?? ''),
      },
      options,
    )
    const column = (values: Float64Array) => {
      const turns = outcomes.slice()
      for (const [k, t] of steps.entries()) turns[t] = { status: 'scored', value: values[k] }
      return signalFromOutcomes('turn', turns)
    }
    return {
      columns: {
        'turn.gigpoEpisodeAdvantage': column(result.episodeAdvantages),
        'turn.gigpoStepAdvantage': column(result.stepAdvantages),
        'turn.advantage': column(result.advantages),
      },
      state: null,
    }
  },
})

/** Estimators on tokens and turns. */
export const tokenStages = [gaeStage, reinforcePlusPlusStage, remaxStage, klStage, gigpoStage]
