import { assertInRange } from '@guerdon/core'
import { add, clip, div, exp, maximum, mean, minimum, mul, neg, sub, sum, type Tensor } from '@guerdon/tensor'
import { groupItems, groupNormalise } from '../../shared/group-normalise.ts'
import { unboundedK3 } from '../../shared/kl.ts'
import { zeroMasked } from '../../shared/loss-aggregation.ts'

/** A = (r − mean)/(std + ε) of one group of rewrites. All-equal groups and groups of one give 0. [G] → [G] */
export function rewriteAdvantages(
  rewards: ArrayLike<number>,
  options: { readonly epsilon?: number; readonly ddof?: 0 | 1 } = {},
): Float64Array {
  const { epsilon = 1e-6, ddof = 1 } = options
  return groupNormalise(rewards, groupItems(new Int32Array(rewards.length)), { epsilon, ddof })
}

/** What the loss is computed from, [G][L] each. Only `logProbs` carries a gradient. */
export interface RewriteLossInput {
  readonly logProbs: Tensor
  readonly oldLogProbs: Tensor
  readonly refLogProbs: Tensor
  /** One value a row, on every token. */
  readonly advantages: Tensor
  /** 0 or 1. */
  readonly mask: Tensor
}

/**
 * Loss of the rewriter: −[min(ρA, clip(ρ, 1 ± 0.2)·A) − β·k3] a token, mean over each response's tokens, then over
 * *all* responses: an empty one adds 0 and still counts, unlike `seq-mean-token-mean` elsewhere. ρ = exp(log π − log
 * π_old), k3 = e^{ref − new} − (ref − new) − 1.
 *
 * Source: PromptEnhancer, arXiv 2509.04545 (β = 0.001; reduction is a reconstruction).
 */
export function rewriteLoss(
  input: RewriteLossInput,
  options: { readonly clip?: number; readonly klCoef?: number } = {},
): { readonly loss: Tensor; readonly sequenceLosses: Tensor } {
  const { clip: range = 0.2, klCoef = 0.001 } = options
  assertInRange(range, 'clip', 0, 1)
  assertInRange(klCoef, 'klCoef', 0, Number.MAX_VALUE)
  const { logProbs, oldLogProbs, refLogProbs, advantages, mask } = input
  const ratio = exp(sub(zeroMasked(logProbs, mask), zeroMasked(oldLogProbs, mask)))
  const clipped = clip(ratio, { minimum: 1 - range, maximum: 1 + range })
  const surrogate = minimum(mul(ratio, advantages), mul(clipped, advantages))
  const penalty = unboundedK3(zeroMasked(logProbs, mask), zeroMasked(refLogProbs, mask))
  const losses = zeroMasked(add(neg(surrogate), mul(penalty, klCoef)), mask)
  const sequenceLosses = div(sum(losses, { axis: -1 }), maximum(sum(mask, { axis: -1 }), 1))
  return { loss: mean(sequenceLosses), sequenceLosses }
}
