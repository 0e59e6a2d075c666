import { assertInteger, assertNotEmpty, GuerdonError } from '@guerdon/core'
import { type Frames, type Segmentation, type SegmentationOptions, segment } from './segmentation.ts'

/** Score of every feature and the chosen ones. */
export interface FeatureSelection {
  /** [D] α·|μ⁺ − μ⁻| − (σ⁺ + σ⁻). */
  readonly scores: Float64Array
  /** Indices of the `topM` highest scores, best first; lowest index on ties. */
  readonly selected: readonly number[]
}

/**
 * Features that tell a step from the others: zⱼ = α·|μ⁺ⱼ − μ⁻ⱼ| − (σ⁺ⱼ + σ⁻ⱼ). The σ penalty is what makes few features
 * enough; |Δμ| alone keeps noisy ones. Population deviations. Without negatives μ⁻ = σ⁻ = 0 would reward offsets, so
 * the separation term is 0.
 *
 * @param positives [P][D] frames of the step @param negatives [N][D] frames of all others
 */
export function selectFeatures(
  positives: Frames,
  negatives: Frames,
  options: { /** Default 5. */ readonly alpha?: number /** M. Default 32. */; readonly topM?: number } = {},
): FeatureSelection {
  const { alpha = 5, topM = 32 } = options
  assertNotEmpty(positives, 'positives')
  assertInteger(topM, 'topM', 1)
  const inside = featureMoments(positives)
  const outside = negatives.length === 0 ? undefined : featureMoments(negatives)
  const scores = inside.means.map((mean, j) =>
    outside ? alpha * Math.abs(mean - outside.means[j]) - (inside.stds[j] + outside.stds[j]) : -inside.stds[j],
  )
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b)
  return { scores, selected: order.slice(0, topM) }
}

/** Mean and population deviation of every feature. */
export function featureMoments(frames: Frames): { readonly means: Float64Array; readonly stds: Float64Array } {
  const features = frames[0].length
  const means = new Float64Array(features)
  const stds = new Float64Array(features)
  for (const frame of frames) for (let j = 0; j < features; j++) means[j] += frame[j] / frames.length
  for (const frame of frames) for (let j = 0; j < features; j++) stds[j] += (frame[j] - means[j]) ** 2
  for (let j = 0; j < features; j++) stds[j] = Math.sqrt(stds[j] / frames.length)
  return { means, stds }
}

/** The Gaussian of one step on its own features; plain JSON. */
export interface StepModel {
  /** [M] indices into the feature vector. */
  readonly selected: readonly number[]
  /** [M] */
  readonly means: readonly number[]
  /** [M] already floored. */
  readonly stds: readonly number[]
}

/** Fitted model of a task; plain JSON. */
export interface PerceptualModel {
  readonly steps: readonly StepModel[]
  /** Standardisation of raw features, by index; absent when fitted on raw features. */
  readonly scaling?: { readonly means: readonly number[]; readonly stds: readonly number[] }
}

/** Choices of the fit. */
export interface FitOptions extends SegmentationOptions {
  /** Features per step. Default 32. */
  readonly topM?: number
  /** α of the feature score. Default 5. */
  readonly alpha?: number
  /** Smallest deviation of a Gaussian. Default 1e-3. */
  readonly stdFloor?: number
  /**
   * Standardise every feature over all demonstrations first; else large-scale features decide the cuts. Default true.
   */
  readonly standardise?: boolean
  /** Leave out features whose deviation over all demonstrations is below `stdFloor`. Default true. */
  readonly dropConstant?: boolean
}

/** A model with the segmentation of each demonstration behind it. */
export interface PerceptualFit {
  readonly model: PerceptualModel
  /** [demonstrations] undefined for one that was too short and was left out. */
  readonly segmentations: readonly (Segmentation | undefined)[]
}

/**
 * Fits step models from a handful of demonstrations without labels: segment each demonstration, pool the frames of step
 * k over demonstrations, select discriminative features, fit independent Gaussians. Features that are NaN or ±Infinity
 * anywhere are dropped.
 *
 * @param demonstrations each [T][D]
 * @throws shape_mismatch for different D, empty when every demonstration is too short
 * Source: Sermanet, Xu and Levine 2017, section III (reconstruction; no official code).
 */
