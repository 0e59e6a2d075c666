import { assertInteger, GuerdonError, softmax } from '@guerdon/core'
import {
  add,
  clip,
  mean,
  minimum,
  mul,
  neg,
  type Operand,
  slice,
  softmax as softmaxOf,
  sub,
  sum,
  type Tensor,
} from '@guerdon/tensor'

/** Target frequency of an indicator behaviour: exactly one bound. */
export interface BehaviourThreshold {
  /** E[cost] ≥ lower. */
  readonly lower?: number | null | undefined
  /** E[cost] ≤ upper. */
  readonly upper?: number | null | undefined
}

/** Multipliers and their optimiser; plain JSON. */
export interface MultiplierState {
  /** [K+1] when normalised (index 0 is the main reward's dummy), else [K]. */
  readonly parameters: readonly number[]
  readonly firstMoments: readonly number[]
  readonly secondMoments: readonly number[]
  /** Optimiser steps taken. */
  readonly steps: number
  /** Agent updates seen. */
  readonly updates: number
}

/** Choices of the constraint weights. */
export interface ConstraintOptions {
  readonly thresholds: readonly BehaviourThreshold[]
  /** λ = softmax(parameters), weights sum to 1; else λ_k = max(0, parameter). Default true. */
  readonly normalised?: boolean
  /** Index of the success constraint that lends its multiplier to the main reward; null for none. Default null. */
  readonly bootstrap?: number | null
  /** Adam step size: 100 × the policy's. Default 0.03. */
  readonly learningRate?: number
  /** Default 1e-5. */
  readonly epsilon?: number
  readonly beta1?: number
  readonly beta2?: number
  /** The multipliers move on every so many agent updates, the first one included. Default 10. */
  readonly updateEvery?: number
}

/** Signed weights of one agent update. */
export interface ConstraintWeights {
  readonly rewardWeight: number
  /** [K] −λ for upper bounds, +λ for lower bounds. */
  readonly costWeights: Float64Array
}

/** Parameters 0.02 each, moments 0. */
export function initialMultipliers(
  constraints: number,
  options: { readonly normalised?: boolean; readonly value?: number } = {},
): MultiplierState {
  const { normalised = true, value = 0.02 } = options
  const size = constraints + (normalised ? 1 : 0)
  const zeros = new Array<number>(size).fill(0)
  return {
    parameters: new Array<number>(size).fill(value),
    firstMoments: zeros,
    secondMoments: zeros,
    steps: 0,
    updates: 0,
  }
}

/**
 * +1 for a lower bound, −1 for an upper one. Throws `invalid_option` for both or neither: split a double bound in two.
 */
export function thresholdSign(threshold: BehaviourThreshold, index: number): 1 | -1 {
  const lower = typeof threshold.lower === 'number'
  if (lower !== (typeof threshold.upper === 'number')) return lower ? 1 : -1
  throw new GuerdonError(
    'invalid_option',
    `expected constraint ${index} to have exactly one of lower and upper; got ${lower ? 'both' : 'neither'}`,
    { path: ['thresholds', index], hint: 'write a double bound as two constraints' },
  )
}

/** Mean of a cost over the transitions where it is defined; undefined where it never is. */
export function occurrenceRate(costs: ArrayLike<number | null>): number | undefined {
  let total = 0
  let count = 0
  for (let i = 0; i < costs.length; i++) {
    const cost = costs[i]
    if (cost === null || Number.isNaN(cost)) continue
    total += cost
    count++
  }
  return count === 0 ? undefined : total / count
}

/**
 * Weights of this agent update, and the multipliers after it: λ is read *before* the call's own step. Every
 * `updateEvery`-th call takes one Adam step on Σ_k sign_k·λ_k·(Ĵ_k − d_k). A constraint without a rate (all costs
 * missing) does not move its multiplier.
 *
 * rewardWeight = 1 − Σ|cost weights| (normalised) or 1; with a bootstrap constraint b at least its weight, so success
 * lends its multiplier to the dense reward until it is frequent.
 *
 * @param rates [K] Ĵ: undiscounted occurrence rates over the newest transitions (2000), not the replay mixture
 * Source: Roy et al. 2021, Algorithm 1; `LagrangianWrapper.update_parameters`.
 */
