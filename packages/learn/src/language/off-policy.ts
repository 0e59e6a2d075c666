import { assertInRange, assertOneOf } from '@guerdon/core'

/** How far the policy that sampled may be trusted. */
export interface OffPolicyCorrection {
  /** One weight a token, or one a row from the product of its tokens' ratios. Default `token`. */
  readonly level?: 'token' | 'sequence'
  /** Weights are cut off at this. Default 2. */
  readonly cap?: number
}

/** What the weights are computed from, rows of [width] each. */
export interface OffPolicyRows {
  readonly width: number
  /** Log-probabilities under the policy as the trainer computes it before the update. */
  readonly logProbs: Float32Array
  /** Log-probabilities under the distribution the tokens were drawn from. */
  readonly samplingLogProbs: Float32Array
  readonly mask: Float32Array
}

const logBound = 20

/**
 * Truncated importance weights between trainer and sampler, which differ by rounding, temperature or age:
 *
 *   token     wₜ = min(exp(log πₜ − log μₜ), C)
 *   sequence  w = min(exp(Σ mₜ·(log πₜ − log μₜ)), C) for all tokens of the row
 *
 * 0 where the mask is 0; log-ratios are held to ±20 first. Multiplying an advantage by its weight multiplies its term of
 * any ratio loss. Source: Yao et al. 2025, "Your efficient RL framework secretly brings you off-policy RL training".
 */
export function truncatedImportanceWeights(rows: OffPolicyRows, options: OffPolicyCorrection = {}): Float32Array {
  const { level = 'token', cap = 2 } = options
  assertOneOf(level, 'level', ['token', 'sequence'])
  assertInRange(cap, 'cap', Number.MIN_VALUE, Number.MAX_VALUE)
  const { width, logProbs, samplingLogProbs, mask } = rows
  const weight = (logRatio: number): number =>
    Math.min(Math.exp(Math.min(Math.max(logRatio, -logBound), logBound)), cap)
  const weights = new Float32Array(mask.length)
  for (let start = 0; start < mask.length; start += width) {
    let total = 0
    for (let t = start; t < start + width; t++) if (mask[t] > 0) total += logProbs[t] - samplingLogProbs[t]
    for (let t = start; t < start + width; t++) {
      if (mask[t] > 0) weights[t] = weight(level === 'sequence' ? total : logProbs[t] - samplingLogProbs[t])
    }
  }
  return weights
}