export function fitStepModels(demonstrations: readonly Frames[], options: FitOptions = {}): PerceptualFit {
  const { steps = 3, stdFloor = 1e-3, standardise = true, dropConstant = true } = options
  assertNotEmpty(demonstrations, 'demonstrations')
  const features = demonstrations[0][0]?.length ?? 0
  for (const [v, frames] of demonstrations.entries()) {
    for (const frame of frames) {
      if (frame.length !== features)
        throw new GuerdonError(
          'shape_mismatch',
          `expected ${features} features in every demonstration; one of demonstration ${v} has ${frame.length}`,
          { path: ['demonstrations', v] },
        )
    }
  }
  const all = demonstrations.flat()
  const finite = Array.from({ length: features }, (_, j) => j).filter(j =>
    all.every(frame => Number.isFinite(frame[j])),
  )
  const { means, stds } = featureMoments(all)
  const usable = dropConstant ? finite.filter(j => stds[j] >= stdFloor) : finite
  const prepare = (frame: ArrayLike<number>) =>
    Float64Array.from(usable, j => (standardise ? (frame[j] - means[j]) / (stds[j] || 1) : frame[j]))
  const prepared = demonstrations.map(frames => frames.map(prepare))
  const segmentations = prepared.map(frames => segment(frames, options))
  const pools = Array.from({ length: steps }, (_, k) => pooledStep(prepared, segmentations, k))
  if (pools[0].length === 0) {
    throw new GuerdonError(
      'empty',
      `expected a demonstration of at least ${steps}·minSize frames; all ${demonstrations.length} are shorter`,
      { hint: 'lower steps or minSize' },
    )
  }
  const models = pools.map((positives, k): StepModel => {
    const negatives = pools.filter((_, other) => other !== k).flat()
    const { selected } = selectFeatures(positives, negatives, options)
    const inside = featureMoments(positives)
    return {
      selected: selected.map(i => usable[i]),
      means: selected.map(i => inside.means[i]),
      stds: selected.map(i => Math.max(inside.stds[i], stdFloor)),
    }
  })
  const scaling = {
    means: Array.from(means, mean => (Number.isFinite(mean) ? mean : 0)),
    stds: Array.from(stds, std => (Number.isFinite(std) && std > 0 ? std : 1)),
  }
  return { model: standardise ? { steps: models, scaling } : { steps: models }, segmentations }
}

function pooledStep(
  demonstrations: readonly Frames[],
  segmentations: readonly (Segmentation | undefined)[],
  step: number,
): ArrayLike<number>[] {
  return demonstrations.flatMap((frames, v) => {
    const segmentation = segmentations[v]
    if (!segmentation) return []
    const cuts = [0, ...segmentation.boundaries, frames.length]
    return frames.slice(cuts[step], cuts[step + 1])
  })
}

/**
 * q(x) = (1/M) Σⱼ ((xⱼ − μⱼ)/max(σⱼ, floor))². `quadratic` is −q, the log-density up to constants; `bounded` is
 * exp(−q/2) ∈ (0, 1], which keeps later steps from punishing states far from the demonstrations without bound.
 *
 * @param values [M] the selected features of a frame
 * @param stdFloor default 1e-3
 */
export function gaussianStepReward(
  values: ArrayLike<number>,
  means: ArrayLike<number>,
  stds: ArrayLike<number>,
  options: { readonly stdFloor?: number } = {},
): { readonly quadratic: number; readonly bounded: number } {
  const { stdFloor = 1e-3 } = options
  let q = 0
  for (let j = 0; j < means.length; j++) q += ((values[j] - means[j]) / Math.max(stds[j], stdFloor)) ** 2
  if (means.length > 0) q /= means.length
  return { quadratic: -q, bounded: Math.exp(-q / 2) }
}

/** How step rewards become one number. */
export interface CombineOptions {
  /**
   * `powers-of-two`: Σ_{k≥2} 2^{k−1}·g_k. `sum`: unweighted. `max-progress`: the largest (k−1)/(n−1) with g_k ≥ 0.5,
   * else 0. Default `powers-of-two`. Step 1 is the start and never rewarded.
   */
  readonly combination?: 'powers-of-two' | 'sum' | 'max-progress'
}

/** [n] weights of the steps: 0, then 2^{k−1}, or 1. */
export function stepWeights(steps: number, options: CombineOptions = {}): Float64Array {
  const { combination = 'powers-of-two' } = options
  return Float64Array.from({ length: steps }, (_, k) => {
    if (k === 0) return 0
    return combination === 'powers-of-two' ? 2 ** k : 1
  })
}

/**
 * One reward from the step rewards of a frame. `normalised` divides by the sum of the weights; null when there is
 * nothing to reward (n = 1).
 * @param stepRewards [n]
 */
export function combineSteps(
  stepRewards: ArrayLike<number>,
  options: CombineOptions = {},
): { readonly combined: number; readonly normalised: number | null } {
  const steps = stepRewards.length
  if (options.combination === 'max-progress') {
    let progress = 0
    for (let k = 1; k < steps; k++) if (stepRewards[k] >= 0.5) progress = k / (steps - 1)
    return { combined: progress, normalised: steps > 1 ? progress : null }
  }
  const weights = stepWeights(steps, options)
  let combined = 0
  let total = 0
  for (let k = 0; k < steps; k++) {
    combined += weights[k] * stepRewards[k]
    total += weights[k]
  }
  return { combined, normalised: total > 0 ? combined / total : null }
}

/** Choices of the reward at run time. */
export interface PerceptualRewardOptions extends CombineOptions {
  /** Default `bounded`. */
  readonly form?: 'bounded' | 'quadratic'
}

/** Reward of one frame with its parts. */
export interface PerceptualReward {
  /** [n] g_k or −q_k. */
  readonly stepRewards: Float64Array
  readonly combined: number
  readonly normalised: number | null
}

/** Reward of a frame `[D]` under a fitted model. */
export function perceptualReward(
  model: PerceptualModel,
  frame: ArrayLike<number>,
  options: PerceptualRewardOptions = {},
): PerceptualReward {
  const { form = 'bounded' } = options
  const { scaling } = model
  const stepRewards = Float64Array.from(model.steps, step => {
    const values = step.selected.map(j => (scaling ? (frame[j] - scaling.means[j]) / scaling.stds[j] : frame[j]))
    return gaussianStepReward(values, step.means, step.stds, { stdFloor: 0 })[form]
  })
  return { stepRewards, ...combineSteps(stepRewards, options) }
}
