import { assertInRange, assertInteger } from '@guerdon/core'
import { bestPart, curationWeights, expReward, klDivergence, populationStep } from './population.ts'

/** Retraining on curated samples alone. */
export interface SyntheticLoop {
  readonly final: Float64Array
  /** [steps + 1] E[e^r] before each step and at the end. */
  readonly expReward: Float64Array
  /** [steps + 1] Var[e^r], which goes to 0. */
  readonly expRewardVariance: Float64Array
  /** p₀ restricted to its best outcomes: the limit. Everything else vanishes, modes that p₀ lacks are never created. */
  readonly limit: Float64Array
  /** KL(limit‖final). */
  readonly klFromLimit: number
}

/** `steps` rounds of p ← p·H: reward rises, diversity is lost. */
export function syntheticOnlyLoop(
  p0: ArrayLike<number>,
  rewards: ArrayLike<number>,
  options: { readonly K: number; readonly steps: number },
): SyntheticLoop {
  assertInteger(options.steps, 'steps')
  let p = Float64Array.from(p0)
  const means: number[] = []
  const variances: number[] = []
  for (let step = 0; step <= options.steps; step++) {
    const { mean, variance } = expReward(p, rewards)
    means.push(mean)
    variances.push(variance)
    if (step < options.steps) p = Float64Array.from(populationStep(p, rewards, options.K).next)
  }
  const limit = bestPart(p0, rewards)
  return {
    final: p,
    expReward: Float64Array.from(means),
    expRewardVariance: Float64Array.from(variances),
    limit,
    klFromLimit: klDivergence(limit, p),
  }
}

/** Retraining on a mixture of real and curated data. */
export interface MixedLoop {
  readonly final: Float64Array
  /** [steps + 1] */
  readonly expReward: Float64Array
  /** [steps + 1] KL(p_t‖p_ref). */
  readonly klFromReference: Float64Array
  /** −log(1 − λ(K−1)), which no KL exceeds; null when λ(K−1) ≥ 1, where there is no guarantee. */
  readonly klBound: number | null
  /** What E[e^r] reaches at least from the first step on. */
  readonly expRewardBound: number
}

/**
 * `steps` rounds of p ← (p_ref + λ·p·H)/(1 + λ), from p_ref: a fixed share of real data keeps the model near it while some
 * reward is gained.
 *
 * @param options lambda: ratio of curated to real items (not the fraction λ/(1 + λ)), ≥ 0
 */
export function loopWithRealData(
  reference: ArrayLike<number>,
  rewards: ArrayLike<number>,
  options: { readonly K: number; readonly lambda: number; readonly steps: number },
): MixedLoop {
  const { K, lambda, steps } = options
  assertInRange(lambda, 'lambda', 0, Number.MAX_VALUE)
  assertInteger(steps, 'steps')
  let p = Float64Array.from(reference)
  const means: number[] = []
  const divergences: number[] = []
  for (let step = 0; step <= steps; step++) {
    means.push(expReward(p, rewards).mean)
    divergences.push(klDivergence(p, reference))
    if (step === steps) break
    const weights = curationWeights(p, rewards, K)
    p = p.map((mass, x) => (reference[x] + lambda * (mass === 0 ? 0 : mass * weights[x])) / (1 + lambda))
  }
  const real = expReward(reference, rewards)
  const gain = (lambda / (1 + lambda) ** 3) * ((K - 1) / K) * (real.variance / Math.exp(real.best))
  const room = lambda * (K - 1)
  return {
    final: p,
    expReward: Float64Array.from(means),
    klFromReference: Float64Array.from(divergences),
    klBound: room < 1 ? -Math.log(1 - room) + 0 : null,
    expRewardBound: real.mean + gain,
  }
}
