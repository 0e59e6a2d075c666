import { assertInRange } from '@guerdon/core'
import { add, clip, exp, maximum, mean, mul, neg, type Operand, softplus, sub, type Tensor } from '@guerdon/tensor'
import { aggregateLoss, zeroMasked } from '../../shared/loss-aggregation.ts'
import { valueLoss } from '../../shared/policy-loss.ts'

export { labelledCrossEntropy as headLoss } from '../../shared/token-classification.ts'

/** What the loss is computed from, [B][L] each. `logProbs` and `values` carry gradients. */
export interface FineGrainedPpoInput {
  readonly logProbs: Tensor
  readonly oldLogProbs: Tensor
  readonly advantages: Tensor
  readonly values: Tensor
  readonly oldValues: Tensor
  readonly returns: Tensor
  /** 0 or 1. */
  readonly mask: Tensor
}

/** Options of `fineGrainedPpoLoss`. */
export interface FineGrainedPpoOptions {
  /** Default 0.2. */
  readonly clipRange?: number
  /** Default 0.2. */
  readonly clipRangeValue?: number
  /** Default 1. */
  readonly policyCoef?: number
  /** Default 1. */
  readonly valueCoef?: number
}

/**
 * PPO as trained with: L_pg = mean over policy tokens of max(−Aρ, −A·clip(ρ, 1 ± 0.2)), L_vf = ½·mean of max((V − R)²,
 * (clip(V, V_old ± 0.2) − R)²), total = c_pg·L_pg + c_vf·L_vf. No dual clip. Source: Fine-Grained RLHF, released
 * trainer.
 */
export function fineGrainedPpoLoss(
  input: FineGrainedPpoInput,
  options: FineGrainedPpoOptions = {},
): { readonly policyLoss: Tensor; readonly valueLoss: Tensor; readonly total: Tensor } {
  const { clipRange = 0.2, clipRangeValue = 0.2, policyCoef = 1, valueCoef = 1 } = options
  assertInRange(clipRange, 'clipRange', 0, 1)
  const { mask } = input
  const ratio = exp(sub(zeroMasked(input.logProbs, mask), zeroMasked(input.oldLogProbs, mask)))
  const advantages = zeroMasked(input.advantages, mask)
  const clipped = clip(ratio, { minimum: 1 - clipRange, maximum: 1 + clipRange })
  const policyLoss = aggregateLoss(maximum(neg(mul(advantages, ratio)), neg(mul(advantages, clipped))), mask)
  const { loss } = valueLoss(input, { clipRange: clipRangeValue })
  return { policyLoss, valueLoss: loss, total: add(mul(policyLoss, policyCoef), mul(loss, valueCoef)) }
}

/**
 * Loss of the completeness head: −mean log σ((s₁ − s₂)·label), label +1 where the first covers more, −1 where the
 * second does. Drop ties. [N]
 */
export function completenessLoss(first: Tensor, second: Tensor, label: Operand): Tensor {
  return mean(softplus(neg(mul(sub(first, second), label))))
}
