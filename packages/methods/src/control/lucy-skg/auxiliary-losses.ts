import { assertInteger, assertSameLength } from '@guerdon/core'
import { abs, crossEntropy, less, mean, mul, square, sub, type Tensor, where } from '@guerdon/tensor'

/** Classes of the reward-prediction task, by index. */
export const rewardClasses = ['positive', 'negative', 'zero'] as const

/**
 * Class of each reward: 0 above +threshold, 1 below −threshold, else 2. Of the *total* reward the learner sees, after
 * shaping and sharing.
 * @param rewards [N]
 */
export function classifyRewards(
  rewards: ArrayLike<number>,
  options: { /** Default 0.005. */ readonly zeroThreshold?: number } = {},
): Int32Array {
  const { zeroThreshold = 0.005 } = options
  return Int32Array.from(rewards, reward => (reward > zeroThreshold ? 0 : reward < -zeroThreshold ? 1 : 2))
}

/**
 * Reward-prediction loss: mean cross-entropy of logits `[N][3]` with classes `[N]` (int32). Weight 1 beside the PPO
 * loss.
 */
export function rewardPredictionLoss(logits: Tensor, classes: Tensor): Tensor {
  return crossEntropy(logits, classes)
}

/** Smooth L1 of the difference d: mean of ½d² where |d| < 1, else |d| − ½. `predicted` and `target` of one shape. */
export function stateReconstructionLoss(predicted: Tensor, target: Tensor): Tensor {
  const difference = sub(predicted, target)
  const size = abs(difference)
  return mean(where(less(size, 1), mul(square(difference), 0.5), sub(size, 0.5)))
}

/**
 * The last `length` observations up to and including each step, zero-padded on the left before an episode's start and
 * never crossing one.
 *
 * @param observations [T] rows of one width D
 * @param episodeStarts [T] 1 where an episode begins
 * @returns [T·length·D] flat
 * Differs from the released tensor code only in never reading the previous episode.
 */
export function observationSequences(
  observations: readonly ArrayLike<number>[],
  episodeStarts: ArrayLike<number>,
  options: { /** L. Default 20. */ readonly length?: number } = {},
): { readonly values: Float64Array; readonly length: number; readonly width: number } {
  const { length = 20 } = options
  assertInteger(length, 'length', 1)
  assertSameLength(observations, 'observations', episodeStarts, 'episodeStarts')
  const width = observations[0]?.length ?? 0
  const values = new Float64Array(observations.length * length * width)
  let start = 0
  for (let t = 0; t < observations.length; t++) {
    if (episodeStarts[t]) start = t
    for (let k = 0; k < length; k++) {
      const from = t - (length - 1) + k
      if (from >= start) values.set(observations[from], (t * length + k) * width)
    }
  }
  return { values, length, width }
}
