import { assertFinite, assertSameLength, GuerdonError } from '@guerdon/core'
import { add, div, mean, mul, neg, reshape, stopGradient, sub, sum, type Tensor } from '@guerdon/tensor'

/** Choices of `normalizedRewardGradient`. */
export interface CombinationOptions {
  /** [m] w_j; 1 each when absent. */
  readonly weights?: readonly number[]
  /** Added to each norm. Default 1e-8. */
  readonly epsilon?: number
  /** Divide each gradient by its norm; without it the reward of the largest scale decides alone. Default true. */
  readonly normalise?: boolean
}

/** The combined gradient field of one sample and what it is made of. */
export interface CombinedGradient {
  /** [m] ‖g_j‖₂; NaN marks a reward that was dropped. */
  readonly norms: Float64Array
  /** [d] G = Σ_j w_j·g_j/(‖g_j‖₂ + ε) */
  readonly combined: Float64Array
  readonly combinedNorm: number
  /** [d] Σ_j w_j·g_j, for comparison */
  readonly rawCombination: Float64Array
  /** Rewards left out because their gradient was not finite. */
  readonly dropped: readonly number[]
}

/**
 * Combines the gradients of several rewards with respect to one generated sample at equal strength:
 * G = Σ_j w_j·g_j/(‖g_j‖₂ + ε). Per sample, never over the batch. A zero gradient contributes zero; a gradient with NaN is
 * dropped and named; opposed unit gradients cancel, which `combinedNorm` shows.
 *
 * @param gradients [m][d] ∂r_j/∂x, flattened
 */
export function normalizedRewardGradient(
  gradients: readonly ArrayLike<number>[],
  options: CombinationOptions = {},
): CombinedGradient {
  const { weights = gradients.map(() => 1), epsilon = 1e-8, normalise = true } = options
  assertSameLength(gradients, 'gradients', weights, 'weights')
  assertFinite(weights, 'weights')
  const size = gradients[0]?.length ?? 0
  const norms = new Float64Array(gradients.length)
  const combined = new Float64Array(size)
  const rawCombination = new Float64Array(size)
  const dropped: number[] = []
  for (const [j, gradient] of gradients.entries()) {
    if (gradient.length !== size) {
      throw new GuerdonError(
        'shape_mismatch',
        `expected gradients of ${size} numbers; reward ${j} has ${gradient.length}`,
        {
          path: ['gradients', j],
        },
      )
    }
    let squares = 0
    for (let d = 0; d < size; d++) squares += gradient[d] ** 2
    norms[j] = Math.sqrt(squares)
    if (!Number.isFinite(norms[j])) {
      dropped.push(j)
      norms[j] = Number.NaN
      continue
    }
    const scale = weights[j] / (normalise ? norms[j] + epsilon : 1)
    for (let d = 0; d < size; d++) {
      combined[d] += scale * gradient[d]
      rawCombination[d] += weights[j] * gradient[d]
    }
  }
  const combinedNorm = Math.sqrt(combined.reduce((total, value) => total + value * value, 0))
  return { norms, combined, combinedNorm, rawCombination, dropped }
}

/**
 * The surrogate −mean_i ⟨x_i, stopgrad(G_i)⟩ whose gradient with respect to the generator is −Jᵀ·G: injects a gradient field
 * in data space at the generator's output.
 *
 * @param samples [B][…] generated, differentiable
 * @param field [B][…] G
 */
export function rewardFieldLoss(samples: Tensor, field: Tensor): Tensor {
  const rows = (x: Tensor): Tensor => reshape(x, [x.shape[0], -1])
  return neg(mean(sum(mul(rows(samples), stopGradient(rows(field))), { axis: 1 })))
}

/** λ·‖θ − θ₀‖²: keeps the generator near the model it started from, which is the only prior there is. */
export function weightRegulariser(parameters: readonly Tensor[], reference: readonly Tensor[], lambda: number): Tensor {
  const distances = parameters.map((parameter, i) => {
    const difference = sub(parameter, stopGradient(reference[i]))
    return sum(mul(difference, difference))
  })
  return mul(
    distances.reduce((total, distance) => add(total, distance)),
    lambda,
  )
}

/**
 * The guidance direction as an implicit reward: ∇ log p(c | x_t) = −(ε_c − ε_u)/√(1 − ᾱ_t), and the same direction carried
 * over to the clean prediction, −(ε_c − ε_u)·√((1 − ᾱ_t)/ᾱ_t).
 */
export function implicitGuidanceReward(
  conditional: Tensor,
  unconditional: Tensor,
  alphaCumulative: number,
): { readonly logLikelihoodGradient: Tensor; readonly cleanDirection: Tensor } {
  const difference = sub(unconditional, conditional)
  return {
    logLikelihoodGradient: div(difference, Math.sqrt(1 - alphaCumulative)),
    cleanDirection: mul(difference, Math.sqrt((1 - alphaCumulative) / alphaCumulative)),
  }
}
