import { assertInRange, assertOneOf, assertProbability } from '@guerdon/core'
import { pairLoss } from '@guerdon/methods/shared/pair-loss'
import { cast, div, greater, maximum, mean, mul, square, sub, type Tensor } from '@guerdon/tensor'

/** Names of the losses of a policy on preference pairs. */
export const preferenceLosses = ['dpo', 'ipo', 'hinge', 'simpo'] as const
/** Name of a loss on preference pairs. */
export type PreferenceLossName = (typeof preferenceLosses)[number]

/** Choices of `preferenceLoss`. */
export interface PreferenceLossOptions {
  /** Default `dpo`. */
  readonly loss?: PreferenceLossName
  /** Scale of the implicit reward. Default 0.1; `simpo` 2. */
  readonly beta?: number
  /** Probability that a label is wrong, for `dpo` and `simpo` (conservative DPO). Default 0. */
  readonly labelSmoothing?: number
  /** The implicit reward must exceed by this, for `dpo` (ODPO's offset) and `simpo` (its γ). Default 0; `simpo` 1. */
  readonly margin?: number
}

/** Log-probabilities of the two responses of each pair, [N] each: sums over their tokens, and the numbers of tokens. */
export interface PreferenceTerms {
  readonly chosen: Tensor
  readonly rejected: Tensor
  readonly referenceChosen: Tensor
  readonly referenceRejected: Tensor
  readonly chosenLengths: Tensor
  readonly rejectedLengths: Tensor
}

/**
 * Losses of a policy on preference pairs, means over pairs, with r(y) = log π(y|x) − log π_ref(y|x):
 *
 *   dpo    −(1 − ε)·log σ(z) − ε·log σ(−z),  z = β·(r(y⁺) − r(y⁻)) − m   Rafailov et al. 2023, eq. 7
 *   ipo    (r(y⁺) − r(y⁻) − 1/(2β))²                                    Azar et al. 2023, eq. 17
 *   hinge  max(0, 1 − β·(r(y⁺) − r(y⁻)))                                Liu et al. 2024 (RSO), hinge-norm
 *   simpo  dpo with r(y) = log π(y|x)/|y|, no reference                  Meng et al. 2024, eq. 6
 *
 * `ipo` sums over tokens as the paper does; TRL takes means over tokens there. Reported: `margin`, the mean of
 * β·(r(y⁺) − r(y⁻)), and `accuracy`, the share of pairs where it is positive.
 */
export function preferenceLoss(
  terms: PreferenceTerms,
  options: PreferenceLossOptions = {},
): { readonly loss: Tensor; readonly margin: Tensor; readonly accuracy: Tensor } {
  const { loss = 'dpo', labelSmoothing = 0 } = options
  assertOneOf(loss, 'loss', preferenceLosses)
  assertProbability(labelSmoothing, 'labelSmoothing')
  const { beta = loss === 'simpo' ? 2 : 0.1, margin = loss === 'simpo' ? 1 : 0 } = options
  assertInRange(beta, 'beta', Number.MIN_VALUE, Number.MAX_VALUE)
  const [first, second] = implicitRewards(terms, loss)
  const difference = mul(sub(first, second), beta)
  const losses = {
    dpo: () => pairLoss(mul(first, beta), mul(second, beta), { margin, label: 1 - labelSmoothing }),
    simpo: () => pairLoss(mul(first, beta), mul(second, beta), { margin, label: 1 - labelSmoothing }),
    ipo: () => mean(square(sub(sub(first, second), 1 / (2 * beta)))),
    hinge: () => mean(maximum(sub(1, difference), 0)),
  }
  return {
    loss: losses[loss](),
    margin: mean(difference),
    accuracy: mean(cast(greater(difference, 0), difference.dtype)),
  }
}

/** The rewards that the loss implies for both responses, before β: [N] each. */
function implicitRewards(terms: PreferenceTerms, loss: PreferenceLossName): readonly [Tensor, Tensor] {
  const { chosen, rejected, referenceChosen, referenceRejected, chosenLengths, rejectedLengths } = terms
  if (loss === 'simpo') return [div(chosen, chosenLengths), div(rejected, rejectedLengths)]
  return [sub(chosen, referenceChosen), sub(rejected, referenceRejected)]
}
