import {
  add,
  expandDims,
  logSoftmax,
  matmul,
  mean,
  mul,
  neg,
  type Operand,
  square,
  sum,
  type Tensor,
  takeAlongAxis,
} from '@guerdon/tensor'

/**
 * Loss of the linear alternative to selected Gaussians: one soft-max layer on all features with strong regularisation,
 * mean_i −log softmax(X·W + b)[yᵢ] + l2·Σ W². g_k is then the class probability.
 *
 * @param weights [D][n] @param bias [n] @param features [N][D] @param steps [N] int32 step of each frame, from 0
 */
export function linearStepLoss(
  weights: Tensor,
  bias: Tensor,
  features: Tensor,
  steps: Tensor,
  options: { /** Default 1. */ readonly l2?: Operand } = {},
): Tensor {
  const { l2 = 1 } = options
  const logProbabilities = logSoftmax(add(matmul(features, weights), bias), { axis: -1 })
  const chosen = takeAlongAxis(logProbabilities, expandDims(steps, { axis: -1 }), { axis: -1 })
  return add(neg(mean(chosen)), mul(sum(square(weights)), l2))
}
