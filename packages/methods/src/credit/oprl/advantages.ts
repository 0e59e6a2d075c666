import { assertFiniteNumber, assertOneOf, assertSameLength } from '@guerdon/core'
import { type Grouping, groupItems, groupMoments, groupNormalise } from '../../shared/group-normalise.ts'
import { maskedWhiten } from '../../shared/masked.ts'
import { broadcastRows, type FloatArray, type RaggedRows } from '../../shared/ragged.ts'
import { drGrpo, grpo, rloo } from '../baselines-advantage/group-estimators.ts'

/** One row a step (turn). All arrays have length S. */
export interface OprlSteps {
  /** Score of the step's episode, the same on every step of a trajectory (released code: of the row). */
  readonly episodeScores: ArrayLike<number>
  /** r_φ of the step. */
  readonly stepRewards: ArrayLike<number>
  readonly groupIds: ArrayLike<string | number>
  readonly trajectoryIds: ArrayLike<string | number>
}

/** Choices of `oprlAdvantages`. */
export interface OprlOptions {
  /** Estimator of the episode advantage, one score a trajectory. Default `grpo`. */
  readonly episode?: 'grpo' | 'drGrpo' | 'rloo'
  /** α. Default 1. */
  readonly stepAdvantageWeight?: number
  /** Default 1e-6. */
  readonly epsilon?: number
}

/** Advantages of the steps, [S] each. */
export interface OprlAdvantages {
  readonly episodeAdvantages: Float64Array
  readonly stepAdvantages: Float64Array
  /** A^E + α·A^S. */
  readonly advantages: Float64Array
}

/**
 * OPRL (iStar): A = A^E + α·A^S. A^E compares the episodes of a group, one score a trajectory; A^S z-scores the implicit step
 * rewards over *all* steps of the group. The advantages are added, not the rewards: adding rewards loses the outcome's
 * regulation of step credit. A lone trajectory has A^E = 0, a lone step or equal step rewards A^S = 0.
 *
 * A group whose outcomes are all equal still gets step credit, from the reward model's prior alone.
 * Liu et al. 2025, arXiv 2509.19199.
 */
export function oprlAdvantages(steps: OprlSteps, options: OprlOptions = {}): OprlAdvantages {
  const { episode = 'grpo', stepAdvantageWeight = 1, epsilon = 1e-6 } = options
  assertOneOf(episode, 'episode', ['grpo', 'drGrpo', 'rloo'])
  assertFiniteNumber(stepAdvantageWeight, 'stepAdvantageWeight')
  const { groups, first, trajectories } = layoutOf(steps)
  const firsts = [...first.keys()].filter(s => first[s])
  const trajectoryGroups = { index: Int32Array.from(firsts, s => groups.index[s]), count: groups.count }
  const scores = firsts.map(s => steps.episodeScores[s])
  const byTrajectory =
    episode === 'rloo'
      ? rloo(scores, trajectoryGroups)
      : episode === 'drGrpo'
        ? drGrpo(scores, trajectoryGroups)
        : grpo(scores, trajectoryGroups, { epsilon })
  const episodeAdvantages = Float64Array.from(trajectories.index, trajectory => byTrajectory[trajectory])
  const stepAdvantages = groupNormalise(steps.stepRewards, groups, { epsilon })
  return {
    episodeAdvantages,
    stepAdvantages,
    advantages: episodeAdvantages.map((value, s) => value + stepAdvantageWeight * stepAdvantages[s]),
  }
}

/** Choices of `istarAdvantages`. */
export interface IstarOptions extends Omit<OprlOptions, 'episode'> {
  /** Formula of both advantages. Default `rloo`. */
  readonly estimator?: 'rloo' | 'grpo' | 'drGrpo'
  /**
   * `added`: A^E + α·A^S. `process-only`: A^S. `merged`: one advantage of outcome + α·step reward, row by row. Default
   * `added`; the other two are ablations.
   */
  readonly combine?: 'added' | 'process-only' | 'merged'
}

/**
 * The released code's advantages: its group statistics are built from the *first row met* of each trajectory, though every
 * row is shifted by them, so they depend on the order of the batch. A lone trajectory keeps its raw scores. For comparison
 * only; `oprlAdvantages` pools all steps.
 *
 * @returns [S]
 */
export function istarAdvantages(steps: OprlSteps, options: IstarOptions = {}): Float64Array {
  const { estimator = 'rloo', combine = 'added', stepAdvantageWeight = 1, epsilon = 1e-6 } = options
  assertOneOf(estimator, 'estimator', ['rloo', 'grpo', 'drGrpo'])
  assertOneOf(combine, 'combine', ['added', 'process-only', 'merged'])
  const { groups, first } = layoutOf(steps)
  const of = (scores: ArrayLike<number>) => firstRowEstimate(scores, groups, first, { estimator, epsilon })
  if (combine === 'merged') {
    return of(Float64Array.from(steps.episodeScores, (score, s) => score + stepAdvantageWeight * steps.stepRewards[s]))
  }
  const step = of(steps.stepRewards)
  if (combine === 'process-only') return step
  return of(steps.episodeScores).map((value, s) => value + stepAdvantageWeight * step[s])
}

/**
 * The released REINFORCE++-baseline: scores less the first-row mean, on every token, whitened over the batch; episode and
 * step apart, then added.
 *
 * @param rows tokens of each step
 * @returns [T]
 */
export function istarReinforcePlusPlusBaseline(
  steps: OprlSteps,
  rows: RaggedRows,
  options: { readonly stepAdvantageWeight?: number } = {},
): FloatArray {
  const { stepAdvantageWeight = 1 } = options
  const { groups, first } = layoutOf(steps)
  const whitened = (scores: ArrayLike<number>) => {
    const centred = firstRowEstimate(scores, groups, first, { estimator: 'drGrpo', epsilon: 0 })
    return maskedWhiten(broadcastRows(centred, rows), rows.mask).values
  }
  const step = whitened(steps.stepRewards)
  return whitened(steps.episodeScores).map((value, t) => value + stepAdvantageWeight * step[t])
}

function layoutOf(steps: OprlSteps) {
  const { episodeScores, stepRewards, groupIds, trajectoryIds } = steps
  assertSameLength(episodeScores, 'episodeScores', stepRewards, 'stepRewards')
  assertSameLength(episodeScores, 'episodeScores', groupIds, 'groupIds')
  assertSameLength(episodeScores, 'episodeScores', trajectoryIds, 'trajectoryIds')
  const groups = groupItems(groupIds)
  const trajectories = groupItems(Array.from(trajectoryIds, (id, s) => JSON.stringify([groupIds[s], id])))
  const first = new Uint8Array(trajectoryIds.length)
  let seen = 0
  trajectories.index.forEach((trajectory, s) => {
    if (trajectory < seen) return
    first[s] = 1
    seen++
  })
  return { groups, trajectories, first }
}

function firstRowEstimate(
  scores: ArrayLike<number>,
  groups: Grouping,
  first: Uint8Array,
  { estimator, epsilon }: { estimator: 'rloo' | 'grpo' | 'drGrpo'; epsilon: number },
): Float64Array {
  const { counts, means, squares } = groupMoments(scores, groups, first)
  return Float64Array.from(scores, (score, s) => {
    const g = groups.index[s]
    const n = counts[g]
    if (n === 1) return estimator === 'grpo' ? score / (1 + epsilon) : score
    const centred = score - means[g]
    if (estimator === 'rloo') return (centred * n) / (n - 1)
    return estimator === 'grpo' ? centred / (Math.sqrt(squares[g] / (n - 1)) + epsilon) : centred
  })
}
