import { assertInRange, GuerdonError } from '@guerdon/core'
import {
  add,
  cast,
  div,
  expandDims,
  logicalNot,
  logSoftmax,
  logSumExp,
  lowerTriangle,
  mean,
  mul,
  neg,
  notEqual,
  type Operand,
  slice,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  takeAlongAxis,
  where,
} from '@guerdon/tensor'
import { centringPenalty, pairLoss } from '../../shared/pair-loss.ts'

/** Choices of the Bradley–Terry loss. */
export interface BradleyTerryOptions {
  /** m: the difference must exceed it. Check its unit: an unreachable margin saturates the gradient at −1/N. */
  readonly margin?: Operand
  /** c: weight of mean (r_c + r_r)². Default 0; 0.01 is recommended. */
  readonly centring?: number
}

/**
 * Bradley–Terry loss of TRL's reward trainer: mean −log σ(r_c − r_r − m) + c·mean (r_c + r_r)².
 *
 * @param chosen [N]
 * @param rejected [N]
 * @returns a scalar
 */
export function bradleyTerryLoss(chosen: Tensor, rejected: Tensor, options: BradleyTerryOptions = {}): Tensor {
  const { margin, centring = 0 } = options
  const loss = pairLoss(chosen, rejected, margin === undefined ? {} : { margin })
  return centring === 0 ? loss : add(loss, mul(centringPenalty(chosen, rejected), centring))
}

/**
 * Plackett–Luce loss of rankings: −Σ_{i<n} [s₍ᵢ₎ − log Σ_{j≥i} exp s₍ⱼ₎], the mean over rankings when there are several.
 * With two items it is Bradley–Terry; with one it is 0.
 *
 * @param scores [n] or [B][n]
 * @param ranking positions of the items, best first, shaped as `scores`
 * @returns a scalar
 */
export function plackettLuceLoss(scores: Tensor, ranking: Tensor): Tensor {
  const ordered = takeAlongAxis(scores, cast(ranking, 'int32'))
  const count = scores.shape[scores.shape.length - 1]
  // row i sees columns j ≥ i
  const earlier = lowerTriangle(count, count, { diagonal: -1 })
  const remaining = where(earlier, -1e30, expandDims(ordered, { axis: -2 }))
  return mean(sum(sub(logSumExp(remaining, { axis: -1 }), ordered), { axis: -1 }))
}

/** Mean squared error of scores to targets, both [N]. */
export function regressionLoss(scores: Tensor, targets: Tensor): Tensor {
  return mean(square(sub(scores, targets)))
}

/** Log-probabilities of whole responses, [N] each, summed over response tokens. */
export interface PreferenceLogprobs {
  readonly policyChosen: Tensor
  readonly policyRejected: Tensor
  readonly referenceChosen: Tensor
  readonly referenceRejected: Tensor
}

/** Choices of the loss on implicit rewards. */
export interface ImplicitRewardOptions {
  /** β. Default 0.1. */
  readonly beta?: number
  /** ε: chance that a label is wrong. Default 0. */
  readonly labelSmoothing?: number
  /**
   * With z = r_c − r_r: `sigmoid` −log σ(z); `conservative` −(1 − ε)·log σ(z) − ε·log σ(−z); `robust`
   * [−(1 − ε)·log σ(z) + ε·log σ(−z)]/(1 − 2ε), unbiased under flipped labels. Default `sigmoid`.
   */
  readonly variant?: 'sigmoid' | 'conservative' | 'robust'
}

/** β·(log π − log π_ref): the reward a policy trained on preferences implies. Shapes as given. */
export function implicitReward(policy: Tensor, reference: Tensor, options: { readonly beta?: number } = {}): Tensor {
  return mul(sub(policy, reference), options.beta ?? 0.1)
}

/**
 * Loss of direct preference optimisation (Rafailov et al. 2023, arXiv 2305.18290), mean over pairs.
 *
 * @throws invalid_option for ε outside [0, 0.5] or ε = 0.5 under `robust`
 */
export function directPreferenceLoss(logprobs: PreferenceLogprobs, options: ImplicitRewardOptions = {}): Tensor {
  const { beta = 0.1, labelSmoothing: epsilon = 0, variant = 'sigmoid' } = options
  assertInRange(epsilon, 'labelSmoothing', 0, 0.5)
  const chosen = implicitReward(logprobs.policyChosen, logprobs.referenceChosen, { beta })
  const rejected = implicitReward(logprobs.policyRejected, logprobs.referenceRejected, { beta })
  if (variant === 'sigmoid') return pairLoss(chosen, rejected)
  if (variant === 'conservative') return pairLoss(chosen, rejected, { label: 1 - epsilon })
  if (epsilon === 0.5) {
    throw new GuerdonError('invalid_option', 'expected labelSmoothing below 0.5 for the robust loss; got 0.5', {
      path: ['labelSmoothing'],
    })
  }
  const right = pairLoss(chosen, rejected)
  const wrong = pairLoss(rejected, chosen)
  return div(sub(mul(right, 1 - epsilon), mul(wrong, epsilon)), 1 - 2 * epsilon)
}

/** Log-probability of responses without a reference model, [B] each. */
export interface SequenceScores {
  /** Σ ℓ_t. */
  readonly sum: Tensor
  /** Σ ℓ_t / n. */
  readonly average: Tensor
  /** −‖ℓ‖₂. */
  readonly norm: Tensor
}

/**
 * Reference-free scores from logits, with labels shifted by one: logits at t are read at label t + 1. A row without a label
 * has no average (0/0).
 *
 * @param logits [B][T][V]
 * @param labels [B][T] token ids; `ignore` where a token does not count
 */
export function sequenceScores(
  logits: Tensor,
  labels: Tensor,
  options: { readonly ignore?: number } = {},
): SequenceScores {
  const { ignore = -100 } = options
  const [batch, length, vocabulary] = logits.shape
  const next = slice(cast(labels, 'int32'), { starts: [0, 1], ends: [batch, length] })
  const before = slice(logits, { starts: [0, 0, 0], ends: [batch, length - 1, vocabulary] })
  const counts = notEqual(next, ignore)
  const indices = where(counts, next, 0)
  const picked = takeAlongAxis(logSoftmax(before), expandDims(indices, { axis: -1 }))
  const tokens = where(expandDims(logicalNot(counts), { axis: -1 }), 0, picked)
  const total = sum(tokens, { axis: [1, 2] })
  return {
    sum: total,
    average: div(total, sum(cast(counts, logits.dtype), { axis: 1 })),
    norm: neg(sqrt(sum(square(tokens), { axis: [1, 2] }))),
  }
}
