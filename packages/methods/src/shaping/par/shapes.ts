import { assertNotEmpty, logSigmoid, mean, sigmoid, standardDeviation } from '@guerdon/core'
import { type Moments, momentsDeviation } from '../../shared/running-moments.ts'
import { type FittedSigmoid, fittedSigmoid } from './fitted-polynomial.ts'

type Numbers = ArrayLike<number>

/** Steepness and number of references of the relative shapes. */
export interface RelativeOptions {
  /** k, the slope of the logistic function at its centre is k/4. Default 1. */
  readonly steepness?: number
  /** Only the first so many references are used. Default 10. */
  readonly maxReferences?: number
}

/**
 * Preference as reward: (1/M′)·Σ_m σ(k·(r − r_m)), M′ = min(M, maxReferences), in (0, 1).
 *
 * The reward model's own Bradley–Terry probability that the response beats a reference response to the same prompt,
 * averaged over references: the mean of the logistic values, not the logistic of the mean (they differ when references
 * spread). PAR, arXiv 2502.18770.
 *
 * @param score raw reward-model score r
 * @param references [M] scores of reference responses to the *same* prompt, from a fixed policy
 * @throws empty when there is no reference
 */
export function preferenceAsReward(score: number, references: Numbers, options: RelativeOptions = {}): number {
  const { steepness = 1 } = options
  return meanOver(score, references, options, difference => sigmoid(steepness * difference))
}

/** mean_m (r − r_m): centred on the references, unbounded. Throws `empty` without references. */
export function centredReward(score: number, references: Numbers, options: RelativeOptions = {}): number {
  return meanOver(score, references, options, difference => difference)
}

/** mean_m tanh(r − r_m), in (−1, 1). Throws `empty` without references. */
export function relativeTanh(score: number, references: Numbers, options: RelativeOptions = {}): number {
  return meanOver(score, references, options, Math.tanh)
}

/** mean_m p(r − r_m) with the polynomial stand-in of the logistic function. Throws `empty` without references. */
export function relativeFittedSigmoid(
  score: number,
  references: Numbers,
  fit: FittedSigmoid,
  options: RelativeOptions = {},
): number {
  return meanOver(score, references, options, difference => fittedSigmoid(difference, fit))
}

/**
 * Slow growth, fast convergence: mean_m σ(k·((r − 3) − r_m)). The paper's counter-example: growth near the reference level
 * is slow, so learning stalls. Throws `empty` without references.
 */
export function slowGrowthReward(score: number, references: Numbers, options: RelativeOptions = {}): number {
  return preferenceAsReward(score - 3, references, options)
}

/** 85 % point of the standard normal distribution. */
const normalQuantile85 = 1.0364333894937898

/**
 * Log-sigmoid centred: log σ(r − q), q = μ + 1.0364334·(s + 1e-5), the 85th percentile of a normal with the mean and sample
 * deviation (ddof 1; 0 for one reference) of **all** references. In (−∞, 0). Throws `empty` without references.
 */
export function logSigmoidCentred(score: number, references: Numbers): number {
  const spread = references.length > 1 ? standardDeviation(references, { ddof: 1 }) : 0
  return logSigmoid(score - (mean(references) + normalQuantile85 * (spread + 1e-5)))
}

/** (r − μ)/s with running statistics; s = 0 divides by 1. Unbounded. */
export function standardisedReward(score: number, moments: Moments): number {
  return (score - moments.mean) / (momentsDeviation(moments, { ddof: 0 }) || 1)
}

/** r held within [μ − s, μ + s] of running statistics. */
export function clippedReward(score: number, moments: Moments): number {
  const spread = momentsDeviation(moments, { ddof: 0 })
  return Math.min(Math.max(score, moments.mean - spread), moments.mean + spread)
}

/**
 * (r − min)/(max − min) with running extremes, in [0, 1]. When all scores so far are equal there is nothing to scale by and
 * the result is `whenFlat`, 0.5 unless told (the released code divides 0 by 0).
 */
export function minMaxReward(score: number, moments: Moments, whenFlat = 0.5): number {
  const minimum = moments.minimum ?? score
  const range = (moments.maximum ?? score) - minimum
  return range === 0 ? whenFlat : (score - minimum) / range
}

/** What a long answer costs. */
export interface LengthPenalty {
  /** Tokens that cost nothing. */
  readonly freeTokens: number
  /** Price of every further token, in raw score. */
  readonly perToken: number
}

/** r − perToken·max(0, length − freeTokens), on the raw score, before any shape. */
export function penaliseLength(score: number, length: number, penalty: LengthPenalty): number {
  return length > penalty.freeTokens ? score - penalty.perToken * (length - penalty.freeTokens) : score
}

function meanOver(
  score: number,
  references: Numbers,
  options: RelativeOptions,
  f: (difference: number) => number,
): number {
  const count = Math.min(references.length, options.maxReferences ?? 10)
  assertNotEmpty(references, 'references')
  let total = 0
  for (let m = 0; m < count; m++) total += f(score - references[m])
  return total / count
}
