import { add, div, mul } from '../operators/binary.ts'
import { sqrt, square } from '../operators/unary.ts'
import { type Optimiser, type OptimiserOptions, optimiserOf } from './optimiser.ts'

/** Settings of {@link rmsProp}. */
export interface RmsPropOptions extends OptimiserOptions {
  /** α, decay of the mean square; default 0.99. */
  readonly decay?: number
  /** Added to the root of the mean square; default 1e-8. */
  readonly epsilon?: number
}

/**
 * RMSProp (Tieleman & Hinton 2012): v ← αv + (1 − α)g²; θ ← θ − η·g/(√v + ε), v = 0 at first, not corrected for it. As in
 * PyTorch; TensorFlow adds ε under the root.
 */
export function rmsProp(options: RmsPropOptions): Optimiser {
  const { decay = 0.99, epsilon = 1e-8 } = options
  return optimiserOf(
    {
      vectors: ['meanSquare'],
      step(gradient, vectors, rate) {
        const meanSquare = add(mul(decay, vectors['meanSquare']), mul(1 - decay, square(gradient)))
        return { change: mul(rate, div(gradient, add(sqrt(meanSquare), epsilon))), vectors: { meanSquare } }
      },
    },
    options,
  )
}
