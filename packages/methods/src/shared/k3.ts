import { expm1, sub, type Tensor } from '@guerdon/tensor'

/**
 * k3 = e^d − d − 1 with d = log π_ref − log π, element by element and without bounds: unbiased for KL(π ‖ π_ref), ≥ 0,
 * gradient 1 − e^d. `klPenalty` in `kl.ts` is the same with verl's clamps (d within ±20, k3 at most 10).
 */
export function unboundedK3(logProbs: Tensor, refLogProbs: Tensor): Tensor {
  const d = sub(refLogProbs, logProbs)
  return sub(expm1(d), d)
}
