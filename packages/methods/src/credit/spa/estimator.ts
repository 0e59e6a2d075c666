import { assertFinite, assertInRange } from '@guerdon/core'
import { add, matmul, mean, mul, reshape, square, sub, sum, type Tensor } from '@guerdon/tensor'

/**
 * Positions at which turns end: the last of each run of adjacent positions with mask 1.
 *
 * @param assistantMask [L] 1 on tokens of the policy
 */
export function turnEndIndices(assistantMask: ArrayLike<number>): Int32Array {
  const ends: number[] = []
  for (let t = 0; t < assistantMask.length; t++) {
    if (assistantMask[t] && !(t + 1 < assistantMask.length && assistantMask[t + 1])) ends.push(t)
  }
  return Int32Array.from(ends)
}

/** 1 at turn ends, 0 elsewhere: what the estimator's loss sums over. [L] */
export function turnEndMask(assistantMask: ArrayLike<number>): Float64Array {
  const mask = new Float64Array(assistantMask.length)
  for (const end of turnEndIndices(assistantMask)) mask[end] = 1
  return mask
}

/** Weights of a linear head: one number from each feature vector. */
export interface LinearHead {
  /** [D] */
  readonly weight: Tensor
  /** Scalar. */
  readonly bias: Tensor
}

/**
 * ĉ = h·w + b at every position. The paper puts an MLP on the last hidden state (use a graph of your own in its place), the
 * released code one linear layer on the vocabulary logits.
 *
 * @param features [B][L][D]
 * @returns [B][L]
 */
export function linearContributions(features: Tensor, head: LinearHead): Tensor {
  const [rows, length, width] = features.shape
  return add(reshape(matmul(features, reshape(head.weight, [width, 1])), [rows, length]), head.bias)
}

/**
 * Progress loss: the contributions of a trajectory must sum to its reward, R̂_i = Σ_t ĉ_t, loss = mean_i (R̂_i − R_i)². The sum,
 * not the mean: credit must not depend on length. A trajectory without turns predicts 0.
 *
 * @param contributions [B][L] head output at every position
 * @param turnEnds [B][L] 1 where a turn ends
 * @param rewards [B] in [0, 1]
 */
export function progressLoss(
  contributions: Tensor,
  turnEnds: Tensor,
  rewards: Tensor,
): { readonly loss: Tensor; readonly predictions: Tensor } {
  const predictions = sum(mul(contributions, turnEnds), { axis: -1 })
  return { predictions, loss: mean(square(sub(predictions, rewards))) }
}

/**
 * Rejects rewards the estimator must not be fitted to, and says when they teach nothing.
 *
 * @param rewards [B] trajectory rewards in [0, 1]
 * @returns `constant: true` when all rewards are equal: the estimator then collapses to R / number of steps
 */
export function checkProgressRewards(rewards: ArrayLike<number>): { readonly constant: boolean } {
  assertFinite(rewards, 'rewards')
  let constant = true
  for (let i = 0; i < rewards.length; i++) {
    assertInRange(rewards[i], `rewards[${i}]`, 0, 1)
    if (rewards[i] !== rewards[0]) constant = false
  }
  return { constant }
}
