import { assertInteger, assertNotEmpty, assertSameLength, GuerdonError, type Random } from '@guerdon/core'
import { symmetricEigen } from '../../shared/eigen.ts'
import { euclideanNorm } from '../../shared/linear-algebra.ts'

/** Constants of CMA-ES for a dimension and a number of parents. */
export interface CmaParameters {
  /** [μ] recombination weights, falling, summing to 1. */
  readonly weights: Float64Array
  /** 1/Σw² */
  readonly effectiveParents: number
  readonly cc: number
  readonly cSigma: number
  readonly c1: number
  readonly cMu: number
  readonly dampSigma: number
}

/** The search distribution N(m, σ²C) and its evolution paths. Plain data, replaced and never changed. */
export interface CmaState {
  /** [n] */
  readonly mean: Float64Array
  readonly sigma: number
  /** [n·n] row by row */
  readonly covariance: Float64Array
  /** [n] p_c */
  readonly pathC: Float64Array
  /** [n] p_σ */
  readonly pathSigma: Float64Array
  /** [n·n] B, eigenvectors of C as columns. */
  readonly basis: Float64Array
  /** [n] D, square roots of its eigenvalues. */
  readonly scales: Float64Array
  /** Evaluations when B and D were computed. */
  readonly decomposedAt: number
  readonly evaluations: number
}

/** λ = 4 + ⌊3·ln n⌋ */
export function defaultCmaPopulation(dimension: number): number {
  return 4 + Math.floor(3 * Math.log(dimension))
}

/**
 * Weights ∝ ln(μ + ½) − ln i and learning rates. With one parent c_μ = 0.
 *
 * Hansen, "The CMA Evolution Strategy: A Tutorial", arXiv 1604.00772.
 */
export function cmaParameters(dimension: number, parents: number): CmaParameters {
  assertInteger(dimension, 'dimension', 1)
  assertInteger(parents, 'parents', 1)
  const n = dimension
  const weights = Float64Array.from({ length: parents }, (_, i) => Math.log(parents + 0.5) - Math.log(i + 1))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  for (let i = 0; i < parents; i++) weights[i] /= total
  const effective = 1 / weights.reduce((sum, weight) => sum + weight * weight, 0)
  const c1 = 2 / ((n + 1.3) ** 2 + effective)
  const cSigma = (effective + 2) / (n + effective + 5)
  return {
    weights,
    effectiveParents: effective,
    cc: (4 + effective / n) / (n + 4 + (2 * effective) / n),
    cSigma,
    c1,
    cMu: Math.min(1 - c1, (2 * (effective - 2 + 1 / effective)) / ((n + 2) ** 2 + effective)),
    dampSigma: 1 + 2 * Math.max(0, Math.sqrt((effective - 1) / (n + 1)) - 1) + cSigma,
  }
}

/** A search distribution around `mean`; what is not given starts at C = I, paths 0. */
export function cmaState(
  mean: ArrayLike<number>,
  sigma: number,
  given: {
    readonly covariance?: ArrayLike<number>
    readonly pathC?: ArrayLike<number>
    readonly pathSigma?: ArrayLike<number>
    readonly evaluations?: number
  } = {},
): CmaState {
  const n = mean.length
  assertNotEmpty(mean, 'mean')
  if (!(sigma > 0)) throw new GuerdonError('invalid_option', `expected sigma > 0; got ${sigma}`, { path: ['sigma'] })
  const identity = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0))
  const covariance = Float64Array.from(given.covariance ?? identity)
  const evaluations = given.evaluations ?? 0
  return {
    mean: Float64Array.from(mean),
    sigma,
    covariance,
    pathC: Float64Array.from(given.pathC ?? new Float64Array(n)),
    pathSigma: Float64Array.from(given.pathSigma ?? new Float64Array(n)),
    ...decompose(covariance),
    decomposedAt: evaluations,
    evaluations,
  }
}

/**
 * One sample m + σ·B·D·z, drawn again until it lies in the bounds. Draws n normals an attempt, in order.
 *
 * @throws unsupported when 10 000 attempts in a row fall outside: the distribution has left the bounds
 */
export function cmaSample(state: CmaState, random: Random, bounds?: readonly [number, number]): Float64Array {
  const n = state.mean.length
  for (let attempt = 0; attempt < 10_000; attempt++) {
    const z = random.normals(n)
    const x = Float64Array.from(state.mean)
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) x[i] += state.sigma * state.basis[i * n + j] * state.scales[j] * z[j]
    }
    if (bounds === undefined || x.every(value => value >= bounds[0] && value <= bounds[1])) return x
  }
  throw new GuerdonError('unsupported', `expected samples within [${bounds}]; got none in 10 000 attempts`, {
    hint: 'restart the distribution inside its bounds or with a smaller sigma',
  })
}

/** What one update needs beside the parents. */
export interface CmaUpdate {
  /** λ, all offspring of the generation. */
  readonly populationSize: number
  /** Evaluations so far, this generation included; default those of the state plus λ. */
  readonly evaluations?: number
  /**
   * `released` follows pyribs: no 1/σ in the update of p_c, and the rank-one term multiplied by c₁ twice. The default is
   * the tutorial.
   */
  readonly compat?: 'released'
}

