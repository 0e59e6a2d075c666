import { assertInRange, assertSameLength, GuerdonError, logSigmoid, sigmoid } from '@guerdon/core'
import { initialMeanStd, type RunningMeanStd, runningStd, updateMeanStd } from '../../shared/running-mean-std.ts'

/** Which reward a logit gives. */
export type ImitationReward = 'minimax' | 'minimax-plus-non-saturating'

/**
 * Reward of a discriminator logit: `minimax` −log(1 − σ(D) + ε) ≥ 0, saturating at 18.42 for ε = 1e-8 (rewards
 * survival); `minimax-plus-non-saturating` adds log σ(D), which is the logit up to ε (rewards dying early when
 * negative). Never store it: recompute it with the current discriminator when a batch is sampled.
 */
export function imitationReward(
  logit: number,
  options: { readonly form?: ImitationReward /** Default 1e-8. */; readonly epsilon?: number } = {},
): number {
  const { form = 'minimax', epsilon = 1e-8 } = options
  const minimax = -Math.log(1 - sigmoid(logit) + epsilon)
  return form === 'minimax' ? minimax : minimax + logSigmoid(logit)
}

/** RED, the support-estimation baseline: exp(−prediction loss / running std). */
export function redReward(predictionLoss: number, runningStd: number): number {
  if (!(runningStd > 0))
    throw new GuerdonError('invalid_input', `expected a running std above 0; got ${runningStd}`, {
      path: ['runningStd'],
    })
  return Math.exp(-predictionLoss / runningStd)
}

/** Rewards made smaller where something is steep. */
export interface Preconditioned {
  /** [B] κ·r. */
  readonly rewards: Float64Array
  /** [B] κ in (0, 1]. */
  readonly kappa: Float64Array
}

/**
 * PURPLE per sample: κᵢ = exp(−max(0, ‖Jᵢ‖ − τ)²), r̃ = κr. Applied to the reward only, never to the discriminator's
 * loss.
 * @param rewards [B] @param jacobianNorms [B] of the thing to be tamed
 */
export function preconditionPerSample(
  rewards: ArrayLike<number>,
  jacobianNorms: ArrayLike<number>,
  options: { /** τ. Default 1. */ readonly threshold?: number } = {},
): Preconditioned {
  const { threshold = 1 } = options
  assertSameLength(rewards, 'rewards', jacobianNorms, 'jacobianNorms')
  const kappa = Float64Array.from(jacobianNorms, norm => Math.exp(-(Math.max(0, norm - threshold) ** 2)))
  return { rewards: kappa.map((k, i) => k * rewards[i]), kappa }
}

/** Choices of the batch-wise form. */
export interface BatchPreconditionOptions {
  /** τ. Default 9. */
  readonly threshold?: number
  /** Running deviation of past penalties. Default 1. */
  readonly runningStd?: number
  /** Smallest κ. Default 0.7. */
  readonly minimum?: number
}

/**
 * PURPLE as trained (`gail_mod_f`): one κ for the mini-batch, max(exp(−mean max(0, ‖J_f‖ − τ)²/std), minimum), from the
 * Jacobian of a learned forward model.
 */
export function preconditionBatch(
  rewards: ArrayLike<number>,
  jacobianNorms: ArrayLike<number>,
  options: BatchPreconditionOptions = {},
): { readonly rewards: Float64Array; readonly kappa: number; readonly penalty: number } {
  const { threshold = 9, runningStd = 1, minimum = 0.7 } = options
  assertSameLength(rewards, 'rewards', jacobianNorms, 'jacobianNorms')
  let penalty = 0
  for (let i = 0; i < jacobianNorms.length; i++)
    penalty += Math.max(0, jacobianNorms[i] - threshold) ** 2 / jacobianNorms.length
  const kappa = Math.max(Math.exp(-penalty / runningStd), minimum)
  return { rewards: Float64Array.from(rewards, r => kappa * r), kappa, penalty }
}

/** Penalties seen lately with their running moments; plain JSON. */
export interface PenaltyScale {
  readonly recent: readonly number[]
  readonly moments: RunningMeanStd
}

/** State before the first mini-batch; its deviation is 1. */
export const initialPenaltyScale: PenaltyScale = { recent: [], moments: initialMeanStd(1) }

/**
 * Adds a penalty to a queue of the last ten and the whole queue to the moments; returns the deviation (variance floored
 * at 1e-2).
 */
export function updatePenaltyScale(
  state: PenaltyScale,
  penalty: number,
  options: { /** Default 10. */ readonly length?: number /** Default 1e-2. */; readonly varianceFloor?: number } = {},
): { readonly state: PenaltyScale; readonly std: number } {
  const { length = 10, varianceFloor = 1e-2 } = options
  const recent = [...state.recent, penalty].slice(-length)
  const moments = updateMeanStd(
    state.moments,
    recent.map(value => [value]),
  )
  return { state: { recent, moments }, std: runningStd(moments, { varianceFloor })[0] }
}

/** Bounds on the Lipschitz constant of Q. */
export interface QLipschitzBound {
  /** C = A²·max(1, B²). */
  readonly c: number
  /** The paper's: δ·√Σ_{k<n}(γ²C)^k, endless δ/√(1 − γ²C); null when it diverges. */
  readonly reported: number | null
  /**
   * By the triangle inequality: δ·Σ_{k<n}(γL)^k, endless δ/(1 − γL); null when it diverges. Larger; holds for collinear
   * gradients too.
   */
  readonly triangleInequality: number | null
  /** L = A·√(1 + B²). */
  readonly chain: number
}

/**
 * Bounds ‖∇Q‖ by those of reward (δ), dynamics (A) and policy (B). A reward multiplied by κ scales both by κ. Use the
 * triangle-inequality bound where a guarantee is needed.
 *
 * @param remainingSteps T − t, or null for the endless horizon
 * Source: Blondé et al. 2020, theorem 6.2 (reported); the other derived here.
 */
export function qLipschitzBound(bounds: {
  readonly reward: number
  readonly dynamics: number
  readonly policy: number
  readonly discount: number
  readonly remainingSteps?: number | null
}): QLipschitzBound {
  const { reward, dynamics, policy, discount, remainingSteps = null } = bounds
  assertInRange(discount, 'discount', 0, 1)
  const c = dynamics ** 2 * Math.max(1, policy ** 2)
  const chain = dynamics * Math.sqrt(1 + policy ** 2)
  const squares = geometricSum(discount ** 2 * c, remainingSteps)
  const plain = geometricSum(discount * chain, remainingSteps)
  return {
    c,
    reported: squares === null ? null : reward * Math.sqrt(squares),
    triangleInequality: plain === null ? null : reward * plain,
    chain,
  }
}

/** Σ_{k<n} x^k; for n = null 1/(1 − x), or null when x ≥ 1. */
function geometricSum(x: number, terms: number | null): number | null {
  if (terms === null) return x < 1 ? 1 / (1 - x) : null
  let total = 0
  let power = 1
  for (let k = 0; k < terms; k++) {
    total += power
    power *= x
  }
  return total
}
