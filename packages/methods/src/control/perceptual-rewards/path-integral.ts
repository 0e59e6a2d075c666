import { assertFinite, assertInRange, assertNotEmpty, softmax } from '@guerdon/core'

/** Weights of sampled trajectories at one time step. */
export interface PathIntegralWeights {
  /** [N] Pᵢ ∝ exp(Sᵢ/η), summing to 1. */
  readonly weights: Float64Array
  /** η. */
  readonly temperature: number
  /** KL(P ‖ uniform) in nats. */
  readonly divergence: number
}

/**
 * PI² reweighting of sampled trajectories by their reward-to-go S at a time step, with η the largest exploitation that
 * keeps KL(P ‖ uniform) ≤ `bound`. Equal rewards give uniform weights (η = Infinity).
 *
 * @param rewardToGo [N] Σ of rewards from this time step on (a cost-to-go enters with its sign turned)
 * @param bound in nats, > 0. Default 1
 * Source: Theodorou et al. 2010 with the KL bound of Chebotar et al. 2017, the learner of the perceptual-rewards paper.
 */
export function pathIntegralWeights(
  rewardToGo: ArrayLike<number>,
  options: { readonly bound?: number } = {},
): PathIntegralWeights {
  const { bound = 1 } = options
  assertNotEmpty(rewardToGo, 'rewardToGo')
  assertFinite(rewardToGo, 'rewardToGo')
  assertInRange(bound, 'bound', Number.MIN_VALUE, Number.MAX_VALUE)
  const count = rewardToGo.length
  const spread = Math.max(...Array.from(rewardToGo)) - Math.min(...Array.from(rewardToGo))
  const uniform = {
    weights: new Float64Array(count).fill(1 / count),
    temperature: Number.POSITIVE_INFINITY,
    divergence: 0,
  }
  if (spread === 0) return uniform
  const at = (temperature: number) => {
    const weights = softmax(rewardToGo, temperature)
    let divergence = 0
    for (const p of weights) if (p > 0) divergence += p * Math.log(p * count)
    return { weights, temperature, divergence }
  }
  // divergence falls as η grows: bisect on log η between near-greedy and near-uniform
  let low = Math.log(spread) - 12
  let high = Math.log(spread) + 12
  if (at(Math.exp(low)).divergence <= bound) return at(Math.exp(low))
  for (let k = 0; k < 100; k++) {
    const middle = (low + high) / 2
    if (at(Math.exp(middle)).divergence > bound) low = middle
    else high = middle
  }
  return at(Math.exp(high))
}
