import { assertFiniteNumber, assertSameLength, GuerdonError, logSumExp, type Random } from '@guerdon/core'

/** Choices of `choiceProbabilities`. */
export interface ChoiceOptions {
  /** γ: sharpens the choice, r = γ·score. Default 1. */
  readonly rewardScale?: number
}

/**
 * Probability that each of K samples is the one picked (Plackett–Luce): P(k) = e^{γ·r_k} / Σ_j e^{γ·r_j}, without overflow.
 *
 * A NaN reward takes the item out of the choice (probability 0); −Infinity is never picked.
 *
 * @returns [K]; all 0 when nothing can be picked
 * @throws not_finite for +Infinity
 */
export function choiceProbabilities(rewards: ArrayLike<number>, options: ChoiceOptions = {}): Float64Array {
  const { rewardScale = 1 } = options
  assertFiniteNumber(rewardScale, 'rewardScale')
  const scaled = Float64Array.from(rewards, (reward, k) => {
    if (reward === Number.POSITIVE_INFINITY) {
      throw new GuerdonError('not_finite', `expected rewards below Infinity; got it for item ${k}`, {
        path: ['rewards', k],
      })
    }
    return Number.isNaN(reward) || reward === Number.NEGATIVE_INFINITY ? Number.NEGATIVE_INFINITY : reward * rewardScale
  })
  const normaliser = logSumExp(scaled)
  if (normaliser === Number.NEGATIVE_INFINITY) return new Float64Array(scaled.length)
  return scaled.map(value => Math.exp(value - normaliser))
}

/**
 * The picked item of a group from one uniform u: the first k whose cumulative probability is strictly greater than u; the last
 * item that can be picked when rounding leaves the total below u; undefined when nothing can be picked.
 */
export function pickByUniform(probabilities: ArrayLike<number>, uniform: number): number | undefined {
  let cumulative = 0
  let last: number | undefined
  for (let k = 0; k < probabilities.length; k++) {
    if (probabilities[k] === 0) continue
    cumulative += probabilities[k]
    if (cumulative > uniform) return k
    last = k
  }
  return last
}

/** Choices of `curate`. */
export interface CurateOptions extends ChoiceOptions {
  /** `luce`: in proportion to e^reward. `bestOfK`: the largest reward, first of several (RAFT, the noiseless limit). Default `luce`. */
  readonly choice?: 'luce' | 'bestOfK'
}

/** The pick of each group and how the choice went. */
export interface Curated {
  /** [G] index within the group; undefined for a group in which nothing can be picked. */
  readonly picked: readonly (number | undefined)[]
  /** [G] items that took part: groups may hold fewer than the wanted K. */
  readonly effectiveK: Int32Array
}

/**
 * One pick for each group of samples. Groups must stay as sampled: shuffling items between groups before the pick breaks the
 * choice.
 *
 * @param groups [G][K] rewards
 * @param draws [G] uniforms in [0, 1), or a generator that gives one a group in order (also under `bestOfK`, unused)
 */
export function curate(
  groups: readonly ArrayLike<number>[],
  draws: ArrayLike<number> | Random,
  options: CurateOptions = {},
): Curated {
  const { choice = 'luce' } = options
  if ('length' in draws) assertSameLength(groups, 'groups', draws, 'draws')
  const effectiveK = new Int32Array(groups.length)
  const picked = groups.map((rewards, g) => {
    const uniform = 'length' in draws ? draws[g] : draws.float()
    for (let k = 0; k < rewards.length; k++) if (!Number.isNaN(rewards[k])) effectiveK[g]++
    if (choice === 'luce') return pickByUniform(choiceProbabilities(rewards, options), uniform)
    let best: number | undefined
    for (let k = 0; k < rewards.length; k++) {
      if (rewards[k] > (best === undefined ? Number.NEGATIVE_INFINITY : rewards[best])) best = k
    }
    return best
  })
  return { picked, effectiveK }
}

/** Picks recorded from people: undefined and counted where they chose "none of these" (null). */
export function recordedPicks(picks: readonly (number | null)[]): {
  readonly picked: readonly (number | undefined)[]
  readonly abstentionRate: number
} {
  const picked = picks.map(pick => pick ?? undefined)
  return { picked, abstentionRate: picks.length === 0 ? 0 : picks.filter(pick => pick === null).length / picks.length }
}

/**
 * Reward of points by clipped distance to a centre: r(x) = −γ·max(0, ‖x − μ‖ − r_min), flat within the radius.
 *
 * @param points [N][d]
 * @param options gamma, default 10; minRadius, default 1
 */
export function clippedDistanceRewards(
  points: readonly ArrayLike<number>[],
  centre: ArrayLike<number>,
  options: { readonly gamma?: number; readonly minRadius?: number } = {},
): Float64Array {
  const { gamma = 10, minRadius = 1 } = options
  return Float64Array.from(points, (point, i) => {
    assertSameLength(point, `points[${i}]`, centre, 'centre')
    let square = 0
    for (let d = 0; d < centre.length; d++) square += (point[d] - centre[d]) ** 2
    const beyond = Math.sqrt(square) - minRadius
    return beyond > 0 ? -gamma * beyond : 0
  })
}
