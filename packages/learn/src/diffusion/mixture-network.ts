import {
  add,
  cast,
  constant,
  div,
  expandDims,
  gather,
  log,
  matmul,
  mul,
  ndarray,
  softmax,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
} from '@guerdon/tensor'
import type { GaussianMixture } from '@guerdon/worlds/images/gaussian-mixture'
import { type DiffusionModel, type DiffusionModelOptions, diffusionModel } from './model.ts'
import type { DenoiserNetwork } from './network.ts'

/**
 * The exact denoiser of an isotropic Gaussian mixture as a model without parameters, predicting x₀: E[x₀ | x_t] =
 * Σ_j P(j | x_t)·(μ_j + √ᾱ·v_j/(ᾱ·v_j + 1 − ᾱ)·(x_t − √ᾱ·μ_j)). To hold samplers and steering against without training; in
 * float64 the same is `denoiseMixture` of `@guerdon/worlds`.
 */
export function mixtureModel(
  mixture: GaussianMixture,
  options: Omit<DiffusionModelOptions, 'prediction'> = {},
): DiffusionModel<readonly Tensor[]> {
  const size = mixture.means[0].length
  const network: DenoiserNetwork<readonly Tensor[]> = {
    name: 'gaussian-mixture',
    settings: {
      weights: Array.from(mixture.weights),
      means: mixture.means.flatMap(mean => Array.from(mean)),
      variances: Array.from(mixture.variances),
    },
    shape: [size],
    classes: 0,
    initial: () => [],
    apply(_, samples, timesteps) {
      const means = constant(ndarray(mixture.means.map(mean => Array.from(mean))))
      const variances = constant(mixture.variances)
      const alpha = gather(constant(model.schedule.alphasCumulative), cast(timesteps, 'int32'))
      const signal = expandDims(alpha, { axis: 1 })
      const spread = add(mul(signal, variances), sub(1, signal))
      const distance = add(
        sub(
          sum(square(samples), { axis: 1, keepDims: true }),
          mul(mul(sqrt(signal), matmul(samples, transpose(means))), 2),
        ),
        mul(signal, sum(square(means), { axis: 1 })),
      )
      const logits = sub(
        sub(constant(mixture.weights.map(Math.log)), mul(log(spread), size / 2)),
        div(distance, mul(spread, 2)),
      )
      const weights = softmax(logits, { axis: 1 })
      const gain = div(mul(sqrt(signal), variances), spread)
      const shares = mul(weights, gain)
      const pulled = sub(weights, mul(shares, sqrt(signal)))
      return add(matmul(pulled, means), mul(samples, sum(shares, { axis: 1, keepDims: true })))
    },
  }
  const model = diffusionModel(network, { ...options, prediction: 'sample' })
  return model
}
