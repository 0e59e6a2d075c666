import { assertInteger, GuerdonError, type Random } from '@guerdon/core'
import {
  arange,
  constant,
  less,
  mean,
  neg,
  scatterAdd,
  sigmoid,
  softplus,
  sub,
  type Tensor,
  where,
  zeros,
} from '@guerdon/tensor'

/** Windows of a transition buffer, both ends included. */
export interface Windows {
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

/**
 * Episodes of a buffer from its not-done mask (0 on the last step of an episode). Steps after the last end belong to no
 * episode and are left out, as released.
 * @param notDone [N]
 */
export function episodeLimits(notDone: ArrayLike<number>): Windows {
  const starts: number[] = []
  const ends: number[] = []
  let start = 0
  for (let t = 0; t < notDone.length; t++) {
    if (notDone[t]) continue
    starts.push(start)
    ends.push(t)
    start = t + 1
  }
  return { starts, ends }
}

/** Consecutive windows of `size` steps in every episode; the last of an episode may be shorter (stride = size). */
export function episodeWindows(episodes: Windows, size: number): Windows {
  assertInteger(size, 'size', 1)
  const starts: number[] = []
  const ends: number[] = []
  episodes.starts.forEach((start, e) => {
    for (let at = start; at <= episodes.ends[e]; at += size) {
      starts.push(at)
      ends.push(Math.min(at + size - 1, episodes.ends[e]))
    }
  })
  return { starts, ends }
}

/**
 * Windows over a buffer regardless of episodes: one start every `stride` steps as long as the window fits, and one
 * forced at N − size.
 * @throws invalid_input when the buffer is shorter than a window (released code indexes from the end there)
 */
export function slidingWindows(transitions: number, size: number, stride = 1): Windows {
  assertInteger(size, 'size', 1)
  assertInteger(stride, 'stride', 1)
  if (transitions < size)
    throw new GuerdonError('invalid_input', `expected at least ${size} transitions for a window; got ${transitions}`, {
      hint: 'collect more data or take smaller windows',
    })
  const starts: number[] = []
  for (let at = 0; at < transitions && (size === 1 || at < transitions - size); at += stride) starts.push(at)
  if (size > 1) starts.push(transitions - size)
  return { starts, ends: starts.map(start => start + size - 1) }
}

/** Learner and expert windows of one mini-batch, by index. */
export interface AsafMiniBatch {
  readonly learner: readonly number[]
  readonly expert: readonly number[]
}

/**
 * Mini-batches of one epoch: learner windows in a random order without replacement (an incomplete last block is
 * dropped), as many expert windows drawn with replacement for each. Draws: the permutation, then the expert indices
 * block by block.
 */
export function asafEpoch(
  learnerWindows: number,
  expertWindows: number,
  batchSize: number,
  random: Random,
): readonly AsafMiniBatch[] {
  assertInteger(batchSize, 'batchSize', 1)
  assertInteger(expertWindows, 'expertWindows', 1)
  const order = random.permutation(learnerWindows)
  return Array.from({ length: Math.floor(learnerWindows / batchSize) }, (_, i) => ({
    learner: Array.from(order.subarray(i * batchSize, (i + 1) * batchSize)),
    expert: Array.from({ length: batchSize }, () => random.integer(expertWindows)),
  }))
}

/** The loss with its parts. */
export interface AsafLoss {
  /** Scalar. */
  readonly loss: Tensor
  /** [W] Σ log π_θ and Σ log π_G over each window. */
  readonly newSums: Tensor
  readonly oldSums: Tensor
  /** [W] D(w) = σ(S_new − S_old): probability that the expert produced the window. */
  readonly expertProbability: Tensor
}

/**
 * Adversarial soft advantage fitting: a discriminator of the form exp S_new/(exp S_new + exp S_old), so that fitting it
 * *is* the policy update: −mean over windows of [y·log D + (1 − y)·log(1 − D)], y = 1 for expert windows. At the
 * optimum π_θ is the expert's policy; no reward, critic or policy gradient.
 *
 * @param newLogProbs [N] of the policy being fitted, steps of all windows joined, learner windows first
 * @param oldLogProbs [N] under the policy that collected the learner data, frozen at the start of the update — for
 * expert steps too
 * @param windowLengths [W]
 * @param learnerWindows number of leading windows that are the learner's
 * Source: Barde et al. 2020, eq. (8); `ASAFLearner.fit`.
 */
export function asafLoss(
  newLogProbs: Tensor,
  oldLogProbs: Tensor,
  windowLengths: readonly number[],
  learnerWindows: number,
): AsafLoss {
  const windows = windowLengths.length
  assertInteger(learnerWindows, 'learnerWindows')
  const total = windowLengths.reduce((sum, length) => sum + length, 0)
  if (total !== newLogProbs.shape[0] || learnerWindows > windows)
    throw new GuerdonError(
      'shape_mismatch',
      `expected windows of ${newLogProbs.shape[0]} steps in all, at most ${windows} of them the learner's; got ${total} and ${learnerWindows}`,
      { path: ['windowLengths'] },
    )
  const membership = constant(Int32Array.from(windowLengths.flatMap((length, w) => new Array<number>(length).fill(w))))
  const newSums = scatterAdd(zeros([windows]), membership, newLogProbs)
  const oldSums = scatterAdd(zeros([windows]), membership, oldLogProbs)
  const logit = sub(newSums, oldSums)
  const isLearner = less(arange(windows, { dtype: 'int32' }), learnerWindows)
  return {
    loss: mean(where(isLearner, softplus(logit), softplus(neg(logit)))),
    newSums,
    oldSums,
    expertProbability: sigmoid(logit),
  }
}

/** Settings of the paper's variants. */
export const asafSettings = {
  transition: {
    window: 1,
    stride: 1,
    transitionsPerUpdate: 2000,
    batchSize: 100,
    epochs: 30,
    learningRate: 1e-3,
    normClip: 1,
  },
  window: {
    window: 100,
    stride: 1,
    transitionsPerUpdate: 2000,
    batchSize: 20,
    epochs: 10,
    learningRate: 1e-3,
    normClip: 1,
  },
  full: { episodesPerUpdate: 25, batchSize: 10, epochs: 50, learningRate: 1e-3, normClip: 10 },
} as const
