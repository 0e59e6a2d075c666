import type { Tensor } from '../graph.ts'
import { add, div, mul } from '../operators/binary.ts'
import { expm1, neg, sqrt, square } from '../operators/unary.ts'
import { type Optimiser, type OptimiserOptions, optimiserOf } from './optimiser.ts'

/** Settings of {@link adam} and {@link adamW}. */
export interface AdamOptions extends OptimiserOptions {
  /** Decay of the first moment; default 0.9. */
  readonly beta1?: number
  /** Decay of the second moment; default 0.999. */
  readonly beta2?: number
  /** Added to the root of the second moment; default 1e-8. */
  readonly epsilon?: number
  /** λ; see {@link adam} and {@link adamW} for where it enters. */
  readonly weightDecay?: number
}

/** 1 − βᵗ as −expm1(t·ln β), which keeps its digits in float32 when β is near 1. */
function correction(beta: number, count: Tensor): Tensor {
  return neg(expm1(mul(count, Math.log(beta))))
}

function build(options: AdamOptions, weightDecay: number, decoupled: boolean): Optimiser {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options
  return optimiserOf(
    {
      vectors: ['first', 'second'],
      step(gradient, vectors, rate, count, parameters) {
        const penalised = weightDecay !== 0 && !decoupled
        const slope = penalised ? add(gradient, mul(weightDecay, parameters())) : gradient
        const first = add(mul(beta1, vectors['first']), mul(1 - beta1, slope))
        const second = add(mul(beta2, vectors['second']), mul(1 - beta2, square(slope)))
        // √(v/c₂) + ε = (√v + ε√c₂)/√c₂ moves both corrections into scalars.
        const root = sqrt(correction(beta2, count))
        const scale = div(mul(rate, root), correction(beta1, count))
        const change = div(mul(scale, first), add(sqrt(second), mul(epsilon, root)))
        const decayed = weightDecay !== 0 && decoupled
        return {
          change: decayed ? add(change, mul(mul(rate, weightDecay), parameters())) : change,
          vectors: { first, second },
        }
      },
    },
    options,
  )
}

/**
 * Adam (Kingma & Ba 2015): m ← β₁m + (1 − β₁)g; v ← β₂v + (1 − β₂)g²; θ ← θ − η·m̂/(√v̂ + ε) with m̂ = m/(1 − β₁ᵗ) and
 * v̂ = v/(1 − β₂ᵗ). `weightDecay` (default 0) adds λθ to the gradient.
 */
export function adam(options: AdamOptions): Optimiser {
  return build(options, options.weightDecay ?? 0, false)
}

/** AdamW (Loshchilov & Hutter 2019): Adam and, apart from it, θ ← θ − η·λ·θ. `weightDecay` defaults to 0.01. */
export function adamW(options: AdamOptions): Optimiser {
  return build(options, options.weightDecay ?? 0.01, true)
}
