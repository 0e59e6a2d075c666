import { assertInteger, GuerdonError } from '@guerdon/core'
import {
  add,
  gradients,
  greater,
  isTensor,
  mul,
  rsqrt,
  sigmoid,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  treeLeaves,
  where,
} from '@guerdon/tensor'
import {
  type AlignmentParameters,
  type ObjectiveOptions,
  type Policy,
  policyObjective,
  type ReturnBaselineOf,
  type TrajectoryBatch,
} from './objective.ts'

/** A term of the series may be this many times its predecessor. */
const largestGrowth = 1.5

/** Choices of the outer step. */
export interface HypergradientOptions extends Pick<ObjectiveOptions, 'primaryGamma' | 'variant'> {
  /**
   * `first-order` takes −identity for the inverse Hessian; else the Neumann series with this step and number of loops.
   * Default { alpha: 5e-4, loops: 5 }.
   */
  readonly approximation?: 'first-order' | { readonly alpha: number; readonly loops: number }
  /**
   * When a term of the series grows beyond 1.5 times its predecessor: `stop` keeps the sum so far, `none` goes on as
   * released. Default `stop`.
   */
  readonly guard?: 'stop' | 'none'
  /** Entropy weight inside the inner objective, and so inside the Hessian. Default 0.25. */
  readonly entropyCoefficient?: number
  /** λ_r on the sum of un-squared 2-norms of φ's tensors. Default 0. */
  readonly rewardPenalty?: number
  /** λ_γ on the output γ_ϕ, pulling it down. Default 0.25. */
  readonly gammaPenalty?: number
  /** Subtracted from the returns of both objectives, against noise. Default: nothing, as released. */
  readonly baseline?: ReturnBaselineOf
}

/** Ascent directions; hand the *negative* to a minimising optimiser. */
export interface Hypergradient {
  /** Like φ. */
  readonly reward: { readonly weight?: Tensor; readonly bias: Tensor }
  /** [1] */
  readonly gamma: Tensor
}

/**
 * Implicit gradient of the primary return with respect to the alignment parameters: −v·Hm⁻¹·∂G/∂(φ, g), v = ∇_θ
 * J_primary on the newest trajectories, G = ∇_θ J_aligned and Hm = ∂G/∂θ on a large old batch; −Hm⁻¹v ≈ α·Σ_{j≤K} (I +
 * αHm)^j v, or v itself (first order; those steps are 1/α times larger). Minus the penalties' gradients.
 *
 * The series contracts only where the eigenvalues of αHm lie in (−2, 0), near a maximum; elsewhere its terms may grow, which
 * the guard stops. `neumannInverseProduct` does the same outside a graph and tells when it did.
 *
 * @param theta policy parameters, a tree of tensors
 * Source: Gupta et al. 2023, eq. (10) and appendix; `outer_first_order`, `outer_Neumann`.
 */
export function hypergradient<Theta>(
  policy: Policy<Theta>,
  theta: Theta,
  alignment: AlignmentParameters,
  outer: TrajectoryBatch,
  inner: TrajectoryBatch,
  options: HypergradientOptions = {},
): Hypergradient {
  const { approximation = { alpha: 5e-4, loops: 5 }, entropyCoefficient = 0.25 } = options
  const { rewardPenalty = 0, gammaPenalty = 0.25, guard = 'stop' } = options
  const leaves = treeLeaves(theta, isTensor) as Tensor[]
  const primary = policyObjective(policy(theta, outer), outer, alignment, {
    ...options,
    entropyCoefficient: 0,
    mode: 'primary',
  })
  const v = gradients(primary, leaves).map(stopGradient)
  const aligned = policyObjective(policy(theta, inner), inner, alignment, {
    ...options,
    entropyCoefficient,
    mode: 'aligned',
  })
  const slope = gradients(aligned, leaves)
  const along = (direction: readonly Tensor[]) => innerProduct(slope, direction)

  let direction = v
  if (approximation !== 'first-order') {
    const { alpha, loops } = approximation
    assertInteger(loops, 'loops')
    let term = v
    let total = v
    for (let j = 0; j < loops; j++) {
      const curved = gradients(along(term), leaves)
      const next = term.map((b, i) => stopGradient(add(b, mul(curved[i], alpha))))
      term = guard === 'none' ? next : unlessGrown(next, term)
      total = total.map((s, i) => add(s, term[i]))
    }
    direction = total.map(s => mul(s, alpha))
  }

  const objective = along(direction.map(stopGradient))
  const { weight, bias } = alignment.reward
  const rewardLeaves = weight ? [weight, bias] : [bias]
  const pulls = gradients(objective, [...rewardLeaves, alignment.gamma])
  const penalised = rewardLeaves.map((leaf, i) => sub(pulls[i], mul(unit(leaf), rewardPenalty)))
  const gamma = sigmoid(alignment.gamma)
  const gammaSlope = mul(gamma, sub(1, gamma))
  return {
    reward: weight ? { weight: penalised[0], bias: penalised[1] } : { bias: penalised[0] },
    gamma: sub(pulls[pulls.length - 1], mul(gammaSlope, gammaPenalty)),
  }
}

