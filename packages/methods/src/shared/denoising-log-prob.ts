import { GuerdonError } from '@guerdon/core'
import { add, div, log, mean, mul, neg, type Operand, square, sub, sum, type Tensor } from '@guerdon/tensor'

/**
 * Log-probability of each stored denoising transition under N(μ, σ²I), averaged (not summed) over all but the first axis:
 *
 *   ℓ = mean_d [ −(x' − μ)²/(2σ²) − log σ − ½·log 2π ]
 *
 * The average is what the released trainers clip; a sum would push every ratio out of their trust regions at once.
 *
 * @param next [B][…] the latents the sampler drew
 * @param means [B][…] means under the policy
 * @param sigma scalar or broadcasting to `next`; a plain number must be > 0 (a deterministic sampler has no log-probability)
 * @returns [B]
 */
export function denoisingLogProb(next: Tensor, means: Tensor, sigma: Operand): Tensor {
  if (typeof sigma === 'number' && !(sigma > 0)) {
    throw new GuerdonError('invalid_option', `expected sigma > 0; got ${sigma}`, {
      path: ['sigma'],
      hint: 'sample with η > 0: a deterministic step has no log-probability',
    })
  }
  const squared = div(square(sub(next, means)), mul(2, square(sigma)))
  const density = sub(neg(squared), add(log(sigma), 0.5 * Math.log(2 * Math.PI)))
  return mean(density, { axis: inner(next) })
}

/** KL(N(μ, σ²I) ‖ N(μ_ref, σ²I)) = ‖μ − μ_ref‖²/(2σ²) of each transition, summed over all but the first axis: [B]. */
export function denoisingKl(means: Tensor, referenceMeans: Tensor, sigma: Operand): Tensor {
  return sum(div(square(sub(means, referenceMeans)), mul(2, square(sigma))), { axis: inner(means) })
}

function inner(x: Tensor): number[] {
  return Array.from({ length: x.shape.length - 1 }, (_, i) => i + 1)
}
