import { assertFiniteNumber, assertInRange, assertInteger, assertSameLength, GuerdonError } from '@guerdon/core'
import { abs, add, clip, exp, expm1, mul, neg, square, stopGradient, sub, type Tensor } from '@guerdon/tensor'

/** Names of the estimators of KL(policy ‖ reference) from one sample a token. */
export const klEstimators = ['k1', 'abs', 'k2', 'k3', 'k3StraightThrough'] as const
/** Name of a KL estimator. */
export type KlEstimator = (typeof klEstimators)[number]

const exponentBound = 20
const valueBound = 10

/**
 * The estimate for one token, d = log π − log π_ref:
 *
 *   k1 = d (unbiased),  abs = |d|,  k2 = d²/2,  k3 = e^{−d} − 1 + d (unbiased, ≥ 0),
 *   k3StraightThrough = the value of k3 (its gradient is that of k2)
 *
 * k3 clamps −d to ±20 and the result to ±10. Source: Schulman's note "Approximating KL divergence" (2020).
 */
export function klEstimate(logProb: number, refLogProb: number, estimator: KlEstimator = 'k3'): number {
  const d = logProb - refLogProb
  if (estimator === 'k1') return d
  if (estimator === 'abs') return Math.abs(d)
  if (estimator === 'k2') return 0.5 * d * d
  const negative = Math.min(Math.max(-d, -exponentBound), exponentBound)
  return Math.min(Math.max(Math.exp(negative) - negative - 1, -valueBound), valueBound)
}

/**
 * `klEstimate` as a graph, element by element; gradients with respect to `logProbs`: k1 1, abs sign d, k2 d, k3 1 − e^{−d} (0
 * where a clamp acts), k3StraightThrough d.
 */
export function klPenalty(logProbs: Tensor, refLogProbs: Tensor, estimator: KlEstimator = 'k3'): Tensor {
  const d = sub(logProbs, refLogProbs)
  if (estimator === 'k1') return d
  if (estimator === 'abs') return abs(d)
  const k2 = mul(square(d), 0.5)
  if (estimator === 'k2') return k2
  const negative = clip(neg(d), { minimum: -exponentBound, maximum: exponentBound })
  const k3 = clip(sub(sub(exp(negative), negative), 1), { minimum: -valueBound, maximum: valueBound })
  return estimator === 'k3' ? k3 : add(k2, stopGradient(sub(k3, k2)))
}

/**
 * k3 without the clamps of `klPenalty`, as a graph: e^d − d − 1 with d = log π_ref − log π, exact near 0 and with its gradient
 * 1 − e^d everywhere.
 */
export function unboundedK3(logProbs: Tensor, refLogProbs: Tensor): Tensor {
  const d = sub(refLogProbs, logProbs)
  return sub(expm1(d), d)
}

/** Choices of `klInReward`. */
export interface KlInRewardOptions {
  /** Weight β ≥ 0 of the penalty. Default 0.001. */
  readonly beta?: number
  /** Default `k1`. */
  readonly estimator?: KlEstimator
  /** [T] policy tokens; masked tokens are not charged. All when absent. */
  readonly mask?: ArrayLike<number>
}

/**
 * Token rewards less the KL penalty: rₜ ← rₜ − β·kl(log πₜ, log π_ref,ₜ).
 *
 * @param rewards [T]
 * @param logProbs [T] log-probabilities of the behaviour policy
 * @param refLogProbs [T]
 * @returns [T]
 */
export function klInReward(
  rewards: ArrayLike<number>,
  logProbs: ArrayLike<number>,
  refLogProbs: ArrayLike<number>,
  options: KlInRewardOptions = {},
): Float64Array {
  const { beta = 0.001, estimator = 'k1', mask } = options
  assertInRange(beta, 'beta', 0, Number.MAX_VALUE)
  assertSameLength(rewards, 'rewards', logProbs, 'logProbs')
  assertSameLength(rewards, 'rewards', refLogProbs, 'refLogProbs')
  const result = Float64Array.from(rewards)
  for (let t = 0; t < result.length; t++) {
    if (mask && !mask[t]) continue
    result[t] -= beta * klEstimate(logProbs[t], refLogProbs[t], estimator)
    if (!Number.isFinite(result[t])) {
      throw new GuerdonError('not_finite', `expected finite rewards and log-probabilities at token ${t}`, {
        path: ['logProbs', t],
        got: `reward ${rewards[t]}, log-probabilities ${logProbs[t]} and ${refLogProbs[t]}`,
      })
    }
  }
  return result
}

/** The adaptive KL coefficient as plain JSON. */
export interface KlController {
  readonly coefficient: number
  readonly targetKl: number
  readonly horizon: number
}

/** A controller that has seen nothing. `targetKl` > 0 in nats, `horizon` > 0 in samples (default 10 000). */
export function klController(options: { initial: number; targetKl: number; horizon?: number }): KlController {
  const { initial, targetKl, horizon = 10_000 } = options
  assertInRange(initial, 'initial', 0, Number.MAX_VALUE)
  assertInRange(targetKl, 'targetKl', Number.MIN_VALUE, Number.MAX_VALUE)
  assertInRange(horizon, 'horizon', Number.MIN_VALUE, Number.MAX_VALUE)
  return { coefficient: initial, targetKl, horizon }
}

/**
 * The controller after `samples` further samples with mean KL `currentKl`:
 * β ← β·(1 + clip(KL/target − 1, −0.2, 0.2)·samples/horizon) (Ziegler et al. 2019, section 2.2).
 */
export function updateKlController(controller: KlController, currentKl: number, samples: number): KlController {
  assertFiniteNumber(currentKl, 'currentKl')
  assertInteger(samples, 'samples')
  const error = Math.min(Math.max(currentKl / controller.targetKl - 1, -0.2), 0.2)
  return { ...controller, coefficient: controller.coefficient * (1 + (error * samples) / controller.horizon) }
}