export function constraintStep(
  state: MultiplierState,
  rates: readonly (number | undefined)[],
  options: ConstraintOptions,
): { readonly weights: ConstraintWeights; readonly state: MultiplierState } {
  const { thresholds, normalised = true, bootstrap = null, updateEvery = 10 } = options
  assertInteger(updateEvery, 'updateEvery', 1)
  const signs = thresholds.map(thresholdSign)
  const all = multipliers(state.parameters, normalised)
  const lambdas = normalised ? all.subarray(1) : all
  if (lambdas.length !== thresholds.length)
    throw new GuerdonError('state', `expected multipliers of ${thresholds.length} constraints; got ${lambdas.length}`, {
      path: ['state', 'parameters'],
    })
  const costWeights = lambdas.map((lambda, k) => signs[k] * lambda)
  let rewardWeight = normalised ? 1 - costWeights.reduce((total, weight) => total + Math.abs(weight), 0) : 1
  if (bootstrap !== null) rewardWeight = Math.max(costWeights[bootstrap], rewardWeight)
  const weights = { rewardWeight, costWeights }
  const counted = { ...state, updates: state.updates + 1 }
  if (state.updates % updateEvery !== 0) return { weights, state: counted }
  const slopes = signs.map((sign, k) => {
    const rate = rates[k]
    return rate === undefined ? 0 : sign * (rate - ((thresholds[k].lower ?? thresholds[k].upper) as number))
  })
  return { weights, state: adamStep(counted, multiplierGradient(state.parameters, slopes, normalised), options) }
}

function multipliers(parameters: readonly number[], normalised: boolean): Float64Array {
  return normalised ? softmax(parameters) : Float64Array.from(parameters, p => Math.max(0, p))
}

/** ∂/∂parameters of Σ_k slope_k·λ_k. A clamped multiplier has slope 0 below 0: it returns late. */
function multiplierGradient(parameters: readonly number[], slopes: readonly number[], normalised: boolean): number[] {
  if (!normalised) return parameters.map((p, k) => (p >= 0 ? slopes[k] : 0))
  const lambdas = softmax(parameters)
  const full = [0, ...slopes]
  const average = full.reduce((total, slope, j) => total + slope * lambdas[j], 0)
  return full.map((slope, j) => lambdas[j] * (slope - average))
}

function adamStep(state: MultiplierState, gradient: readonly number[], options: ConstraintOptions): MultiplierState {
  const { learningRate = 0.03, epsilon = 1e-5, beta1 = 0.9, beta2 = 0.999 } = options
  const steps = state.steps + 1
  const firstMoments = state.firstMoments.map((m, j) => beta1 * m + (1 - beta1) * gradient[j])
  const secondMoments = state.secondMoments.map((v, j) => beta2 * v + (1 - beta2) * gradient[j] ** 2)
  const parameters = state.parameters.map((p, j) => {
    const first = firstMoments[j] / (1 - beta1 ** steps)
    const second = secondMoments[j] / (1 - beta2 ** steps)
    return p - (learningRate * first) / (Math.sqrt(second) + epsilon)
  })
  return { ...state, parameters, firstMoments, secondMoments, steps }
}

/**
 * The multiplier loss Σ_k sign_k·λ_k·(Ĵ_k − d_k) as a graph, for learners that keep the multipliers among their own
 * parameters.
 * @param parameters [K+1] or [K] @param slopes [K] sign_k·(Ĵ_k − d_k)
 */
export function multiplierLoss(
  parameters: Tensor,
  slopes: Tensor,
  options: { readonly normalised?: boolean } = {},
): Tensor {
  const { normalised = true } = options
  const lambdas = normalised ? slice(softmaxOf(parameters), { starts: [1] }) : clip(parameters, { minimum: 0 })
  return sum(mul(slopes, lambdas))
}

/**
 * Policy loss over separate critics, one a objective: mean[−Σ_j w_j·min(Q1_j, Q2_j) + α·log π], j = 0 the reward, then
 * the costs.
 * @param minQ [B][1+K] @param weights [1+K] signed @param logProb [B]
 */
export function multiCriticPolicyLoss(minQ: Tensor, weights: Tensor, logProb: Tensor, alpha: Operand): Tensor {
  return mean(add(neg(sum(mul(minQ, weights), { axis: -1 })), mul(logProb, alpha)))
}

/**
 * Critic targets `[B][1+K]`: signal + γ_j·(1 − terminated)·(min(Q1′, Q2′) − α·log π′), the entropy term in every
 * objective. Missing costs enter as 0.
 * @param signals [B][1+K] reward then costs @param nextQ1 [B][1+K] @param discounts [1+K] @param nextLogProb [B][1]
 * @param terminated [B][1]
 */
export function multiCriticTargets(
  signals: Tensor,
  nextQ1: Tensor,
  nextQ2: Tensor,
  discounts: Tensor,
  nextLogProb: Tensor,
  terminated: Tensor,
  alpha: Operand,
): Tensor {
  const soft = sub(minimum(nextQ1, nextQ2), mul(nextLogProb, alpha))
  return add(signals, mul(mul(discounts, sub(1, terminated)), soft))
}
