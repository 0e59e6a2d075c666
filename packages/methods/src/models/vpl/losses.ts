import { assertInRange, assertInteger, assertOneOf, assertProbability } from '@guerdon/core'
import {
  add,
  div,
  exp,
  log,
  lowerTriangle,
  matmul,
  maximum,
  mean,
  mul,
  neg,
  reshape,
  sigmoid,
  softmax,
  softplus,
  split,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  where,
} from '@guerdon/tensor'
import { pairLoss } from '../../shared/pair-loss.ts'
import type { Posterior } from './encode.ts'

/**
 * KL from the posterior of each user to the prior: −½·Σ_d [1 + (lv − l_p) − e^{lv − l_p} − (μ − m_p)²/e^{l_p}], in nats.
 *
 * @param prior [d] mean and log-variance; standard normal when absent
 * @returns [B]
 */
export function latentKl(posterior: Posterior, prior?: Posterior): Tensor {
  const shifted = prior === undefined ? posterior.logVar : sub(posterior.logVar, prior.logVar)
  const distance = prior === undefined ? posterior.mean : sub(posterior.mean, prior.mean)
  const squares = prior === undefined ? square(distance) : div(square(distance), exp(prior.logVar))
  const terms = sub(sub(add(shifted, 1), exp(shifted)), squares)
  return mul(sum(terms, { axis: -1 }), -0.5)
}

/** KL term of the control variant's code: 2·Σ_b KL, twice the divergence and summed over the batch. */
export function controlKl(posterior: Posterior, prior?: Posterior): Tensor {
  return mul(sum(latentKl(posterior, prior)), 2)
}

/** KL term of the language variant: mean_b KL to the standard normal. */
export function languageKl(posterior: Posterior): Tensor {
  return mean(latentKl(posterior))
}

/** The parts of an evidence lower bound, to be minimised. */
export interface VplLoss {
  readonly reconstruction: Tensor
  /** KL term as the variant counts it, without its weight. */
  readonly kl: Tensor
  /** The same times its weight. */
  readonly weightedKl: Tensor
  readonly total: Tensor
}

/** Returns of two segments and the user's labels, all [B][A]. */
export interface AnnotatedReturns {
  readonly first: Tensor
  readonly second: Tensor
  /** 1 where the first is preferred. */
  readonly labels: Tensor
}

/** Choices of the variational loss on segments. */
export interface ControlLossOptions {
  /** Segment returns are divided by it. Default 1. */
  readonly rewardScaling?: number
  /** w. With annealing on, the slope *replaces* it. Default 1. */
  readonly klWeight?: number
  /** Learned prior; standard normal when absent. */
  readonly prior?: Posterior
  /** `released`: binary cross-entropy on probabilities with log held at −100. Default null: on logits. */
  readonly compat?: 'released' | null
}

/**
 * Loss of the control variant: binary cross-entropy of σ(R₁ − R₂) **summed** over all pairs + w·2·Σ_b KL. The KL term of its
 * code is twice the divergence, summed over the batch; a weight belongs to this convention.
 */
export function controlLoss(
  returns: AnnotatedReturns,
  posterior: Posterior,
  options: ControlLossOptions = {},
): VplLoss {
  const { rewardScaling = 1, klWeight = 1, prior, compat = null } = options
  const first = div(returns.first, rewardScaling)
  const second = div(returns.second, rewardScaling)
  const reconstruction =
    compat === 'released'
      ? heldCrossEntropy(sigmoid(sub(first, second)), returns.labels)
      : pairLoss(first, second, { label: returns.labels, reduction: 'sum' })
  return lowerBound(reconstruction, controlKl(posterior, prior), klWeight)
}

function heldCrossEntropy(p: Tensor, labels: Tensor): Tensor {
  const right = mul(labels, maximum(log(p), -100))
  const wrong = mul(sub(1, labels), maximum(log(sub(1, p)), -100))
  return neg(sum(add(right, wrong)))
}

/** Loss of the language variant: mean −log σ(r_c − r_r) + w·slope·mean_b KL; chosen and rejected [N]. */
export function languageLoss(
  chosen: Tensor,
  rejected: Tensor,
  posterior: Posterior,
  options: { readonly klWeight?: number; readonly slope?: number } = {},
): VplLoss {
  const { klWeight = 3e-6, slope = 1 } = options
  return lowerBound(pairLoss(chosen, rejected), languageKl(posterior), klWeight * slope)
}

function lowerBound(reconstruction: Tensor, kl: Tensor, weight: number): VplLoss {
  const weightedKl = mul(kl, weight)
  return { reconstruction, kl, weightedKl, total: add(reconstruction, weightedKl) }
}

/** Share of pairs whose preferred segment has the higher return; an equal pair counts as a preference for the second. */
export function labelAccuracy(first: ArrayLike<number>, second: ArrayLike<number>, labels: ArrayLike<number>): number {
  let right = 0
  for (let i = 0; i < labels.length; i++) if ((first[i] > second[i] ? 1 : 0) === labels[i]) right++
  return right / labels.length
}

