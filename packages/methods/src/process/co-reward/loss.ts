import { add, mul, type Tensor } from '@guerdon/tensor'
import { klPenalty } from '../../shared/kl.ts'
import { maskedMeanOf } from '../../shared/loss-aggregation.ts'
import { type PolicyLossInput, ppoClipLoss } from '../../shared/policy-loss.ts'

/** What the loss of one view is computed from, [B][L] each; only `logProbs` carries a gradient. */
export interface ViewLossInput extends PolicyLossInput {
  readonly refLogProbs: Tensor
}

/** Choices of `coRewardLoss`. */
export interface CoRewardLossOptions {
  /** The ratio is clipped to 1 ± this. Default 0.2. */
  readonly clip?: number
  /** Bound of the loss at negative advantages. Default 3. */
  readonly dualClip?: number
  /** Weight of the KL estimate e^d − d − 1, d = log π_ref − log π. Default 0.005. */
  readonly klCoefficient?: number
}

/** The loss and its parts, scalars. */
export interface CoRewardLoss {
  readonly loss: Tensor
  readonly policyLossOriginal: Tensor
  readonly policyLossRephrased: Tensor
  readonly klOriginal: Tensor
  readonly klRephrased: Tensor
}

/**
 * L = L_original + L_rephrased, each a PPO loss with dual clip plus the KL to the reference, both token means over the mask.
 * A sum, not an average: halving it halves the step.
 */
export function coRewardLoss(
  original: ViewLossInput,
  rephrased: ViewLossInput,
  options: CoRewardLossOptions = {},
): CoRewardLoss {
  const { klCoefficient = 0.005 } = options
  const first = viewLoss(original, options)
  const second = viewLoss(rephrased, options)
  return {
    loss: add(add(first.policy, mul(first.kl, klCoefficient)), add(second.policy, mul(second.kl, klCoefficient))),
    policyLossOriginal: first.policy,
    policyLossRephrased: second.policy,
    klOriginal: first.kl,
    klRephrased: second.kl,
  }
}

function viewLoss(view: ViewLossInput, { clip = 0.2, dualClip = 3 }: CoRewardLossOptions) {
  return {
    policy: ppoClipLoss(view, { clipLow: clip, clipHigh: clip, dualClip }).loss,
    kl: maskedMeanOf(klPenalty(view.logProbs, view.refLogProbs), view.mask),
  }
}
