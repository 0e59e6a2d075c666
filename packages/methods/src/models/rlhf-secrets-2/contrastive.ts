import { assertInteger, GuerdonError } from '@guerdon/core'
import {
  add,
  arange,
  concat,
  div,
  exp,
  logSoftmax,
  matmul,
  max,
  maximum,
  mean,
  mul,
  neg,
  norm,
  oneHot,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from '@guerdon/tensor'

/**
 * Difference features of N pairs: chosen − rejected first, then rejected − chosen.
 *
 * @param chosen [N][d]
 * @param rejected [N][d]
 * @returns [2N][d]
 */
export function differenceFeatures(chosen: Tensor, rejected: Tensor): Tensor {
  const difference = sub(chosen, rejected)
  return concat([difference, neg(difference)])
}

/** A contrastive loss by sample and its mean. */
export interface ContrastiveLoss {
  /** [B] */
  readonly perSample: Tensor
  /** Their mean. */
  readonly loss: Tensor
}

/**
 * SimCSE (Eq. 9): −log [exp(cos(s_i, t_i)/τ) / Σ_j exp(cos(s_i, t_j)/τ)] over two views (two dropout masks) of the same
 * features. A batch of one gives 0. τ is not stated in the paper; 0.05 is SimCSE's own.
 *
 * @param first [B][d] view s
 * @param second [B][d] view t
 */
export function simcseLoss(
  first: Tensor,
  second: Tensor,
  options: { readonly temperature?: number } = {},
): ContrastiveLoss {
  const { temperature = 0.05 } = options
  const similarity = matmul(unitRows(first), unitRows(second), { transposeB: true })
  const logProbabilities = logSoftmax(div(similarity, temperature))
  const own = oneHot(arange(first.shape[0], { dtype: 'int32' }), { depth: first.shape[0] })
  const perSample = neg(sum(mul(logProbabilities, own), { axis: 1 }))
  return { perSample, loss: mean(perSample) }
}

/** Choices of the SwAV loss. */
export interface SwavOptions {
  /** τ of the predictions. Default 0.1. */
  readonly temperature?: number
  /** ε of the codes. Default 0.05. */
  readonly sinkhornEpsilon?: number
  /** Default 3. */
  readonly sinkhornIterations?: number
}

/** The SwAV loss and the codes it compares. */
export interface SwavLoss extends ContrastiveLoss {
  /** [B][K] codes of the first and second view. */
  readonly firstCodes: Tensor
  readonly secondCodes: Tensor
}

/**
 * SwAV (Eq. 7–8): each view predicts the other's assignment to K prototypes, −Σ q_s·log p_t − Σ q_t·log p_s with
 * p ∝ exp(h·c/τ) on unit vectors. Codes q come from Sinkhorn iterations that spread the batch evenly over prototypes and
 * carry no gradient. Internals follow SwAV (arXiv 2006.09882).
 *
 * @param first [B][d]
 * @param second [B][d]
 * @param prototypes [K][d]
 * @throws invalid_input for B < K/2, where the codes are degenerate
 */
export function swavLoss(first: Tensor, second: Tensor, prototypes: Tensor, options: SwavOptions = {}): SwavLoss {
  const { temperature = 0.1 } = options
  const [batch] = first.shape
  const [count] = prototypes.shape
  if (batch < count / 2) {
    throw new GuerdonError('invalid_input', `expected a batch of at least half the ${count} prototypes; got ${batch}`, {
      path: ['first'],
      hint: 'use fewer prototypes or larger batches',
    })
  }
  const directions = unitRows(prototypes)
  const firstScores = matmul(unitRows(first), directions, { transposeB: true })
  const secondScores = matmul(unitRows(second), directions, { transposeB: true })
  const firstCodes = sinkhornCodes(firstScores, options)
  const secondCodes = sinkhornCodes(secondScores, options)
  const cross = (codes: Tensor, scores: Tensor) => sum(mul(codes, logSoftmax(div(scores, temperature))), { axis: 1 })
  const perSample = neg(add(cross(secondCodes, firstScores), cross(firstCodes, secondScores)))
  return { firstCodes, secondCodes, perSample, loss: mean(perSample) }
}

/**
 * Assignments of B samples to K prototypes by Sinkhorn–Knopp on exp(scores/ε): prototypes normalised to 1/K, then samples to
 * 1/B, `sinkhornIterations` times, finally scaled so that each row sums to 1. No gradient.
 *
 * @param scores [B][K]
 * @returns [B][K]
 */
export function sinkhornCodes(scores: Tensor, options: SwavOptions = {}): Tensor {
  const { sinkhornEpsilon = 0.05, sinkhornIterations = 3 } = options
  assertInteger(sinkhornIterations, 'sinkhornIterations', 1)
  const [batch, count] = scores.shape
  const fixed = div(stopGradient(scores), sinkhornEpsilon)
  let plan = exp(sub(fixed, max(fixed)))
  plan = div(plan, sum(plan))
  for (let i = 0; i < sinkhornIterations; i++) {
    plan = div(plan, mul(sum(plan, { axis: 0, keepDims: true }), count))
    plan = div(plan, mul(sum(plan, { axis: 1, keepDims: true }), batch))
  }
  return mul(plan, batch)
}

function unitRows(x: Tensor): Tensor {
  return div(x, maximum(norm(x, { axis: 1, keepDims: true }), 1e-12))
}
