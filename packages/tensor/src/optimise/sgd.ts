import type { Tensor } from '../graph.ts'
import { add, mul } from '../operators/binary.ts'
import { type Optimiser, type OptimiserOptions, optimiserOf } from './optimiser.ts'

/** Settings of {@link sgd}. */
export interface SgdOptions extends OptimiserOptions {
  /** μ of v ← μv + g; default 0, plain gradient descent. */
  readonly momentum?: number
  /** Step along g + μv instead of v. */
  readonly nesterov?: boolean
  /** λ of the penalty λ/2·‖θ‖², added to the gradient; default 0. */
  readonly weightDecay?: number
}

/** Stochastic gradient descent: g ← g + λθ; v ← μv + g; θ ← θ − η·v. */
export function sgd(options: SgdOptions): Optimiser {
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options
  return optimiserOf(
    {
      vectors: momentum === 0 ? [] : ['velocity'],
      step(gradient, vectors, rate, _count, parameters) {
        const slope = weightDecay === 0 ? gradient : add(gradient, mul(weightDecay, parameters()))
        if (momentum === 0) return { change: mul(rate, slope), vectors: {} as Record<string, Tensor> }
        const velocity = add(mul(momentum, vectors['velocity']), slope)
        const direction = nesterov ? add(slope, mul(momentum, velocity)) : velocity
        return { change: mul(rate, direction), vectors: { velocity } }
      },
    },
    options,
  )
}
