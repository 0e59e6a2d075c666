import { assertInRange, GuerdonError } from '@guerdon/core'
import {
  add,
  argSort,
  div,
  exp,
  gather,
  greater,
  greaterEqual,
  logSoftmax,
  logSumExp,
  matmul,
  max,
  mean,
  mul,
  neg,
  type Operand,
  reshape,
  slice,
  softmax,
  softplus,
  stopGradient,
  sub,
  sum,
  type Tensor,
  where,
  zerosLike,
} from '@guerdon/tensor'

/** KL(teacher ‖ student) over actions, mean over the visited states; the teacher is held fixed. Logits `[B][A]`. */
export function distillationLoss(teacher: Tensor, student: Tensor): Tensor {
  const known = stopGradient(logSoftmax(teacher))
  return mean(sum(mul(exp(known), sub(known, logSoftmax(student))), { axis: -1 }))
}

/** Mean binary cross-entropy of predicted predicate logits `[B][P]` with their truth `[B][P]` (0 or 1). */
export function predicateLoss(logits: Tensor, truth: Tensor): Tensor {
  return mean(sub(softplus(logits), mul(truth, logits)))
}

/**
 * The goal asks, the recurrent state answers: softmax(q·kᵀ/√d)·v with q the goal embedding.
 *
 * @param goal [B][d] @param keys [B][N][d] @param values [B][N][d] projections of the recurrent state
 * @returns [B][d]
 */
export function goalAttention(goal: Tensor, keys: Tensor, values: Tensor): Tensor {
  const [batch, width] = goal.shape
  const scores = div(matmul(reshape(goal, [batch, 1, width]), keys, { transposeB: true }), Math.sqrt(width))
  return reshape(matmul(softmax(scores), values), [batch, width])
}

/**
 * Value consistency V(g) ≥ max_o V(o): where the best option's estimate exceeds the full goal's, the option's
 * representation is used.
 *
 * @param goalValue [B] @param goalRepresentation [B][d] @param optionValues [B][O] @param optionRepresentations
 * [B][O][d]
 */
export function consistentRepresentation(
  goalValue: Tensor,
  goalRepresentation: Tensor,
  optionValues: Tensor,
  optionRepresentations: Tensor,
): { readonly value: Tensor; readonly representation: Tensor } {
  const [batch, options] = optionValues.shape
  const best = max(optionValues, { axis: 1 })
  const isBest = greaterEqual(optionValues, reshape(best, [batch, 1]))
  const shares = where(isBest, 1, zerosLike(optionValues))
  const weights = div(shares, sum(shares, { axis: 1, keepDims: true }))
  const chosen = sum(mul(reshape(stopGradient(weights), [batch, options, 1]), optionRepresentations), { axis: 1 })
  const better = greater(best, goalValue)
  return {
    value: where(better, best, goalValue),
    representation: where(reshape(better, [batch, 1]), chosen, goalRepresentation),
  }
}

/** One batch for V-MPO. */
export interface VmpoBatch {
  /** [B] log π of the actions taken. */
  readonly logProb: Tensor
  /** [B] advantages, held fixed. */
  readonly advantages: Tensor
  /** [B] KL(π_old ‖ π) at each state. */
  readonly divergence: Tensor
}

/** Scalars of V-MPO; minimise their sum over policy, η and α. */
export interface VmpoLoss {
  /** −Σ ψ·log π over the better half, ψ = softmax(A/η). */
  readonly policy: Tensor
  /** η·ε_η + η·log mean exp(A/η). */
  readonly temperature: Tensor
  /** α·(ε_α − KL) with KL held fixed, plus KL·α with α held fixed. */
  readonly trustRegion: Tensor
}

/**
 * V-MPO on the better half of a batch: the expectation step weighs samples by exp(A/η), the maximisation step fits the
 * policy to them inside a KL region.
 *
 * @param temperature η > 0, scalar @param penalty α > 0, scalar
 * Source: Song et al. 2020, eq. (4)–(7), the learner named by the paper.
 */
export function vmpoLoss(
  batch: VmpoBatch,
  temperature: Tensor,
  penalty: Tensor,
  options: {
    /** ε_η. Default 0.1. */ readonly temperatureBound?: number
    /** ε_α. Default 0.01. */ readonly divergenceBound?: Operand
  } = {},
): VmpoLoss {
  const { temperatureBound = 0.1, divergenceBound = 0.01 } = options
  const count = batch.advantages.shape[0]
  if (count < 2) throw new GuerdonError('empty', `expected at least 2 samples to take the better half of; got ${count}`)
  assertInRange(temperatureBound, 'temperatureBound', 0, Number.MAX_VALUE)
  const half = Math.floor(count / 2)
  const order = argSort(stopGradient(batch.advantages))
  const better = slice(order, { starts: [count - half] })
  const advantages = stopGradient(gather(batch.advantages, better))
  const scaled = div(advantages, temperature)
  const weights = stopGradient(softmax(scaled))
  const divergence = mean(batch.divergence)
  return {
    policy: neg(sum(mul(weights, gather(batch.logProb, better)))),
    temperature: mul(temperature, add(sub(logSumExp(scaled), Math.log(half)), temperatureBound)),
    trustRegion: add(
      mul(penalty, sub(divergenceBound, stopGradient(divergence))),
      mul(stopGradient(penalty), divergence),
    ),
  }
}
