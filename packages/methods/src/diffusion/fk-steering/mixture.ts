import { assertSameLength, logSumExp } from '@guerdon/core'

/** An isotropic Gaussian mixture Σ_j w_j·N(μ_j, v_j·I). */
export interface GaussianMixture {
  /** [J], positive. */
  readonly weights: ArrayLike<number>
  /** [J][D] */
  readonly means: readonly ArrayLike<number>[]
  /** [J] */
  readonly variances: ArrayLike<number>
}

/** A reward −‖x − c‖²/(2R) and its sharpness. */
export interface QuadraticTilt {
  readonly lambda: number
  /** [D] c */
  readonly centre: ArrayLike<number>
  /** R > 0 */
  readonly variance: number
}

/** The tilted mixture, itself a mixture. */
export interface TiltedMixture {
  readonly weights: Float64Array
  readonly means: readonly Float64Array[]
  readonly variances: Float64Array
  /** log ∫ p(x)·exp(λ·r(x)) dx */
  readonly logNormalizer: number
  /** [D] */
  readonly mean: Float64Array
}

/**
 * The law p*(x) ∝ p(x)·exp(λ·r(x)) of a mixture under a quadratic reward, in closed form: with s = R/λ,
 *
 *   v' = vs/(v + s),  μ' = (sμ + vc)/(v + s),  log w' = log w + (D/2)·log(s/(s + v)) − ‖μ − c‖²/(2(s + v)) − log Z
 *
 * What a steered sampler has to reproduce when the number of particles grows.
 */
export function tiltedGaussianMixture(mixture: GaussianMixture, tilt: QuadraticTilt): TiltedMixture {
  const { weights, means, variances } = mixture
  assertSameLength(weights, 'weights', means, 'means')
  assertSameLength(weights, 'weights', variances, 'variances')
  const { centre } = tilt
  const dimensions = centre.length
  const scale = tilt.variance / tilt.lambda
  const logWeights = new Float64Array(weights.length)
  const tiltedMeans: Float64Array[] = []
  const tiltedVariances = new Float64Array(weights.length)
  for (let j = 0; j < weights.length; j++) {
    assertSameLength(centre, 'centre', means[j], `means[${j}]`)
    const sum = scale + variances[j]
    let distance = 0
    const mean = new Float64Array(dimensions)
    for (let d = 0; d < dimensions; d++) {
      distance += (means[j][d] - centre[d]) ** 2
      mean[d] = (scale * means[j][d] + variances[j] * centre[d]) / sum
    }
    tiltedMeans.push(mean)
    tiltedVariances[j] = (variances[j] * scale) / sum
    logWeights[j] = Math.log(weights[j]) + (dimensions / 2) * Math.log(scale / sum) - distance / (2 * sum)
  }
  const logNormalizer = logSumExp(logWeights)
  const normalised = logWeights.map(value => Math.exp(value - logNormalizer))
  const mean = new Float64Array(dimensions)
  for (const [j, part] of tiltedMeans.entries()) for (let d = 0; d < dimensions; d++) mean[d] += normalised[j] * part[d]
  return { weights: normalised, means: tiltedMeans, variances: tiltedVariances, logNormalizer, mean }
}
