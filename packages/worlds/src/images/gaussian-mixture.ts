import { assertFinite, assertInteger, assertNotEmpty, assertSameLength, GuerdonError, type Random } from '@guerdon/core'

/** An isotropic Gaussian mixture p(x) = Σ_j w_j·N(x; μ_j, v_j·I). */
export interface GaussianMixture {
  /** [J] positive, summing to 1. */
  readonly weights: Float64Array
  /** [J][D] */
  readonly means: readonly Float64Array[]
  /** [J] v_j > 0 */
  readonly variances: Float64Array
}

/** What a mixture is made from. */
export interface MixtureParts {
  /** [J][D] */
  readonly means: readonly ArrayLike<number>[]
  /** σ of all components, or of each. */
  readonly deviations: number | ArrayLike<number>
  /** [J] relative weights. Default: equal. */
  readonly weights?: ArrayLike<number>
}

/**
 * A mixture with weights that sum to 1.
 * @throws empty without components; shape_mismatch for means of unequal length or other counts; not_finite;
 * invalid_option for a weight or deviation that is not positive
 */
export function gaussianMixture({ means, deviations, weights }: MixtureParts): GaussianMixture {
  assertNotEmpty(means, 'means')
  const count = means.length
  const spreads = typeof deviations === 'number' ? new Float64Array(count).fill(deviations) : deviations
  const masses = weights ?? new Float64Array(count).fill(1)
  assertSameLength(spreads, 'deviations', means, 'means')
  assertSameLength(masses, 'weights', means, 'means')
  assertPositive(spreads, 'deviations')
  assertPositive(masses, 'weights')
  means.forEach((mean, j) => {
    assertSameLength(mean, `means[${j}]`, means[0], 'means[0]')
    assertFinite(Float64Array.from(mean), `means[${j}]`)
  })
  let total = 0
  for (let j = 0; j < count; j++) total += masses[j]
  return {
    weights: Float64Array.from(masses, mass => mass / total),
    means: means.map(mean => Float64Array.from(mean)),
    variances: Float64Array.from(spreads, deviation => deviation ** 2),
  }
}

/** Only these components, their weights renormalised: p(x | component ∈ `kept`). */
export function restrictMixture(mixture: GaussianMixture, kept: readonly number[]): GaussianMixture {
  for (const j of kept) assertInteger(j, 'kept')
  const outside = kept.find(j => j >= mixture.weights.length)
  if (outside !== undefined) {
    throw new GuerdonError('invalid_input', `expected components below ${mixture.weights.length}; got ${outside}`, {
      path: ['kept'],
    })
  }
  return gaussianMixture({
    means: kept.map(j => mixture.means[j]),
    deviations: kept.map(j => Math.sqrt(mixture.variances[j])),
    weights: kept.map(j => mixture.weights[j]),
  })
}

/**
 * The law of √ᾱ·x + √(1−ᾱ)·ε, ε ~ N(0, I): what a mixture becomes on its way to noise, again a mixture with means
 * √ᾱ·μ_j and variances ᾱ·v_j + 1 − ᾱ.
 * @param signal ᾱ in (0, 1]
 */
export function noisedMixture(mixture: GaussianMixture, signal: number): GaussianMixture {
  assertSignal(signal)
  const scale = Math.sqrt(signal)
  return {
    weights: mixture.weights,
    means: mixture.means.map(mean => mean.map(entry => scale * entry)),
    variances: mixture.variances.map(variance => signal * variance + 1 - signal),
  }
}

/** Points of a mixture and the components they were drawn from. */
export interface MixtureSample {
  /** [N·D] */
  readonly points: Float64Array
  /** [N] */
  readonly components: Int32Array
}

/** N independent draws: the component, then its normal numbers. */
export function sampleMixture(mixture: GaussianMixture, count: number, random: Random): MixtureSample {
  assertInteger(count, 'count')
  const dimensions = mixture.means[0].length
  const points = new Float64Array(count * dimensions)
  const components = new Int32Array(count)
  for (let n = 0; n < count; n++) {
    const j = random.categorical(mixture.weights)
    const deviation = Math.sqrt(mixture.variances[j])
    components[n] = j
    for (let d = 0; d < dimensions; d++) points[n * dimensions + d] = mixture.means[j][d] + deviation * random.normal()
  }
  return { points, components }
}

/**
 * [N·J] probability of each component given each point, w_j·N(x; μ_j, v_j·I) / p(x): an exact classifier of modes.
 * @param points [N·D]
 */
