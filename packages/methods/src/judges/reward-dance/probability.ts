import {
  assertFinite,
  assertInRange,
  assertNotEmpty,
  assertOneOf,
  assertSameLength,
  GuerdonError,
  logSumExp,
  sigmoid,
} from '@guerdon/core'
import {
  add,
  constant,
  gather,
  greater,
  logSumExp as logSumExpOf,
  mean,
  mul,
  neg,
  sigmoid as sigmoidOf,
  softplus,
  sub,
  type Tensor,
  where,
} from '@guerdon/tensor'
import { pairLoss } from '../../shared/pair-loss.ts'

/**
 * Vocabulary entries that mean yes and no. Several surface forms are summed; never mix forms between training and
 * scoring.
 */
export interface YesNoTokens {
  readonly yes: readonly number[]
  readonly no: readonly number[]
}

/** Probability of "yes" at the answer position. */
export interface YesProbability {
  /** Softmax over the whole vocabulary. */
  readonly fullVocabulary: number
  /** Among yes and no only, σ(z_yes − z_no): the default reward, robust against mass on other words. */
  readonly restricted: number
  /** Logarithm of `fullVocabulary`; finite where that underflows. */
  readonly logFull: number
}

/**
 * P("yes") from next-token logits. Source: RewardDance, arXiv 2509.08826 §3 (the restricted form is a recommendation).
 *
 * @param logits [V]
 * @throws not_finite for NaN or ±Infinity: exclude and count the sample
 */
export function yesProbability(logits: ArrayLike<number>, tokens: YesNoTokens): YesProbability {
  assertFinite(logits, 'logits')
  checkTokens(tokens, logits.length)
  const mass = (ids: readonly number[]): number => logSumExp(ids.map(id => logits[id]))
  const logFull = mass(tokens.yes) - logSumExp(logits)
  return { fullVocabulary: Math.exp(logFull), restricted: sigmoid(mass(tokens.yes) - mass(tokens.no)), logFull }
}

function checkTokens({ yes, no }: YesNoTokens, size: number): void {
  for (const [name, ids] of [
    ['yes', yes],
    ['no', no],
  ] as const) {
    const valid = ids.length > 0 && ids.every(id => Number.isInteger(id) && id >= 0 && id < size)
    if (!valid) {
      throw new GuerdonError(
        'invalid_option',
        `expected ${name} ids in [0, ${size}), at least one; got [${ids.join(', ')}]`,
        {
          path: [name],
        },
      )
    }
  }
}

/** z_yes − z_no of each row, forms summed. @param logits [N][V] @returns [N] */
export function yesMinusNo(logits: Tensor, tokens: YesNoTokens): Tensor {
  return sub(massOf(logits, tokens.yes), massOf(logits, tokens.no))
}

function massOf(logits: Tensor, ids: readonly number[]): Tensor {
  checkTokens({ yes: ids, no: ids }, logits.shape[1])
  const columns = gather(logits, constant(Int32Array.from(ids), { dtype: 'int32' }), { axis: 1 })
  return logSumExpOf(columns, { axis: 1 })
}

/**
 * Loss of the comparative judge: next-token cross-entropy −log P(label) over the whole vocabulary, label "yes" where
 * the candidate beats the reference. Present every pair in both orders with the label flipped.
 *
 * @param logits [N][V] at the answer position
 * @param candidateBetter [N] 1 or 0
 */
export function pairwiseGenerativeLoss(logits: Tensor, candidateBetter: Tensor, tokens: YesNoTokens): Tensor {
  const normaliser = logSumExpOf(logits, { axis: 1 })
  const label = where(greater(candidateBetter, 0.5), massOf(logits, tokens.yes), massOf(logits, tokens.no))
  return mean(sub(normaliser, label))
}

/**
 * Share of pairs whose restricted probability lies on the label's side of ½. Exactly ½ is "no". @param margins [N]
 * z_yes − z_no
 */
export function restrictedAccuracy(margins: ArrayLike<number>, candidateBetter: ArrayLike<boolean | number>): number {
  assertSameLength(margins, 'margins', candidateBetter, 'candidateBetter')
  assertNotEmpty(margins, 'margins')
  let right = 0
  for (let i = 0; i < margins.length; i++) if (margins[i] > 0 === Boolean(candidateBetter[i])) right++
  return right / margins.length
}

/** Both presentation orders of each pair, the second with the label flipped. */
export function bothOrders<Output>(
  pairs: readonly { readonly first: Output; readonly second: Output; readonly secondBetter: boolean }[],
): { readonly reference: Output; readonly candidate: Output; readonly candidateBetter: boolean }[] {
  return pairs.flatMap(({ first, second, secondBetter }) => [
    { reference: first, candidate: second, candidateBetter: secondBetter },
    { reference: second, candidate: first, candidateBetter: !secondBetter },
  ])
}

/** Options of `pointwiseGenerativeLoss`. */
export interface PointwiseLossOptions {
  /** λ, weight of the cross-entropy. Default 0.1. */
  readonly ceWeight?: number
  /**
   * What Bradley–Terry compares: probabilities p = σ(z), whose differences never exceed 1 so that the loss never falls
   * below log(1 + e⁻¹), or the logits z. Default `probability`.
   */
  readonly scoreSpace?: 'probability' | 'logit'
}

/**
 * Loss of the pointwise judge (no reference): Bradley–Terry on the preferred and rejected scores plus λ times the
 * cross-entropy of "yes" for the preferred and "no" for the rejected outputs. Source: RewardDance (λ and the score
 * space are recommendations).
 *
 * @param preferred [N] z_yes − z_no
 * @param rejected [N]
 */
export function pointwiseGenerativeLoss(
  preferred: Tensor,
  rejected: Tensor,
  options: PointwiseLossOptions = {},
): { readonly bradleyTerry: Tensor; readonly crossEntropy: Tensor; readonly total: Tensor } {
  const { ceWeight = 0.1, scoreSpace = 'probability' } = options
  assertInRange(ceWeight, 'ceWeight', 0, Number.MAX_VALUE)
  assertOneOf(scoreSpace, 'scoreSpace', ['probability', 'logit'])
  const scores = scoreSpace === 'logit' ? [preferred, rejected] : [sigmoidOf(preferred), sigmoidOf(rejected)]
  const bradleyTerry = pairLoss(scores[0], scores[1])
  const crossEntropy = mul(add(mean(softplus(neg(preferred))), mean(softplus(rejected))), 0.5)
  return { bradleyTerry, crossEntropy, total: add(bradleyTerry, mul(crossEntropy, ceWeight)) }
}
