import type { Tensor } from '../graph.ts'
import { valueAndGrad } from '../transform/functional.ts'
import type { Optimiser, OptimiserState } from './optimiser.ts'

/** What one training step gives. */
export interface TrainingResult<P> {
  parameters: P
  state: OptimiserState
  loss: Tensor
  /** 2-norm of the gradient over all parameters, before clipping. */
  gradientNorm: Tensor
}

/**
 * A whole training step as one function on tensors — loss, gradient, clipping, update — to be compiled once and fed its
 * own results: `(parameters, state, …batch) → { parameters, state, loss, gradientNorm }`.
 */
export function trainingStep<P, B extends readonly unknown[]>(
  loss: (parameters: P, ...batch: B) => Tensor,
  optimiser: Optimiser,
): (parameters: P, state: OptimiserState, ...batch: B) => TrainingResult<P> {
  const differentiated = valueAndGrad(loss)
  return (parameters, state, ...batch) => {
    const { value, gradient } = differentiated(parameters, ...batch)
    const { parameters: next, state: nextState, gradientNorm } = optimiser.update(gradient as P, state, parameters)
    return { parameters: next, state: nextState, loss: value, gradientNorm }
  }
}
