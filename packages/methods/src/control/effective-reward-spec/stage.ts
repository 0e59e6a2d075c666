import {
  abstained,
  type ColumnData,
  type ColumnName,
  defineStage,
  failed,
  json,
  numbers,
  type Outcome,
  optionalJson,
  outcomeAt,
  Status,
  signalFromOutcomes,
} from '@guerdon/core'
import * as z from 'zod'
import { checkTransitions, type TransitionShaper } from '../../shared/transition-shaper.ts'
import {
  type BehaviourThreshold,
  type ConstraintOptions,
  type ConstraintWeights,
  constraintStep,
  initialMultipliers,
  type MultiplierState,
  occurrenceRate,
  thresholdSign,
} from './constraints.ts'
import { conditionalLogReward, focusCoefficient } from './goal-conditioned.ts'

const constraintSchema = z.strictObject({
  column: z.string().describe('rollout column with the indicator, without "rollout."'),
  upper: z.number().nullable().default(null).describe('at most this often'),
  lower: z.number().nullable().default(null).describe('at least this often'),
})

/** Options of `effective-reward-spec.constraints`. */
export const constraintStageOptions = z.strictObject({
  constraints: z
    .array(constraintSchema)
    .default([{ column: 'violation', upper: 0.05, lower: null }])
    .describe('behaviours by indicator, with exactly one target frequency each'),
  bootstrap: z
    .string()
    .nullable()
    .default(null)
    .describe('column of the success constraint that lends its multiplier to the main reward'),
  normalised: z.boolean().default(true).describe('weights of reward and constraints sum to 1'),
  learningRate: z.number().positive().default(0.03).describe('Adam step of the multipliers'),
  updateEvery: z.int().min(1).default(1).describe('batches between steps of the multipliers'),
  window: z.int().min(1).default(2000).describe('newest rollouts over which frequencies are measured'),
})

type ConstraintStageOptions = z.infer<typeof constraintStageOptions>

/** Multipliers with the newest indicators of each constraint. */
export interface ConstraintStageState {
  readonly multipliers: MultiplierState
  /** [K][≤ window] */
  readonly recent: readonly (readonly number[])[]
}

/**
 * Sets the weights of a reward and of indicator behaviours by Lagrange multipliers so that each behaviour reaches its
 * target frequency: reward = w₀·score + Σ_k w_k·indicator_k, w_k < 0 for upper bounds. The weights are those of the
 * multipliers before the batch; its indicators then move them. A rollout without an indicator leaves that frequency and
 * pays nothing for it.
 */
export const constraintStage = defineStage<ConstraintStageOptions, ConstraintStageState>({
  name: 'effective-reward-spec.constraints',
  about: 'weighs a score against behaviours so that each occurs as often as specified',
  options: constraintStageOptions,
  reads: options => [
    { name: 'rollout.score', kind: 'number', about: 'main reward' },
    ...options.constraints.map(({ column }) => ({
      name: `rollout.${column}` as ColumnName,
      kind: 'number' as const,
      about: '1 where the behaviour occurred, else 0 (or a rate in [0, 1])',
    })),
  ],
  writes: () => [
    { name: 'rollout.effectiveRewardSpecMain', kind: 'number', about: 'weighted score' },
    { name: 'rollout.effectiveRewardSpecCosts', kind: 'number', about: 'sum of the signed, weighted indicators' },
    { name: 'rollout.reward', kind: 'number', about: 'their sum' },
  ],
  initial: options => {
    options.constraints.forEach(thresholdSign)
    return {
      multipliers: initialMultipliers(options.constraints.length, options),
      recent: options.constraints.map(() => []),
    }
  },
  apply: (batch, state, options) => {
    const score = numbers(batch, 'rollout.score')
    const costs = options.constraints.map(({ column }) => numbers(batch, `rollout.${column}`))
    const recent = state.recent.map((past, k) => {
      const scored = Array.from(costs[k].values).filter((_, i) => costs[k].status[i] === Status.scored)
      return [...past, ...scored].slice(-options.window)
    })
    const bootstrap = options.constraints.findIndex(constraint => constraint.column === options.bootstrap)
    const step = constraintStep(state.multipliers, recent.map(occurrenceRate), {
      thresholds: options.constraints,
      normalised: options.normalised,
      learningRate: options.learningRate,
      updateEvery: options.updateEvery,
      bootstrap: bootstrap < 0 ? null : bootstrap,
    })
    const { rewardWeight, costWeights } = step.weights
    const main: Outcome[] = []
    const paid: Outcome[] = []
    const reward: Outcome[] = []
    for (let i = 0; i < score.values.length; i++) {
      const outcome = outcomeAt(score, i)
      if (outcome.status !== 'scored') {
        for (const list of [main, paid, reward]) list.push(outcome)
        continue
      }
      const cost = costs.reduce(
        (total, column, k) => (column.status[i] === Status.scored ? total + costWeights[k] * column.values[i] : total),
        0,
      )
      main.push({ status: 'scored', value: rewardWeight * outcome.value })
      paid.push({ status: 'scored', value: cost })
      reward.push({ status: 'scored', value: rewardWeight * outcome.value + cost })
    }
    const columns: Record<ColumnName, ColumnData> = {
      'rollout.effectiveRewardSpecMain': signalFromOutcomes('rollout', main),
      'rollout.effectiveRewardSpecCosts': signalFromOutcomes('rollout', paid),
      'rollout.reward': signalFromOutcomes('rollout', reward),
    }
    return { columns, state: { multipliers: step.state, recent } }
  },
})

