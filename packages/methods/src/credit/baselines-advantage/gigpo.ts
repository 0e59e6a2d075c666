import { assertOneOf, assertProbability, assertSameLength } from '@guerdon/core'
import { groupItems, groupNormalise } from '../../shared/group-normalise.ts'

/**
 * Discounted return of each step within its trajectory, Rₜ = rₜ + γ·Rₜ₊₁. Steps of a trajectory stand in order but need not
 * be adjacent.
 *
 * @param rewards [S] one reward a step
 * @param trajectoryIds [S]
 * @returns [S]
 */
export function gigpoStepReturns(
  rewards: ArrayLike<number>,
  trajectoryIds: ArrayLike<string | number>,
  options: { readonly gamma?: number } = {},
): Float64Array {
  const { gamma = 0.95 } = options
  assertSameLength(rewards, 'rewards', trajectoryIds, 'trajectoryIds')
  assertProbability(gamma, 'gamma')
  const { index, count } = groupItems(trajectoryIds)
  const running = new Float64Array(count)
  const returns = new Float64Array(rewards.length)
  for (let s = rewards.length - 1; s >= 0; s--) {
    running[index[s]] = rewards[s] + gamma * running[index[s]]
    returns[s] = running[index[s]]
  }
  return returns
}

/** One row a step (turn): what GiGPO compares. All arrays have length S. */
export interface GigpoSteps {
  /** Score of the episode the step belongs to, the same on every step of a trajectory. */
  readonly episodeScores: ArrayLike<number>
  /** Return of the step (`gigpoStepReturns`). */
  readonly stepReturns: ArrayLike<number>
  /** Prompt the trajectory started from. */
  readonly groupIds: ArrayLike<string | number>
  readonly trajectoryIds: ArrayLike<string | number>
  /** Observation in which the step was taken; steps with the same prompt and the same observation are compared. */
  readonly anchorObservations: ArrayLike<string | number>
}

/** Choices of `gigpo`. */
export interface GigpoOptions {
  /** Divide by the sample standard deviation, at both levels, or only subtract means. Default `mean`. */
  readonly normalise?: 'mean' | 'mean-std'
  /** Default 1e-6. */
  readonly epsilon?: number
  /** Weight ω of the step advantage. Default 1. */
  readonly stepAdvantageWeight?: number
  /**
   * What the episode statistics count: every row, so that long trajectories weigh more (released code), or each trajectory
   * once. Default `trajectories`.
   */
  readonly episodeStatistics?: 'rows' | 'trajectories'
  /** Episode advantage of a group with one member: 0 or its score. Default `zero`. */
  readonly singleton?: 'zero' | 'raw'
}

/** GiGPO's advantage and its two parts, [S] each. */
export interface GigpoResult {
  readonly advantages: Float64Array
  readonly episodeAdvantages: Float64Array
  readonly stepAdvantages: Float64Array
}

/**
 * GiGPO: A = A_episode + ω·A_step (Feng et al. 2025, arXiv 2505.10978). A_episode compares episodes of one prompt; A_step
 * compares the returns of steps taken in the same state (same prompt, identical observation), so a state visited by several
 * rollouts becomes a group of its own. A state visited once has A_step = 0.
 *
 * SALT also merges across rollouts, but by whole transitions (s, a, s′) and by averaging advantages instead of normalising
 * returns.
 */
export function gigpo(steps: GigpoSteps, options: GigpoOptions = {}): GigpoResult {
  const { normalise = 'mean', epsilon = 1e-6, stepAdvantageWeight = 1 } = options
  const { episodeStatistics = 'trajectories', singleton = 'zero' } = options
  assertOneOf(normalise, 'normalise', ['mean', 'mean-std'])
  assertOneOf(episodeStatistics, 'episodeStatistics', ['rows', 'trajectories'])
  const { episodeScores, stepReturns, groupIds, trajectoryIds, anchorObservations } = steps
  assertSameLength(episodeScores, 'episodeScores', stepReturns, 'stepReturns')
  assertSameLength(episodeScores, 'episodeScores', groupIds, 'groupIds')
  assertSameLength(episodeScores, 'episodeScores', trajectoryIds, 'trajectoryIds')
  assertSameLength(episodeScores, 'episodeScores', anchorObservations, 'anchorObservations')
  const scale = normalise === 'mean-std' ? 'std' : 'none'
  const episodeAdvantages =
    episodeStatistics === 'rows'
      ? episodeAdvantage(episodeScores, groupIds, { scale, epsilon, singleton })
      : byTrajectory(steps, { scale, epsilon, singleton })
  const states = Array.from(groupIds, (group, s) => JSON.stringify([group, anchorObservations[s]]))
  const stepAdvantages = groupNormalise(stepReturns, groupItems(states), { scale, epsilon, singleton: 'zero' })
  const advantages = episodeAdvantages.map((value, s) => value + stepAdvantageWeight * stepAdvantages[s])
  return { advantages, episodeAdvantages, stepAdvantages }
}

interface Normalisation {
  readonly scale: 'std' | 'none'
  readonly epsilon: number
  readonly singleton: 'zero' | 'raw'
}

function episodeAdvantage(
  scores: ArrayLike<number>,
  groupIds: ArrayLike<string | number>,
  { scale, epsilon, singleton }: Normalisation,
): Float64Array {
  const groups = groupItems(groupIds)
  const advantages = groupNormalise(scores, groups, { scale, epsilon, singleton })
  if (singleton === 'raw' && scale === 'std') {
    const sizes = new Int32Array(groups.count)
    for (const g of groups.index) sizes[g]++
    for (let i = 0; i < advantages.length; i++) if (sizes[groups.index[i]] === 1) advantages[i] /= 1 + epsilon
  }
  return advantages
}

function byTrajectory(steps: GigpoSteps, normalisation: Normalisation): Float64Array {
  const trajectories = groupItems(Array.from(steps.trajectoryIds, (id, s) => JSON.stringify([steps.groupIds[s], id])))
  const scores = new Float64Array(trajectories.count)
  const groupIds: (string | number)[] = []
  for (let s = 0; s < steps.episodeScores.length; s++) {
    scores[trajectories.index[s]] = steps.episodeScores[s]
    groupIds[trajectories.index[s]] = steps.groupIds[s]
  }
  const advantages = episodeAdvantage(scores, groupIds, normalisation)
  return Float64Array.from(trajectories.index, trajectory => advantages[trajectory])
}
