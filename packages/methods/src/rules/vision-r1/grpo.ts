import { add, exp, mul, neg, stopGradient, sub, type Tensor } from '@guerdon/tensor'
import { groupItems, groupNormalise } from '../../shared/group-normalise.ts'
import { unboundedK3 } from '../../shared/kl.ts'
import { aggregateLoss } from '../../shared/loss-aggregation.ts'

/** A = (R − mean)/(std + ε) of one group, ε = 1e-4, ddof 1. Groups of one and all-equal groups give 0. [G] → [G] */
export function visionAdvantages(
  rewards: ArrayLike<number>,
  options: { readonly epsilon?: number; readonly ddof?: 0 | 1 } = {},
): Float64Array {
  const { epsilon = 1e-4, ddof = 1 } = options
  return groupNormalise(rewards, groupItems(new Int32Array(rewards.length)), { epsilon, ddof })
}

/** What the loss is computed from, [B][L] each. Only `logProbs` carries a gradient. */
export interface VisionLossInput {
  readonly logProbs: Tensor
  readonly refLogProbs: Tensor
  readonly advantages: Tensor
  /** 0 or 1. */
  readonly mask: Tensor
}

/**
 * Loss of one on-policy update: −(exp(lp − sg(lp))·A − β·k3) a token, mean over each sequence's tokens, then over
 * sequences; k3 = e^{ref − lp} − (ref − lp) − 1. β = 0.2 in the paper, 0.04 in the released script.
 *
 * @returns a scalar; its value is β·KL − mean A, its gradient the policy gradient
 */
export function visionLoss(input: VisionLossInput, options: { readonly beta?: number } = {}): Tensor {
  const { beta = 0.2 } = options
  const { logProbs, refLogProbs, advantages, mask } = input
  const surrogate = mul(exp(sub(logProbs, stopGradient(logProbs))), advantages)
  const losses = add(neg(surrogate), mul(unboundedK3(logProbs, refLogProbs), beta))
  return aggregateLoss(losses, mask, { aggregation: 'seq-mean-token-mean' })
}
