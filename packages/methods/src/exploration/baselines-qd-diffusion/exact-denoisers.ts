import { assertSameLength, logSumExp } from '@guerdon/core'
import { solveLinearSystem } from '../../shared/linear-algebra.ts'

/**
 * E[x₀ | x_t] of an isotropic Gaussian mixture Σπ_k·N(μ_k, v_k·I), exactly: posterior over k ∝ π_k·N(x; √ᾱμ_k, ᾱv_k + 1 − ᾱ),
 * E[x₀ | x, k] = μ_k + √ᾱ·v_k/(ᾱv_k + 1 − ᾱ)·(x − √ᾱμ_k). A denoiser to hold samplers against without training.
 *
 * @param x [D]; weights [K], means [K][D], variances [K]
 */
export function mixtureDenoiser(
  x: ArrayLike<number>,
  alphaBar: number,
  mixture: {
    readonly weights: ArrayLike<number>
    readonly means: readonly ArrayLike<number>[]
    readonly variances: ArrayLike<number>
  },
): Float64Array {
  const { weights, means, variances } = mixture
  assertSameLength(weights, 'weights', means, 'means')
  assertSameLength(weights, 'weights', variances, 'variances')
  const signal = Math.sqrt(alphaBar)
  const spread = Float64Array.from(variances, variance => alphaBar * variance + 1 - alphaBar)
  const logPosterior = Float64Array.from(weights, (weight, k) => {
    let squared = 0
    for (let d = 0; d < x.length; d++) squared += (x[d] - signal * means[k][d]) ** 2
    return Math.log(weight) - (x.length / 2) * Math.log(spread[k]) - squared / (2 * spread[k])
  })
  const total = logSumExp(logPosterior)
  return Float64Array.from({ length: x.length }, (_, d) => {
    let value = 0
    for (let k = 0; k < means.length; k++) {
      const gain = (signal * variances[k]) / spread[k]
      value += Math.exp(logPosterior[k] - total) * (means[k][d] + gain * (x[d] - signal * means[k][d]))
    }
    return value
  })
}

/**
 * E[x₀ | x_t] of a Gaussian N(m, K): m + √ᾱ·K·(ᾱK + (1 − ᾱ)I)⁻¹·(x − √ᾱ·m).
 *
 * @param x [D]; mean [D]; covariance [D·D] row by row
 */
export function gaussianDenoiser(
  x: ArrayLike<number>,
  alphaBar: number,
  prior: { readonly mean: ArrayLike<number>; readonly covariance: Float64Array },
): Float64Array {
  const { mean, covariance } = prior
  assertSameLength(x, 'x', mean, 'mean')
  const size = x.length
  const signal = Math.sqrt(alphaBar)
  const system = covariance.map((value, k) => alphaBar * value + (k % (size + 1) === 0 ? 1 - alphaBar : 0))
  const difference = Float64Array.from(x, (value, d) => value - signal * mean[d])
  const solved = solveLinearSystem(system, difference)
  return Float64Array.from(mean, (value, i) => {
    let total = value
    for (let j = 0; j < size; j++) total += signal * covariance[i * size + j] * solved[j]
    return total
  })
}