/**
 * One generation of CMA-ES: mean, paths, covariance and step size from the parents, best first.
 *
 *   m′ = Σwᵢxᵢ,  y = m′ − m
 *   p_σ ← (1 − c_σ)·p_σ + √(c_σ(2 − c_σ)μ_eff)·C^(−½)·y/σ
 *   p_c ← (1 − c_c)·p_c + h·√(c_c(2 − c_c)μ_eff)·y/σ
 *   C ← (1 − c₁(1 − (1 − h)c_c(2 − c_c)) − c_μ)·C + c₁·p_c·p_cᵀ + c_μ·Σwᵢ·((xᵢ − m)/σ)((xᵢ − m)/σ)ᵀ
 *   σ ← σ·exp(min(1, (c_σ/d_σ)·(‖p_σ‖²/n − 1)/2))
 *
 * h is 0 while ‖p_σ‖ is large; its correction counts evaluations, not generations, for λ may vary. No parents: the state as
 * it was, with the evaluations counted. Eigenvectors are renewed every 0.5·λ/((c₁ + c_μ)·n) evaluations.
 *
 * Hansen, arXiv 1604.00772.
 *
 * @param parents [μ][n]
 */
export function cmaUpdate(
  state: CmaState,
  parents: readonly ArrayLike<number>[],
  update: CmaUpdate,
): CmaState & { readonly hSigma: 0 | 1 } {
  const { populationSize } = update
  assertInteger(populationSize, 'populationSize', 1)
  const evaluations = update.evaluations ?? state.evaluations + populationSize
  if (parents.length === 0) return { ...state, evaluations, hSigma: 1 }
  const released = update.compat === 'released'
  const n = state.mean.length
  const { weights, effectiveParents, cc, cSigma, c1, cMu, dampSigma } = cmaParameters(n, parents.length)
  const mean = new Float64Array(n)
  for (const [i, parent] of parents.entries()) {
    assertSameLength(state.mean, 'mean', parent, `parents[${i}]`)
    for (let d = 0; d < n; d++) mean[d] += weights[i] * parent[d]
  }
  const step = mean.map((value, d) => (value - state.mean[d]) / state.sigma)
  const whitened = whiten(state, step)
  const growSigma = Math.sqrt(cSigma * (2 - cSigma) * effectiveParents)
  const pathSigma = state.pathSigma.map((value, d) => (1 - cSigma) * value + growSigma * whitened[d])
  const length = euclideanNorm(pathSigma) ** 2 / n
  const warm = 1 - (1 - cSigma) ** ((2 * evaluations) / populationSize)
  const hSigma = length / warm < 2 + 4 / (n + 1) ? 1 : 0
  const growC = hSigma * Math.sqrt(cc * (2 - cc) * effectiveParents) * (released ? state.sigma : 1)
  const pathC = state.pathC.map((value, d) => (1 - cc) * value + growC * step[d])
  const kept = 1 - c1 * (1 - (1 - hSigma) * cc * (2 - cc)) - cMu
  const rankOne = released ? c1 * c1 : c1
  const covariance = state.covariance.map((value, k) => {
    const [i, j] = [Math.floor(k / n), k % n]
    let rankMu = 0
    for (let p = 0; p < parents.length; p++) {
      rankMu += weights[p] * (parents[p][i] - state.mean[i]) * (parents[p][j] - state.mean[j])
    }
    return kept * value + rankOne * pathC[i] * pathC[j] + (cMu * rankMu) / state.sigma ** 2
  })
  const sigma = state.sigma * Math.exp(Math.min(1, ((cSigma / dampSigma) * (length - 1)) / 2))
  const gap = (0.5 * populationSize) / ((c1 + cMu) * n)
  const renewed = evaluations - state.decomposedAt > gap
  const { basis, scales } = renewed ? decompose(covariance) : state
  const decomposedAt = renewed ? evaluations : state.decomposedAt
  return { mean, sigma, covariance, pathC, pathSigma, basis, scales, decomposedAt, evaluations, hSigma }
}

/** Why a distribution is used up; null while it is not. */
export type CmaStop = 'condition' | 'small step' | 'flat' | null

/**
 * Stops: condition number of C above 1e14, σ·√λ_max below 1e-11, or values of best and worst within 1e-12.
 *
 * @param rankedValues [λ] values the generation was ranked by, best first; none skips that test
 */
export function cmaStop(state: CmaState, rankedValues: ArrayLike<number> = []): CmaStop {
  const squares = state.scales.map(scale => scale * scale)
  const largest = Math.max(...squares)
  if (largest / Math.min(...squares) > 1e14) return 'condition'
  if (state.sigma * Math.sqrt(largest) < 1e-11) return 'small step'
  const last = rankedValues.length - 1
  return last > 0 && Math.abs(rankedValues[0] - rankedValues[last]) < 1e-12 ? 'flat' : null
}

/** C^(−½)·v = B·D⁻¹·Bᵀ·v */
function whiten(state: CmaState, vector: Float64Array): Float64Array {
  const n = vector.length
  const turned = new Float64Array(n)
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < n; i++) turned[j] += state.basis[i * n + j] * vector[i]
    turned[j] /= state.scales[j]
  }
  return Float64Array.from({ length: n }, (_, i) => {
    let value = 0
    for (let j = 0; j < n; j++) value += state.basis[i * n + j] * turned[j]
    return value
  })
}

function decompose(covariance: Float64Array): { basis: Float64Array; scales: Float64Array } {
  const { values, vectors } = symmetricEigen(covariance)
  return { basis: vectors, scales: values.map(value => Math.sqrt(Math.max(value, Number.MIN_VALUE))) }
}
