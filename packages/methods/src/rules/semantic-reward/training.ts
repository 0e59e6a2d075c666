import { mul, neg, type Tensor } from '@guerdon/tensor'
import { groupItems, groupNormalise } from '../../shared/group-normalise.ts'
import { aggregateLoss } from '../../shared/loss-aggregation.ts'

/**
 * A = (R − mean)/(std + ε) of one group with the population deviation (ddof 0) and ε = 1e-8. All-equal groups give 0.
 * [G] → [G]
 */
export function semanticAdvantages(
  rewards: ArrayLike<number>,
  options: { readonly epsilon?: number; readonly ddof?: 0 | 1 } = {},
): Float64Array {
  const { epsilon = 1e-8, ddof = 0 } = options
  return groupNormalise(rewards, groupItems(new Int32Array(rewards.length)), { epsilon, ddof })
}

/**
 * The companion pipeline's loss, one update a batch without clip or KL: mean over candidates of −A·(mean log-likelihood
 * of the response).
 *
 * @param logProbs [G][L]
 * @param advantages [G][L], one value a row
 * @param mask [G][L] 0 or 1
 */
export function semanticLoss(logProbs: Tensor, advantages: Tensor, mask: Tensor): Tensor {
  return aggregateLoss(neg(mul(advantages, logProbs)), mask, { aggregation: 'seq-mean-token-mean' })
}

/**
 * Sampling temperature for the next iteration: slope = (last − first)/3 of the last three mean rewards; above 0.02 the
 * temperature is multiplied by 0.9, below −0.02 by 1.15, and held in [0.3, 1.2]. Fewer than three rewards change
 * nothing.
 *
 * @param rewards mean reward of each iteration, oldest first
 */
export function adaptedTemperature(temperature: number, rewards: ArrayLike<number>): number {
  if (rewards.length < 3) return temperature
  const slope = (rewards[rewards.length - 1] - rewards[rewards.length - 3]) / 3
  const factor = slope > 0.02 ? 0.9 : slope < -0.02 ? 1.15 : 1
  return Math.min(1.2, Math.max(0.3, temperature * factor))
}
