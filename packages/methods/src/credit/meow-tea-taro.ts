import {
  assertFinite,
  assertFiniteNumber,
  assertInRange,
  assertInteger,
  assertOneOf,
  assertSameLength,
  type ColumnName,
  defineStage,
  failed,
  GuerdonError,
  numbers,
  optionalNumbers,
  Status,
} from '@guerdon/core'
import * as z from 'zod'
import { defineMethod } from '../method.ts'
import { klInReward } from '../shared/kl.ts'
import type { FloatArray, RaggedRows } from '../shared/ragged.ts'
import { turnNumbers, turnSignal } from '../shared/turn-columns.ts'
import { gae, type WhitenedGae, type WhitenedGaeOptions } from './baselines-advantage/token-estimators.ts'

/** Turn rewards from the cumulative scores an environment reports: r_t = s_t − s_{t−1}, s_0 = 0. Losses of points stay negative. */
export function scoreDeltas(cumulativeScores: ArrayLike<number>): Float64Array {
  assertFinite(cumulativeScores, 'cumulativeScores')
  return Float64Array.from(
    { length: cumulativeScores.length },
    (_, t) => cumulativeScores[t] - (t === 0 ? 0 : cumulativeScores[t - 1]),
  )
}

/** How often an agent is paid: only at the end, or for every point along the way. */
export type RewardDensity = 'single' | 'dense'

/** One episode. */
export interface Episode {
  /** Final reward: 1 for a win, 0 otherwise. */
  readonly finalReward: number
  /** Score differences of the turns. */
  readonly deltas: ArrayLike<number>
  /** Number of turns, where single rewards are given without score differences. Default: the number of differences. */
  readonly turns?: number
  /** Greatest total score of this instance of the task; needed for dense rewards of lost episodes. */
  readonly maxTotal?: number
}

/** Choices of `turnRewards`. */
export interface TurnRewardOptions {
  /** Default `dense`. */
  readonly density?: RewardDensity
  /** In dense mode, add the final reward on the last turn, so that a win without any point earns something. Default false. */
  readonly addFinalReward?: boolean
}

/**
 * Reward of every turn. `single`: the final reward on the last turn. `dense`: delta_t / N, with N the number of turns that
 * gained points if the episode was won and the instance's greatest total if it was lost, at least 1; the final reward is not
 * added. A win thus sums to about 1, a loss to the share of points reached.
 *
 * Estimators that see only the sum (GRPO, RLOO) cannot tell where in the episode a point was earned.
 * Wang & Ammanabrolu 2025, arXiv 2510.01132; `agentic_verified.py`.
 */
export function turnRewards(episode: Episode, options: TurnRewardOptions = {}): Float64Array {
  const { density = 'dense', addFinalReward = false } = options
  const { finalReward, deltas, maxTotal = 0 } = episode
  assertOneOf(density, 'density', ['single', 'dense'])
  assertFiniteNumber(finalReward, 'finalReward')
  assertFinite(deltas, 'deltas')
  assertFiniteNumber(maxTotal, 'maxTotal')
  const rewards = new Float64Array(density === 'single' ? (episode.turns ?? deltas.length) : deltas.length)
  if (rewards.length === 0) return rewards
  const last = rewards.length - 1
  if (density === 'single') {
    rewards[last] = finalReward
    return rewards
  }
  let gained = 0
  for (let t = 0; t < deltas.length; t++) if (deltas[t] > 0) gained++
  const divisor = Math.max(1, finalReward > 0 ? gained : maxTotal)
  for (let t = 0; t < deltas.length; t++) rewards[t] = deltas[t] / divisor
  if (addFinalReward) rewards[last] += finalReward
  return rewards
}

/** Choices of `turnRewardTokens`. */
export interface TurnTokenOptions {
  /**
   * Positions from this one on get no reward. Default: the length of the response. The released code compares with the
   * *prompt* length, which is the same only where both limits are equal: give that to reproduce it.
   */
  readonly limit?: number
}