/** Share of pairs with a loss below ln 2: how the baselines count what is right. */
export function betterThanChance(losses: ArrayLike<number>): number {
  let right = 0
  for (let i = 0; i < losses.length; i++) if (losses[i] < Math.LN2) right++
  return right / losses.length
}

/** The shapes of the annealing schedule. */
export const annealShapes = ['linear', 'cosine', 'logistic', 'none'] as const

/** The annealing schedule of the KL weight. */
export interface AnnealOptions {
  /** Default `cosine`. */
  readonly shape?: (typeof annealShapes)[number]
  /** T. Default 10000. */
  readonly totalSteps?: number
  /** b: slope ← slope·(1 − b) + b. Default 0.1. */
  readonly baseline?: number
  /** Start again when T is reached; the slope 1 is then never used. Default true. */
  readonly cyclical?: boolean
}

/**
 * Weight of the KL term at step s: linear s/T; cosine (cos(π(s/T − 1)) + 1)/2; logistic 1/(1 + e^{T/2 − s}); none 1; then
 * slope·(1 − b) + b. Take the next step with `nextAnnealStep` after each use.
 */
export function annealSlope(step: number, options: AnnealOptions = {}): number {
  const { shape = 'cosine', totalSteps = 10_000, baseline = 0.1 } = options
  assertOneOf(shape, 'shape', annealShapes)
  assertInteger(totalSteps, 'totalSteps', 1)
  assertInRange(step, 'step', 0, totalSteps)
  assertProbability(baseline, 'baseline')
  const slopes = {
    linear: step / totalSteps,
    cosine: (Math.cos(Math.PI * (step / totalSteps - 1)) + 1) / 2,
    logistic: 1 / (1 + Math.exp(totalSteps / 2 - step)),
    none: 1,
  }
  return slopes[shape] * (1 - baseline) + baseline
}

/** The step after this one: s + 1, at most T; back to 0 at T when cyclical. */
export function nextAnnealStep(step: number, options: AnnealOptions = {}): number {
  const { totalSteps = 10_000, cyclical = true } = options
  const next = Math.min(step + 1, totalSteps)
  return cyclical && next >= totalSteps ? 0 : next
}

/** Loss of a baseline without a latent. */
export interface BaselineLoss {
  /** [N] */
  readonly perPair: Tensor
  readonly reconstruction: Tensor
  readonly total: Tensor
}

/**
 * Categorical baseline: rewards are distributions over ordered atoms, P(chosen ≻) = Σ_{i,j} c_i·r_j·[1 if i > j, ½ if =],
 * loss mean −log P + c·Σ m·log m with m the mean distribution of the batch.
 *
 * @param chosen [N][atoms] logits
 * @param rejected [N][atoms] logits
 */
export function categoricalLoss(
  chosen: Tensor,
  rejected: Tensor,
  options: { readonly entropyWeight?: number } = {},
): BaselineLoss & { readonly entropyTerm: Tensor } {
  const { entropyWeight = 0.1 } = options
  const atoms = chosen.shape[1]
  const c = softmax(chosen)
  const r = softmax(rejected)
  // row j, column i: 1 where i > j, ½ on the diagonal
  const below = lowerTriangle(atoms, atoms, { diagonal: -1 })
  const wins = where(lowerTriangle(atoms, atoms), where(below, 0, 0.5), 1)
  const perPair = neg(log(sum(mul(matmul(r, wins), c), { axis: 1 })))
  const average = mul(add(mean(c, { axis: 0 }), mean(r, { axis: 0 })), 0.5)
  const entropyTerm = sum(mul(average, log(average)))
  const reconstruction = mean(perPair)
  return { perPair, reconstruction, entropyTerm, total: add(reconstruction, mul(entropyTerm, entropyWeight)) }
}

/**
 * Mean–variance baseline: z = (μ_c − μ_r)/√(e^{lv_c} + e^{lv_r}), loss mean softplus(−z·√(2π)).
 *
 * @param chosen [N][2] mean and log-variance
 * @param rejected [N][2]
 */
export function meanVarianceLoss(chosen: Tensor, rejected: Tensor): BaselineLoss {
  const [chosenMean, chosenLogVar] = split(chosen, 2, { axis: 1 })
  const [rejectedMean, rejectedLogVar] = split(rejected, 2, { axis: 1 })
  const z = div(sub(chosenMean, rejectedMean), sqrt(add(exp(chosenLogVar), exp(rejectedLogVar))))
  const perPair = reshape(softplus(mul(z, -Math.sqrt(2 * Math.PI))), [chosen.shape[0]])
  const reconstruction = mean(perPair)
  return { perPair, reconstruction, total: reconstruction }
}
