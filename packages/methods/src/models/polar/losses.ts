import { add, clip, concat, div, log, mul, neg, relu, sigmoid, square, sub, sum, type Tensor } from '@guerdon/tensor'
import { pairLoss } from '../../shared/pair-loss.ts'

/**
 * Pre-training loss (Eq. 7): −mean log σ(r(p, τ_A1, τ_A2) − r(p, τ_A1, τ_B)). Both scores share prompt and reference; the
 * candidate of the same policy must win.
 *
 * @param samePolicy [N] scores of candidates from the reference's policy
 * @param otherPolicy [N] scores of candidates from another policy, for the same prompts
 */
export function policyDiscriminationLoss(samePolicy: Tensor, otherPolicy: Tensor): Tensor {
  return pairLoss(samePolicy, otherPolicy)
}

/** Choices of the loss. */
export interface PolarLossOptions {
  /** `ranking` −log σ(d); `focal` weighs it by (1 − 2·relu(σ(d) − ½))². Default `ranking`. */
  readonly loss?: 'ranking' | 'focal'
  /** What keeps scores small. POLAR uses none. Default `none`. */
  readonly penalty?: 'none' | 'squared' | 'logBarrier'
  /** Default 0.01. */
  readonly penaltyWeight?: number
  /** Bounds of the barrier. Default −5 and 5. */
  readonly lowerBound?: number
  readonly upperBound?: number
  /** Scores are held so far inside the bounds, without gradient outside. Default 1e-3. */
  readonly clampEpsilon?: number
}

/** The parts of the loss and their weighted sum. */
export interface PolarLoss {
  readonly ranking: Tensor
  readonly penalty: Tensor
  /** ranking + weight·penalty. */
  readonly total: Tensor
}

/**
 * Fine-tuning loss (Eq. 8) with the options of its trainer (`xtuner/model/reward.py`), over N pairs with d = r_c − r_r.
 * Penalties run over all 2N scores but are divided by N: squared Σ s²/N; barrier Σ[−log(upper − s) − log(s − lower)]/N.
 *
 * @param chosen [N] scores of the second best given the best as reference
 * @param rejected [N] scores of the worst given the best as reference
 */
export function polarLoss(chosen: Tensor, rejected: Tensor, options: PolarLossOptions = {}): PolarLoss {
  const { loss = 'ranking', penalty = 'none', penaltyWeight = 0.01 } = options
  const pairs = chosen.shape[0]
  const losses = pairLoss(chosen, rejected, { reduction: 'none' })
  const ranking = loss === 'ranking' ? losses : mul(focalWeight(sub(chosen, rejected)), losses)
  const mean = div(sum(ranking), pairs)
  const price = div(sum(scorePenalty(concat([chosen, rejected]), penalty, options)), pairs)
  return { ranking: mean, penalty: price, total: add(mean, mul(price, penaltyWeight)) }
}

function focalWeight(difference: Tensor): Tensor {
  return square(sub(1, mul(relu(sub(sigmoid(difference), 0.5)), 2)))
}

function scorePenalty(scores: Tensor, penalty: 'none' | 'squared' | 'logBarrier', options: PolarLossOptions): Tensor {
  if (penalty === 'none') return mul(scores, 0)
  if (penalty === 'squared') return square(scores)
  const { lowerBound = -5, upperBound = 5, clampEpsilon = 1e-3 } = options
  const held = clip(scores, { minimum: lowerBound + clampEpsilon, maximum: upperBound - clampEpsilon })
  return neg(add(log(sub(upperBound, held)), log(sub(held, lowerBound))))
}
