import { assertInRange, assertSameLength, GuerdonError, sigmoid, softplus as softplusOf } from '@guerdon/core'
import {
  add,
  equal,
  logSigmoid,
  logSumExp,
  mean,
  mul,
  neg,
  type Operand,
  softplus,
  square,
  stack,
  sub,
  sum,
  type Tensor,
  where,
} from '@guerdon/tensor'

/** How the losses of the pairs become one number. */
export type PairReduction = 'mean' | 'sum' | 'none'

/** Choices of the pair loss. */
export interface PairLossOptions {
  /** m, a number or [N]: the difference must exceed it. Default 0. */
  readonly margin?: Operand
  /** q, a number or [N]: probability that the first is preferred. Default 1. */
  readonly label?: Operand
  /** Default `mean`. */
  readonly reduction?: PairReduction
}

/**
 * Bradley–Terry loss with z = r₁ − r₂ − m: −q·log σ(z) − (1 − q)·log σ(−z), as a differentiable graph.
 *
 * Computed through softplus, so a pair with a huge gap in the wrong order keeps its gradient of −1/N. The kernel of every
 * reward model in this package; hard labels are q = 1, label smoothing is q = 1 − α.
 *
 * @param first [N] scores of the preferred responses
 * @param second [N] scores of the others
 * @returns a scalar, or [N] for `reduction: 'none'`
 */
export function pairLoss(first: Tensor, second: Tensor, options: PairLossOptions = {}): Tensor {
  const { margin, label, reduction = 'mean' } = options
  const difference = sub(first, second)
  const z = margin === undefined ? difference : sub(difference, margin)
  const wrong = softplus(neg(z))
  const losses = label === undefined ? wrong : add(mul(label, wrong), mul(sub(1, label), softplus(z)))
  return reduce(losses, reduction)
}

/**
 * mean (r₁ + r₂)²: ties down the constant that pair losses leave free and leaves equal-and-opposite scores alone, unlike
 * r₁² + r₂², which also shrinks the gap.
 */
export function centringPenalty(first: Tensor, second: Tensor): Tensor {
  return mean(square(add(first, second)))
}

/** Sum, mean, or the losses as they are. */
export function reduce(losses: Tensor, reduction: PairReduction): Tensor {
  if (reduction === 'none') return losses
  return reduction === 'sum' ? sum(losses) : mean(losses)
}

/** How ties are modelled. */
export type TieModel =
  | { readonly kind: 'raoKupper'; readonly theta: number }
  | { readonly kind: 'davidson'; readonly nu: number }

/**
 * −log P(outcome) for pairs that may be ties, with d = s_a − s_b and π = eˢ.
 *
 * Rao–Kupper, θ ≥ 1: P(a) = π_a/(π_a + θπ_b), P(tie) = (θ² − 1)·P(a)·P(b). Davidson, ν ≥ 0: (π_a, ν√(π_aπ_b), π_b)
 * normalised. θ = 1 and ν = 0 are Bradley–Terry without ties.
 *
 * @param difference [N] d
 * @param outcome [N] 1 for a, 0 for a tie, −1 for b
 * @throws invalid_option for θ < 1 (a negative tie probability) or ν < 0
 */
export function tieLoss(
  difference: Tensor,
  outcome: Tensor,
  model: TieModel,
  options: { readonly reduction?: PairReduction } = {},
): Tensor {
  checkTieModel(model)
  let first: Tensor
  let tie: Tensor
  let second: Tensor
  if (model.kind === 'raoKupper') {
    const logTheta = Math.log(model.theta)
    first = logSigmoid(sub(difference, logTheta))
    second = logSigmoid(sub(neg(difference), logTheta))
    tie = add(add(first, second), Math.log(model.theta ** 2 - 1))
  } else {
    const half = mul(difference, 0.5)
    const logNu = Math.log(model.nu)
    const terms = model.nu > 0 ? [half, add(mul(half, 0), logNu), neg(half)] : [half, neg(half)]
    const normaliser = logSumExp(stack(terms), { axis: 0 })
    first = sub(half, normaliser)
    second = sub(neg(half), normaliser)
    tie = sub(logNu, normaliser)
  }
  const chosen = where(equal(outcome, 1), first, where(equal(outcome, 0), tie, second))
  return reduce(neg(chosen), options.reduction ?? 'mean')
}

/** P(a), P(tie), P(b) at difference d = s_a − s_b. Throws `invalid_option` like `tieLoss`. */
export function tieProbabilities(difference: number, model: TieModel): [first: number, tie: number, second: number] {
  checkTieModel(model)
  if (model.kind === 'raoKupper') {
    const logTheta = Math.log(model.theta)
    const first = sigmoid(difference - logTheta)
    const second = sigmoid(-difference - logTheta)
    return [first, (model.theta ** 2 - 1) * first * second, second]
  }
  const largest = Math.abs(difference) / 2
  const first = Math.exp(difference / 2 - largest)
  const tie = model.nu * Math.exp(-largest)
  const second = Math.exp(-difference / 2 - largest)
  const total = first + tie + second
  return [first / total, tie / total, second / total]
}

/** Numbers for `pairLossValues`; scalars apply to every pair. */
export interface PairNumbersOptions {
  readonly margin?: number | ArrayLike<number>
  readonly label?: number | ArrayLike<number>
}

/**
 * `pairLoss` on plain numbers, one loss a pair: for reports and selection, where no gradient is wanted.
 *
 * @returns [N]
 * @throws shape_mismatch when the columns differ in length
 */
export function pairLossValues(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  options: PairNumbersOptions = {},
): Float64Array {
  assertSameLength(first, 'first', second, 'second')
  const { margin = 0, label = 1 } = options
  return Float64Array.from(first, (score, i) => {
    const z = score - second[i] - (typeof margin === 'number' ? margin : margin[i])
    const q = typeof label === 'number' ? label : label[i]
    if (q === 1) return softplusOf(-z)
    return q * softplusOf(-z) + (1 - q) * softplusOf(z)
  })
}

/** How well scores order their pairs. */
export interface PairAccuracy {
  /** Share of pairs with first > second. */
  readonly strict: number
  /** The same with half credit for ties. */
  readonly tiesHalf: number
  /** Mean of first − second. */
  readonly meanDifference: number
}

/**
 * Accuracy and mean difference of scored pairs. A pair with a NaN counts as wrong and makes the mean difference NaN.
 * Throws `empty` for no pairs.
 */
export function pairAccuracy(first: ArrayLike<number>, second: ArrayLike<number>): PairAccuracy {
  assertSameLength(first, 'first', second, 'second')
  const count = first.length
  if (count === 0) throw new GuerdonError('empty', 'expected at least one pair; got none', { path: ['first'] })
  let wins = 0
  let ties = 0
  let total = 0
  for (let i = 0; i < count; i++) {
    if (first[i] > second[i]) wins++
    else if (first[i] === second[i]) ties++
    total += first[i] - second[i]
  }
  return { strict: wins / count, tiesHalf: (wins + ties / 2) / count, meanDifference: total / count }
}

function checkTieModel(model: TieModel): void {
  if (model.kind === 'raoKupper') assertInRange(model.theta, 'theta', 1, Number.MAX_VALUE)
  else assertInRange(model.nu, 'nu', 0, Number.MAX_VALUE)
}
