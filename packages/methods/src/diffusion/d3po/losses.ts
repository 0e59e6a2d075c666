import { assertInRange, GuerdonError } from '@guerdon/core'
import {
  abs,
  add,
  cast,
  clip,
  div,
  exp,
  greater,
  logSigmoid,
  maximum,
  mean,
  mul,
  neg,
  notEqual,
  square,
  sub,
  sum,
  type Tensor,
} from '@guerdon/tensor'

/** Log-probabilities of one denoising step for the two members of each pair, [N] each. */
export interface PairLogProbs {
  readonly first: Tensor
  readonly second: Tensor
}

/** Choices of `d3poStepLoss`. */
export interface D3poOptions {
  /** β > 0. Default 0.1. */
  readonly beta?: number
  /** ε: ratios are held within [1 − ε, 1 + ε]; null is the paper's Eq. 14 without a clamp. Default 0.1. */
  readonly ratioClip?: number | null
  /** Leave ties out of the mean; otherwise each adds log 2 and no gradient. Default false, as published. */
  readonly dropTies?: boolean
}

/**
 * D3PO's loss at one step, −mean log σ(β·h₀·log ρ₀ + β·h₁·log ρ₁) with ρ = π/π_ref of the stored transition: the preferred
 * chain's transition becomes likelier than the reference's, the other's less likely. The gradient of a member vanishes once
 * its ratio leaves the clamp.
 *
 * @param labels [N][2] h of `preferenceLabel`
 */
export function d3poStepLoss(
  policy: PairLogProbs,
  reference: PairLogProbs,
  labels: { readonly first: Tensor; readonly second: Tensor },
  options: D3poOptions = {},
): Tensor {
  const { beta = 0.1, ratioClip = 0.1, dropTies = false } = options
  if (!(beta > 0)) throw new GuerdonError('invalid_option', `expected beta > 0; got ${beta}`, { path: ['beta'] })
  if (ratioClip !== null) assertInRange(ratioClip, 'ratioClip', 0, 1 - 1e-12)
  const logRatio = (logProbs: Tensor, referenceLogProbs: Tensor): Tensor => {
    const difference = sub(logProbs, referenceLogProbs)
    if (ratioClip === null) return difference
    // Clamping log ρ to the logs of the bounds is clamping ρ, without the overflow of exp.
    return clip(difference, { minimum: Math.log1p(-ratioClip), maximum: Math.log1p(ratioClip) })
  }
  const margin = add(
    mul(labels.first, logRatio(policy.first, reference.first)),
    mul(labels.second, logRatio(policy.second, reference.second)),
  )
  const losses = neg(logSigmoid(mul(margin, beta)))
  if (!dropTies) return mean(losses)
  const decided = cast(notEqual(labels.first, 0), losses.dtype)
  return div(sum(mul(losses, decided)), maximum(sum(decided), 1))
}

/** Choices of `ddpoStepLoss`. */
export interface DdpoOptions {
  /** Ratios are clipped to 1 ± this; tiny because log-probabilities are means over dimensions. Default 1e-4. */
  readonly clipRange?: number
  /** Advantages are held within ± this; null leaves them as they are. Default 5. */
  readonly advantageClip?: number | null
}

/** Scalars of one DDPO minibatch, as graphs. */
export interface DdpoLoss {
  readonly loss: Tensor
  /** ½·mean (ℓ_new − ℓ_old)² */
  readonly approxKl: Tensor
  /** Share of samples whose ratio left the clip. */
  readonly clipFraction: Tensor
}

/**
 * DDPO (Black et al. 2023, arXiv 2305.13301): mean max(−A·ρ, −A·clamp(ρ, 1 ± ε)) over the transitions of one step,
 * ρ = exp(ℓ_new − ℓ_old), A the trajectory's advantage on every step.
 *
 * @param logProbs [N]
 */
export function ddpoStepLoss(
  logProbs: Tensor,
  oldLogProbs: Tensor,
  advantages: Tensor,
  options: DdpoOptions = {},
): DdpoLoss {
  const { clipRange = 1e-4, advantageClip = 5 } = options
  assertInRange(clipRange, 'clipRange', 0, 1)
  const difference = sub(logProbs, oldLogProbs)
  const ratio = exp(difference)
  const advantage =
    advantageClip === null ? advantages : clip(advantages, { minimum: -advantageClip, maximum: advantageClip })
  const clipped = clip(ratio, { minimum: 1 - clipRange, maximum: 1 + clipRange })
  return {
    loss: mean(maximum(neg(mul(advantage, ratio)), neg(mul(advantage, clipped)))),
    approxKl: mul(mean(square(difference)), 0.5),
    clipFraction: mean(cast(greater(abs(sub(ratio, 1)), clipRange), ratio.dtype)),
  }
}
