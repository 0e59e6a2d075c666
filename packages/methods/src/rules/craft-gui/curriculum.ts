import { assertInRange, assertInteger, assertProbability, GuerdonError } from '@guerdon/core'
import { stageOfStep } from '../../shared/schedules.ts'

/** Where a trajectory stands in the curriculum. */
export interface TrajectoryTier {
  /** 0 is the easiest. */
  readonly tier: number
  /** False for trajectories without steps and for those the base policy always solves. */
  readonly trainable: boolean
}

/** Options of the tiers. */
export interface TierOptions {
  /** A trajectory longer than bound b is above tier b. Ascending. Default [3, 8]: ≤ 3 easy, 4–8 medium, ≥ 9 hard. */
  readonly upperBounds?: readonly number[]
}

/**
 * Tier of a whole trajectory by its length: #{b : numSteps > b}. Difficulty belongs to the trajectory, not to its
 * single steps.
 *
 * @param numSteps number of steps, ≥ 0
 */
export function difficultyTier(numSteps: number, options: TierOptions = {}): number {
  const { upperBounds = [3, 8] } = options
  assertInteger(numSteps, 'numSteps')
  return upperBounds.filter(bound => numSteps > bound).length
}

/**
 * Tier refined by the base policy's success rate over a few rollouts: never solved raises the tier by one (at most to
 * the last), always solved makes the trajectory unfit for training.
 *
 * @param successRate in [0, 1]; undefined when it was not measured
 */
export function trajectoryTier(
  numSteps: number,
  successRate: number | undefined,
  options: TierOptions = {},
): TrajectoryTier {
  const { upperBounds = [3, 8] } = options
  const tier = difficultyTier(numSteps, { upperBounds })
  if (successRate === undefined) return { tier, trainable: numSteps > 0 }
  assertProbability(successRate, 'successRate')
  const raised = successRate === 0 ? Math.min(tier + 1, upperBounds.length) : tier
  return { tier: raised, trainable: numSteps > 0 && successRate < 1 }
}

/**
 * Probability of drawing from each tier at stage k: 1 − ρ for tier k, ρ shared by the tiers before it in proportion to
 * their sizes, 0 for those after it. Stage 0 has no replay; an empty tier k leaves all mass to earlier tiers, empty
 * earlier tiers leave all to tier k; when all are empty every weight is 0 and the stage is to be skipped.
 *
 * @param tierSizes [K] number of trainable trajectories a tier
 * @returns [K], summing to 1 or 0
 */
export function samplingWeights(
  stage: number,
  tierSizes: readonly number[],
  options: { readonly replayFraction?: number } = {},
): Float64Array {
  const { replayFraction = 0.2 } = options
  assertProbability(replayFraction, 'replayFraction')
  assertInteger(stage, 'stage')
  if (stage >= tierSizes.length) {
    throw new GuerdonError(
      'invalid_option',
      `expected a stage below the number of tiers, ${tierSizes.length}; got ${stage}`,
      { path: ['stage'] },
    )
  }
  let earlier = 0
  for (let k = 0; k < stage; k++) earlier += tierSizes[k]
  const replayed = earlier === 0 ? 0 : tierSizes[stage] === 0 ? 1 : replayFraction
  const weights = new Float64Array(tierSizes.length)
  for (let k = 0; k < stage; k++) weights[k] = earlier === 0 ? 0 : (replayed * tierSizes[k]) / earlier
  weights[stage] = tierSizes[stage] === 0 ? 0 : 1 - replayed
  return weights
}

/** Stage of a step: the first k with step < Σ_{j≤k} lengths[j]; past the end the last stage. */
export function stageAtStep(step: number, stageLengths: readonly number[]): number {
  return stageOfStep(step, stageLengths)
}

/** Means of rates such as 0.8 fall an ulp short of 0.8. */
const roundingSlack = 1e-12

/**
 * Whether a stage may end early: the mean success of its tier over the last `window` groups reaches `threshold`. Never
 * before the window is full.
 *
 * @param successRates success rate of each group of the stage's tier, oldest first, in [0, 1]
 */
export function mayPromote(
  successRates: ArrayLike<number>,
  options: { readonly window?: number; readonly threshold?: number } = {},
): boolean {
  const { window = 50, threshold = 0.8 } = options
  assertInteger(window, 'window', 1)
  if (successRates.length < window) return false
  let total = 0
  for (let i = successRates.length - window; i < successRates.length; i++) total += successRates[i]
  return total / window >= threshold - roundingSlack
}

/**
 * Replay fraction for the next stage: doubled (at most 1) when an earlier tier's success fell by more than `drop` since
 * it was last measured, else unchanged.
 *
 * @param before success rates of the earlier tiers when last measured, in [0, 1]
 * @param after the same tiers now
 */
export function adjustedReplay(
  replayFraction: number,
  before: ArrayLike<number>,
  after: ArrayLike<number>,
  options: { readonly drop?: number } = {},
): number {
  const { drop = 0.05 } = options
  assertProbability(replayFraction, 'replayFraction')
  assertInRange(drop, 'drop', 0, 1)
  for (let k = 0; k < Math.min(before.length, after.length); k++) {
    if (before[k] - after[k] > drop) return Math.min(1, 2 * replayFraction)
  }
  return replayFraction
}
