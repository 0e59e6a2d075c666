import { assertInRange } from '@guerdon/core'
import { abs, add, less, log, mul, neg, sigmoid, sub, type Tensor, where } from '@guerdon/tensor'
import { type PairReduction, pairLoss, reduce } from '../../shared/pair-loss.ts'

/** Ways of using the strength μ of a pair; d = r_c − r_r. */
export const denoiseModes = ['base', 'margin', 'labelSmoothing', 'softLabelMargin', 'flipMargin'] as const
/** Name of a way to treat pairs whose label may be wrong. */
export type DenoiseMode = (typeof denoiseModes)[number]

/** Choices of the denoised loss. */
export interface DenoisedLossOptions {
  /**
   * `base` −log σ(d); `margin` −log σ(d − μ); `labelSmoothing` −(1 − α)·log σ(d) − α·log σ(−d); `softLabelMargin` the
   * same at d − μ with α only where μ < 0; `flipMargin` −log σ(s·d − |μ|) with s = −1 where μ < 0, else 1. Default `base`.
   */
  readonly mode?: DenoiseMode
  /** α in [0, 0.5]: above, the label would be reversed. The paper names none. Default 0.1. */
  readonly alpha?: number
  readonly reduction?: PairReduction
  /** `released`: `base` is −log(σ(d) + 1e-5), whose gradient dies for d ≪ −12. Default null. */
  readonly compat?: 'released' | null
}

/**
 * Pair losses for noisy preferences (Eq. 5–6). The paper prints the margin outside the sigmoid, where it is a constant
 * without gradient; here it stands inside. A negative margin alone pushes the model to accept the wrong order: combine it
 * with softening or flipping. Voters of a larger scale than the trained model make the margin dominate: rescale μ.
 *
 * @param chosen [N]
 * @param rejected [N]
 * @param strength [N] μ; unused by `base` and `labelSmoothing`
 */
export function denoisedPairLoss(
  chosen: Tensor,
  rejected: Tensor,
  strength: Tensor,
  options: DenoisedLossOptions = {},
): Tensor {
  const { mode = 'base', alpha = 0.1, reduction = 'mean', compat = null } = options
  assertInRange(alpha, 'alpha', 0, 0.5)
  const doubtful = less(strength, 0)
  switch (mode) {
    case 'base':
      return compat === 'released'
        ? reduce(neg(log(add(sigmoid(sub(chosen, rejected)), 1e-5))), reduction)
        : pairLoss(chosen, rejected, { reduction })
    case 'margin':
      return pairLoss(chosen, rejected, { margin: strength, reduction })
    case 'labelSmoothing':
      return pairLoss(chosen, rejected, { label: 1 - alpha, reduction })
    case 'softLabelMargin': {
      const label = add(where(doubtful, -alpha, mul(strength, 0)), 1)
      return pairLoss(chosen, rejected, { margin: strength, label, reduction })
    }
    case 'flipMargin': {
      const sign = add(where(doubtful, -2, mul(strength, 0)), 1)
      return pairLoss(mul(sign, chosen), mul(sign, rejected), { margin: abs(strength), reduction })
    }
  }
}
