import { assertInteger, assertNotEmpty } from '@guerdon/core'
import { concat, type Dense, mlp, mlpParameters, oneHot, silu, type Tensor } from '@guerdon/tensor'
import type { DenoiserNetwork } from './network.ts'
import { timeFeatures } from './time-features.ts'

/** Size of an MLP that denoises points. */
export interface MlpDenoiserOptions {
  /** Numbers of a point. Default 2. */
  readonly size?: number
  /** Default 0. */
  readonly classes?: number
  /** Widths of the hidden layers. Default [64, 64]. */
  readonly hidden?: readonly number[]
  /** Features of the timestep, an even number. Default 16. */
  readonly timeWidth?: number
}

/** Dense layers with SiLU on [x, features of t, one-hot label]; the empty condition is all zeros. */
export function mlpDenoiser(options: MlpDenoiserOptions = {}): DenoiserNetwork<Dense[]> {
  const { size = 2, classes = 0, hidden = [64, 64], timeWidth = 16 } = options
  assertInteger(size, 'size', 1)
  assertInteger(classes, 'classes')
  assertNotEmpty(hidden, 'hidden')
  for (const width of hidden) assertInteger(width, 'hidden', 1)
  return {
    name: 'mlp-denoiser',
    settings: { size, classes, hidden, timeWidth },
    shape: [size],
    classes,
    initial: random => mlpParameters(random, [size + timeWidth + classes, ...hidden, size]),
    apply(parameters, samples, timesteps, labels) {
      const parts: Tensor[] = [samples, timeFeatures(timesteps, timeWidth)]
      if (classes > 0) parts.push(oneHot(labels, { depth: classes }))
      return mlp(parameters, concat(parts, { axis: 1 }), { activation: silu })
    },
  }
}