/** Options of `effective-reward-spec.goal`. */
export const goalStageOptions = z.strictObject({
  direction: z
    .array(z.number().min(0))
    .nullable()
    .default(null)
    .describe('direction in objective space asked of every rollout; null reads group.focusDirection'),
  preferences: z
    .array(z.number().min(0))
    .nullable()
    .default(null)
    .describe('weights of the objectives; ones when null'),
  beta: z.number().positive().default(1).describe('inverse temperature'),
  cosineThreshold: z.number().min(0).lt(1).default(0.98).describe('least cosine with the direction'),
  limitCoefficient: z.number().gt(0).max(1).default(0.1).describe('coefficient at the edge of the cone'),
  illegalLogReward: z.number().default(-75).describe('log-reward outside the cone'),
})

type GoalStageOptions = z.infer<typeof goalStageOptions>

/** Writes log R(x | direction) from a vector of objectives in [0, 1]: steers where on the trade-off samples land. */
export const goalConditionStage = defineStage<GoalStageOptions, null>({
  name: 'effective-reward-spec.goal',
  about: 'rewards vectors of objectives by how well they point where a direction asks',
  options: goalStageOptions,
  reads: options => [
    { name: 'rollout.objectives', kind: 'json', about: 'number[] in [0, 1], one an objective' },
    ...(options.direction === null
      ? [{ name: 'group.focusDirection', kind: 'json', about: 'number[] ≥ 0, the direction asked for' } as const]
      : []),
  ],
  writes: () => [
    { name: 'rollout.effectiveRewardSpecCosine', kind: 'number', about: 'cosine with the direction' },
    { name: 'rollout.reward', kind: 'number', about: 'log-reward under the condition' },
  ],
  initial: () => null,
  apply: (batch, state, options) => {
    const objectives = json(batch, 'rollout.objectives')
    const directions = options.direction === null ? optionalJson(batch, 'group.focusDirection') : undefined
    const cosine: Outcome[] = []
    const reward: Outcome[] = []
    batch.groupIds.forEach((_, g) => {
      const direction = options.direction ?? numberList(directions?.[g])
      for (let r = batch.groupOffsets[g]; r < batch.groupOffsets[g + 1]; r++) {
        const rewards = numberList(objectives[r])
        const problem = !rewards
          ? abstained('no objectives')
          : !direction || direction.length !== rewards.length
            ? failed('invalid_input', 'expected a focus direction with one entry an objective', 'effective-reward-spec')
            : undefined
        if (problem || !rewards || !direction) {
          cosine.push(problem ?? abstained())
          reward.push(problem ?? abstained())
          continue
        }
        const preferences = options.preferences ?? rewards.map(() => 1)
        cosine.push({ status: 'scored', value: focusCoefficient(rewards, direction, options).cosine })
        reward.push({
          status: 'scored',
          value: conditionalLogReward(rewards, { preferences, direction, beta: options.beta }, options),
        })
      }
    })
    const columns: Record<ColumnName, ColumnData> = {
      'rollout.effectiveRewardSpecCosine': signalFromOutcomes('rollout', cosine),
      'rollout.reward': signalFromOutcomes('rollout', reward),
    }
    return { columns, state }
  },
})

function numberList(value: unknown): number[] | undefined {
  return Array.isArray(value) && value.length > 0 && value.every(Number.isFinite) ? value : undefined
}

/**
 * Constraint weights on transitions: r̂ = w₀·r + Σ_k w_k·cost_k from the named cost channels; one multiplier step a
 * batch (or every `updateEvery` batches). A NaN cost is missing: it pays 0 and leaves the rate.
 */
export function constraintShaper(
  channels: readonly string[],
  options: ConstraintOptions & { readonly thresholds: readonly BehaviourThreshold[] },
): TransitionShaper<MultiplierState> {
  return {
    name: 'effective-reward-spec.constraints',
    initial: () => initialMultipliers(channels.length, options),
    shape: (transitions, state) => {
      const count = checkTransitions(transitions)
      const costs = channels.map(name => transitions.costs[name] ?? new Float64Array(count).fill(Number.NaN))
      const step = constraintStep(
        state,
        costs.map(cost => occurrenceRate(Array.from(cost))),
        options,
      )
      const main = transitions.reward.map(value => step.weights.rewardWeight * value)
      const paid = weightedCosts(costs, step.weights, count)
      return { reward: main.map((value, i) => value + paid[i]), components: { main, costs: paid }, state: step.state }
    },
  }
}

function weightedCosts(costs: readonly Float64Array[], weights: ConstraintWeights, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) =>
    costs.reduce((total, cost, k) => (Number.isNaN(cost[i]) ? total : total + weights.costWeights[k] * cost[i]), 0),
  )
}