/** The next term; 0, and so 0 ever after, when it grew or is no longer finite. */
function unlessGrown(next: readonly Tensor[], term: readonly Tensor[]): Tensor[] {
  const limit = mul(innerProduct(term, term), largestGrowth ** 2)
  const contracts = greater(limit, innerProduct(next, next))
  return next.map(tensor => where(contracts, tensor, 0))
}

function innerProduct(first: readonly Tensor[], second: readonly Tensor[]): Tensor {
  return first.map((tensor, i) => sum(mul(tensor, second[i]))).reduce((a, b) => add(a, b))
}

/** x/‖x‖₂, the gradient of the un-squared norm; 0 for a zero tensor. */
function unit(x: Tensor): Tensor {
  const squares = sum(square(x))
  const positive = greater(squares, 0)
  return mul(x, where(positive, rsqrt(where(positive, squares, 1)), 0))
}

/** What the series gave, and what became of it. */
export interface NeumannResult {
  /** ≈ H⁻¹·v. */
  readonly approximation: Float64Array
  /** Terms summed, the first included. */
  readonly terms: number
  /** True when a term grew beyond `growth` times its predecessor and the guard took over: log it. */
  readonly diverged: boolean
}

/** Choices of the guarded series. */
export interface NeumannOptions {
  /** α. Default 5e-4. */
  readonly alpha?: number
  /** K. Default 5. */
  readonly loops?: number
  /**
   * When a term grows: go on as released (`none`), keep the sum so far (`stop`), give −v (`first-order`, H ≈ −I), or go on
   * with the term cut to its predecessor's length (`cap`). Default `stop`.
   */
  readonly guard?: 'none' | 'stop' | 'first-order' | 'cap'
  /** A term may be this many times its predecessor. Default 1.5. */
  readonly growth?: number
}

/**
 * H⁻¹·v ≈ −α·Σ_{j≤K} (I + αH)^j·v for a maximised objective's Hessian H (negative definite near a maximum), given only
 * its products with vectors.
 * @param multiply H·vector, e.g. a Hessian-vector product asked of a trainer
 */
export function neumannInverseProduct(
  multiply: (vector: Float64Array) => ArrayLike<number>,
  vector: ArrayLike<number>,
  options: NeumannOptions = {},
): NeumannResult {
  const { alpha = 5e-4, loops = 5, guard = 'stop', growth = largestGrowth } = options
  assertInteger(loops, 'loops')
  let term: Float64Array = Float64Array.from(vector)
  const total = Float64Array.from(vector)
  let terms = 1
  let diverged = false
  for (let j = 0; j < loops; j++) {
    const product = multiply(term)
    let next = term.map((b, i) => b + alpha * product[i])
    const grown = guard !== 'none' && !(size(next) <= growth * size(term))
    if (grown && guard === 'cap' && Number.isFinite(size(next))) {
      const cut = size(term) / size(next)
      next = next.map(b => b * cut)
      diverged = true
    } else if (grown) {
      const kept = guard === 'first-order' ? Float64Array.from(vector, x => -x) : total.map(s => -alpha * s)
      return { approximation: kept, terms, diverged: true }
    }
    term = next
    for (let i = 0; i < total.length; i++) total[i] += term[i]
    terms++
  }
  const approximation = total.map(s => -alpha * s)
  if (!approximation.every(Number.isFinite))
    throw new GuerdonError('not_finite', 'expected a contracting Neumann series; it overflowed', {
      hint: 'use a smaller alpha or a guard',
    })
  return { approximation, terms, diverged }
}

function size(vector: Float64Array): number {
  return Math.hypot(...vector)
}
