import { assertFinite, assertFiniteNumber, assertInRange, assertProbability, assertSameLength } from '@guerdon/core'
import { groupItems } from '../../shared/group-normalise.ts'
import { rloo } from '../baselines-advantage/group-estimators.ts'
import { turnEndIndices } from './estimator.ts'

/** Choices of `groundingSignal`. */
export interface GroundingOptions {
  /** Phrase by which the environment rejects an action, case-sensitive; or a predicate on the observation. Default "Nothing happens". */
  readonly failure?: string | ((observation: string) => boolean)
  /** Signal of an accepted action. Default 0.5 (released code); the paper has 1 times a weight. */
  readonly groundedValue?: number
}

/**
 * Whether the environment accepted each action, read from the observation that follows it. The last action has none and
 * counts as accepted.
 *
 * @param nextObservations observations after every action but the last
 * @returns one signal an action
 */
export function groundingSignal(nextObservations: readonly string[], options: GroundingOptions = {}): Float64Array {
  const { failure = 'Nothing happens', groundedValue = 0.5 } = options
  assertFiniteNumber(groundedValue, 'groundedValue')
  const failed = typeof failure === 'string' ? (text: string) => text.includes(failure) : failure
  const signal = new Float64Array(nextObservations.length + 1).fill(groundedValue)
  nextObservations.forEach((observation, t) => {
    if (failed(observation)) signal[t] = 0
  })
  return signal
}

/** Choices of `fusedStepRewards`. */
export interface FusedOptions {
  /** Weight of the contribution. Default 1. */
  readonly alpha?: number
  /** Weight of the grounding. Default 0.5. */
  readonly beta?: number
  /**
   * `bonus`: β·g for accepted actions; with γ = 1 that pays for staying alive. `penalty`: β·(g − 1), nothing for accepted and
   * −β for rejected ones. Default `bonus`, the paper's.
   */
  readonly grounding?: 'bonus' | 'penalty'
}

/**
 * r_t = α·ĉ_t + β·g_t.
 *
 * @param contributions [T] estimated contributions ĉ
 * @param grounded [T] 1 accepted, 0 rejected
 */
export function fusedStepRewards(
  contributions: ArrayLike<number>,
  grounded: ArrayLike<number>,
  options: FusedOptions = {},
): Float64Array {
  const { alpha = 1, beta = 0.5, grounding = 'bonus' } = options
  assertSameLength(contributions, 'contributions', grounded, 'grounded')
  assertFinite(contributions, 'contributions')
  assertFinite(grounded, 'grounded')
  const offset = grounding === 'penalty' ? 1 : 0
  return Float64Array.from(contributions, (value, t) => alpha * value + beta * (grounded[t] - offset))
}

/** R − Σĉ: how far the estimator misses the trajectory's reward. */
export function contributionResidual(contributions: ArrayLike<number>, reward: number): number {
  let total = 0
  for (let t = 0; t < contributions.length; t++) total += contributions[t]
  return reward - total
}

/** Contributions with the residual added to the last step, so that they sum to R exactly. */
export function withResidual(contributions: ArrayLike<number>, reward: number): Float64Array {
  const result = Float64Array.from(contributions)
  if (result.length > 0) result[result.length - 1] += contributionResidual(contributions, reward)
  return result
}

/**
 * What the released annotation script writes over the contributions of every turn: R_i less the mean of the other
 * trajectories of the task (a lone one keeps R_i). The trajectory-level control, not SPA.
 */
export function leaveOneOutOutcome(finalRewards: ArrayLike<number>, taskIds: ArrayLike<string | number>): Float64Array {
  return rloo(finalRewards, groupItems(taskIds), { singleton: 'raw' })
}

/** Tokens of one trajectory. All arrays have length L. */
export interface StepTokens {
  /** 1 on tokens of the policy. */
  readonly actionMask: ArrayLike<number>
  readonly logProbs: ArrayLike<number>
  readonly refLogProbs: ArrayLike<number>
}

/** Choices of `placeStepRewards`. */
export interface PlaceStepOptions {
  /** Weight of the per-token penalty log π − log π_ref. Default 0. */
  readonly klCoef?: number
  /**
   * `released` multiplies the reward of a step by the number of steps that follow it, as the released trainer does: the last
   * step then gets 0. In none of the paper's formulas.
   */
  readonly compat?: 'released'
}

/**
 * Step rewards on the last token of their turns, less the KL penalty on every token. Rewards are aligned to turns from the
 * end: surplus early rewards are dropped, turns without a reward get none.
 *
 * @param stepRewards [n] rewards of the steps
 * @returns [L]
 */
export function placeStepRewards(
  stepRewards: ArrayLike<number>,
  tokens: StepTokens,
  options: PlaceStepOptions = {},
): Float64Array {
  const { klCoef = 0, compat } = options
  const { actionMask, logProbs, refLogProbs } = tokens
  assertInRange(klCoef, 'klCoef', 0, Number.MAX_VALUE)
  assertSameLength(actionMask, 'actionMask', logProbs, 'logProbs')
  assertSameLength(actionMask, 'actionMask', refLogProbs, 'refLogProbs')
  assertFinite(stepRewards, 'stepRewards')
  const row = Float64Array.from(logProbs, (logProb, t) => 0 - klCoef * (logProb - refLogProbs[t]))
  const ends = turnEndIndices(actionMask)
  for (let back = 0; back < Math.min(ends.length, stepRewards.length); back++) {
    const reward = stepRewards[stepRewards.length - 1 - back]
    row[ends[ends.length - 1 - back]] += compat === 'released' ? reward * back : reward
  }
  assertFinite(row, 'token rewards')
  return row
}

/** Σ_{k ≥ t} γ^{k−t} r_k of every step. */
export function returnsToGo(stepRewards: ArrayLike<number>, options: { readonly gamma?: number } = {}): Float64Array {
  const { gamma = 1 } = options
  assertProbability(gamma, 'gamma')
  const returns = Float64Array.from(stepRewards)
  for (let t = returns.length - 2; t >= 0; t--) returns[t] += gamma * returns[t + 1]
  return returns
}