/**
 * Turn rewards on the end-of-command token of each turn, 0 elsewhere. They must not land on observation tokens: those are
 * masked and GAE would lose them.
 *
 * @param turnEnds position of the last token of each turn's command
 * @param length number of tokens of the response
 * @throws shape_mismatch unless there is one turn end a reward; invalid_input for a turn end outside the response
 */
export function turnRewardTokens(
  rewards: ArrayLike<number>,
  turnEnds: ArrayLike<number>,
  length: number,
  options: TurnTokenOptions = {},
): Float64Array {
  const { limit = length } = options
  assertSameLength(turnEnds, 'turnEnds', rewards, 'rewards')
  const row = new Float64Array(length)
  for (let t = 0; t < turnEnds.length; t++) {
    if (turnEnds[t] >= limit) continue
    if (!(Number.isInteger(turnEnds[t]) && turnEnds[t] >= 0 && turnEnds[t] < length)) {
      throw new GuerdonError('invalid_input', `expected turn ends in [0, ${length}); got ${turnEnds[t]}`, {
        path: ['turnEnds', t],
      })
    }
    row[turnEnds[t]] = rewards[t]
  }
  return row
}

/** Tokens of a batch, [T] each. */
export interface MultiTurnTokens {
  /** Turn rewards on end-of-command tokens. */
  readonly rewards: FloatArray
  readonly values: FloatArray
  readonly logProbs: FloatArray
  /** Without a reference policy there is no KL term. */
  readonly refLogProbs?: FloatArray
}

/** Choices of `multiTurnGae`. */
export interface MultiTurnGaeOptions extends WhitenedGaeOptions {
  /** Weight of the per-token KL penalty on agent tokens. Default 0.01. */
  readonly klCoef?: number
}

/** GAE with the rewards it was computed from. */
export interface MultiTurnGae extends WhitenedGae {
  /** [T] rewards less the KL penalty. */
  readonly tokenRewards: Float64Array
}

/**
 * Multi-turn PPO's advantages: r ← r − β·(log π − log π_ref) on agent tokens, then GAE that passes over observation tokens,
 * whitened over agent tokens.
 *
 * @param rows offsets, and the mask of agent tokens (commands with their end token)
 */
export function multiTurnGae(
  tokens: MultiTurnTokens,
  rows: RaggedRows,
  options: MultiTurnGaeOptions = {},
): MultiTurnGae {
  const { klCoef = 0.01 } = options
  const { rewards, values, logProbs, refLogProbs = logProbs } = tokens
  const tokenRewards = klInReward(rewards, logProbs, refLogProbs, { beta: klCoef, mask: rows.mask })
  return { tokenRewards, ...gae(tokenRewards, values, rows, options) }
}

/** A way to spend a budget. */
export interface Allocation {
  readonly demonstrations: number
  readonly episodes: number
  /** What neither bought. */
  readonly leftover: number
}

/** What things cost, in one unit. */
export interface BudgetOptions {
  readonly totalBudget: number
  /** Default 10. */
  readonly costPerDemonstration?: number
  /** Default 1. */
  readonly costPerEpisode?: number
}

/**
 * Splits of a budget between demonstrations for supervised fine-tuning and episodes of reinforcement learning: for d
 * demonstrations ⌊(C − d·c_d)/c_e⌋ episodes. Numbers of demonstrations that exceed the budget are left out.
 */
export function budgetAllocations(demonstrationGrid: readonly number[], options: BudgetOptions): Allocation[] {
  const { totalBudget, costPerDemonstration = 10, costPerEpisode = 1 } = options
  assertInRange(totalBudget, 'totalBudget', 0, Number.MAX_VALUE)
  assertInRange(costPerDemonstration, 'costPerDemonstration', 0, Number.MAX_VALUE)
  assertInRange(costPerEpisode, 'costPerEpisode', Number.MIN_VALUE, Number.MAX_VALUE)
  return demonstrationGrid.flatMap(demonstrations => {
    assertInteger(demonstrations, 'demonstrations')
    const left = totalBudget - demonstrations * costPerDemonstration
    if (left < 0) return []
    const episodes = Math.floor(left / costPerEpisode)
    return [{ demonstrations, episodes, leftover: left - episodes * costPerEpisode }]
  })
}