export function componentProbabilities(mixture: GaussianMixture, points: ArrayLike<number>): Float64Array {
  const count = countPoints(mixture, points)
  const size = mixture.weights.length
  const probabilities = new Float64Array(count * size)
  for (let n = 0; n < count; n++) {
    writeLogTerms(mixture, points, n, probabilities, n * size)
    const total = logTotal(probabilities, n * size, size)
    for (let k = n * size; k < (n + 1) * size; k++) probabilities[k] = Math.exp(probabilities[k] - total)
  }
  return probabilities
}

/**
 * [N] log p(x).
 * @param points [N·D]
 */
export function mixtureLogDensity(mixture: GaussianMixture, points: ArrayLike<number>): Float64Array {
  const count = countPoints(mixture, points)
  const terms = new Float64Array(mixture.weights.length)
  return Float64Array.from({ length: count }, (_, n) => {
    writeLogTerms(mixture, points, n, terms, 0)
    return logTotal(terms, 0, terms.length)
  })
}

/**
 * [N·D] score ∇log p(x) = Σ_j P(j | x)·(μ_j − x)/v_j.
 * @param points [N·D]
 */
export function mixtureScore(mixture: GaussianMixture, points: ArrayLike<number>): Float64Array {
  const { means, variances } = mixture
  const size = variances.length
  const dimensions = means[0].length
  const probabilities = componentProbabilities(mixture, points)
  const score = new Float64Array(points.length)
  for (let i = 0; i < points.length; i++) {
    const first = size * Math.floor(i / dimensions)
    const d = i % dimensions
    for (let j = 0; j < size; j++) score[i] += (probabilities[first + j] * (means[j][d] - points[i])) / variances[j]
  }
  return score
}

/**
 * [N·D] E[x₀ | x_t], the best denoiser there is, by Tweedie's formula (x_t + (1 − ᾱ)·∇log p_t(x_t)) / √ᾱ.
 * @param points [N·D] noised points x_t
 * @param signal ᾱ in (0, 1]
 */
export function denoiseMixture(mixture: GaussianMixture, points: ArrayLike<number>, signal: number): Float64Array {
  const score = mixtureScore(noisedMixture(mixture, signal), points)
  return score.map((slope, i) => (points[i] + (1 - signal) * slope) / Math.sqrt(signal))
}

function countPoints({ means }: GaussianMixture, points: ArrayLike<number>): number {
  const dimensions = means[0].length
  if (points.length % dimensions !== 0) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected points of ${dimensions} numbers; got ${points.length} numbers in all`,
      {
        path: ['points'],
      },
    )
  }
  for (let i = 0; i < points.length; i++) {
    if (Number.isFinite(points[i])) continue
    const point = Math.floor(i / dimensions)
    throw new GuerdonError('not_finite', `expected finite points; got ${points[i]} — point ${point}`, {
      path: ['points', i],
    })
  }
  return points.length / dimensions
}

/** Writes log w_j + log N(x_n; μ_j, v_j·I) of all components to `terms[at …]`. */
function writeLogTerms(
  { weights, means, variances }: GaussianMixture,
  points: ArrayLike<number>,
  n: number,
  terms: Float64Array,
  at: number,
): void {
  const dimensions = means[0].length
  for (let j = 0; j < weights.length; j++) {
    let squares = 0
    for (let d = 0; d < dimensions; d++) squares += (points[n * dimensions + d] - means[j][d]) ** 2
    terms[at + j] =
      Math.log(weights[j]) - squares / (2 * variances[j]) - (dimensions / 2) * Math.log(2 * Math.PI * variances[j])
  }
}

function logTotal(terms: Float64Array, at: number, size: number): number {
  let most = Number.NEGATIVE_INFINITY
  for (let k = at; k < at + size; k++) most = Math.max(most, terms[k])
  let sum = 0
  for (let k = at; k < at + size; k++) sum += Math.exp(terms[k] - most)
  return most + Math.log(sum)
}

function assertSignal(signal: number): void {
  if (signal > 0 && signal <= 1) return
  throw new GuerdonError('invalid_option', `expected signal in (0, 1]; got ${signal}`, { path: ['signal'] })
}

function assertPositive(values: ArrayLike<number>, name: string): void {
  for (let j = 0; j < values.length; j++) {
    if (values[j] > 0 && Number.isFinite(values[j])) continue
    throw new GuerdonError('invalid_option', `expected positive ${name}; got ${values[j]} — component ${j}`, {
      path: [name, j],
    })
  }
}
