import { assertFinite, assertInteger, assertNotEmpty, assertSameLength, sum } from '@guerdon/core'
import { bestOfNKl } from '../../shared/best-of-n.ts'

/** What best-of-K makes of a policy over finitely many outcomes. */
export interface BestOfKDistribution {
  /** [M] q. */
  readonly selected: Float64Array
  readonly meanRewardBefore: number
  readonly meanRewardAfter: number
  /** KL(q‖p), nats. */
  readonly kl: number
  /** log K − (K − 1)/K, which KL(q‖p) never exceeds. */
  readonly klBound: number
}

/**
 * The distribution of the best of K samples of a categorical policy:
 *
 *   q(y) = p(y)/P(r = r_y) · [P(r ≤ r_y)^K − P(r < r_y)^K]
 *
 * (ties go to the earliest sample, that is in proportion to p). With exact fine-tuning the next policy is q; an outcome of
 * probability 0 is never found, however good.
 *
 * @param policy [M] probabilities
 * @param rewards [M]
 */
export function bestOfKDistribution(
  policy: ArrayLike<number>,
  rewards: ArrayLike<number>,
  K: number,
): BestOfKDistribution {
  assertNotEmpty(policy, 'policy')
  assertSameLength(policy, 'policy', rewards, 'rewards')
  assertFinite(policy, 'policy')
  assertFinite(rewards, 'rewards')
  assertInteger(K, 'K', 1)
  const below = Float64Array.from(rewards, r => massWhere(policy, rewards, other => other < r))
  const equal = Float64Array.from(rewards, r => massWhere(policy, rewards, other => other === r))
  const selected = Float64Array.from(policy, (p, y) =>
    p === 0 ? 0 : (p / equal[y]) * ((below[y] + equal[y]) ** K - below[y] ** K),
  )
  const kl = sum(selected.map((q, y) => (q === 0 ? 0 : q * Math.log(q / policy[y]))))
  return {
    selected,
    meanRewardBefore: sum(Float64Array.from(policy, (p, y) => p * rewards[y])),
    meanRewardAfter: sum(selected.map((q, y) => q * rewards[y])),
    kl,
    klBound: bestOfNKl(K),
  }
}

function massWhere(policy: ArrayLike<number>, rewards: ArrayLike<number>, take: (reward: number) => boolean): number {
  let mass = 0
  for (let i = 0; i < policy.length; i++) if (take(rewards[i])) mass += policy[i]
  return mass
}