/** Options of the stage. */
export const meowTeaTaroOptions = z.strictObject({
  density: z.enum(['single', 'dense']).default('dense').describe('pay at the end, or for every point along the way'),
  scores: z
    .enum(['cumulative', 'delta'])
    .default('cumulative')
    .describe('turn.score is the running total an environment reports, or the difference'),
  addFinalReward: z.boolean().default(false).describe('in dense mode, add the final reward on the last turn'),
})

/** Turns environment scores into turn rewards. */
export const meowTeaTaroStage = defineStage<z.infer<typeof meowTeaTaroOptions>, null>({
  name: 'meow-tea-taro',
  about: 'verified turn rewards: differences of the environment score, normalised so that a win sums to about 1',
  options: meowTeaTaroOptions,
  reads: options => [
    { name: 'rollout.score', kind: 'number', about: 'final reward: 1 won, 0 not' },
    ...(options.density === 'dense'
      ? [
          { name: 'turn.score' as ColumnName, kind: 'number' as const, about: 'environment score after the turn' },
          {
            name: 'rollout.maxScore' as ColumnName,
            kind: 'number' as const,
            about: 'greatest total score of the instance; needed where an episode was lost',
            optional: true,
          },
        ]
      : []),
  ],
  writes: () => [{ name: 'turn.reward', kind: 'number', about: 'reward of the turn' }],
  initial: () => null,
  apply: (batch, _state, options) => {
    const score = numbers(batch, 'rollout.score')
    const scores = options.density === 'dense' ? numbers(batch, 'turn.score') : undefined
    const most = options.density === 'dense' ? optionalNumbers(batch, 'rollout.maxScore') : undefined
    const reward = turnSignal(batch, score, r => {
      const count = batch.turnOffsets[r + 1] - batch.turnOffsets[r]
      const given = scores ? turnNumbers(batch, scores, r) : new Float64Array(count)
      if ('status' in given) return given
      const deltas = options.scores === 'cumulative' ? scoreDeltas(given) : given
      const known = most !== undefined && most.status[r] === Status.scored
      if (scores && !known && score.values[r] <= 0) {
        return failed('invalid_input', 'expected rollout.maxScore for a lost episode', 'meow-tea-taro')
      }
      return turnRewards({ finalReward: score.values[r], deltas, maxTotal: known ? most.values[r] : 0 }, options)
    })
    return { columns: { 'turn.reward': reward }, state: null }
  },
})

/** See {@link turnRewards} and {@link multiTurnGae}. */
export const meowTeaTaro = defineMethod({
  slug: 'meow-tea-taro',
  title: "A practitioner's guide to multi-turn agentic RL",
  year: 2025,
  paper: 'arXiv 2510.01132',
  family: 'credit',
  summary:
    'Places verified turn rewards on end-of-command tokens, lets GAE carry them over observations, and splits budgets.',
  consumes: [
    'rollout.score [R]: win flag',
    'turn.score: environment score after each turn; rollout.maxScore',
    'for advantages: token.logprob, token.refLogprob, token.value, token.mask',
  ],
  produces: ['turn.reward', 'token rewards', 'advantages through gae, rloo or grpo', 'budget allocations'],
  options: meowTeaTaroOptions,
  claim: {
    statement:
      'Dense verified turn rewards learn faster than one final reward for PPO, GRPO and RLOO, each at its best learning rate. Which algorithm gains most depends on the learning rate.',
    metric: 'area under the success curve of PPO at learning rate 1, dense against single',
    direction: 'higher',
    size: 0.05,
    against: ['single reward'],
    seeds: 6,
    setting: '8 tasks of 6 ordered sub-goals, 8 actions, horizon 16, 4 rollouts a task, 120 updates, 2 clipped epochs',
  },
  stages: [meowTeaTaroStage],
  compat: ['released: turnRewardTokens with limit = prompt length drops rewards at later positions'],
  related: ['baselines-advantage', 'g-ra', 'spa'],
})
