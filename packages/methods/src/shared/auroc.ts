import { assertSameLength, averageRanks, GuerdonError } from '@guerdon/core'

/**
 * Area under the ROC curve: the chance that a positive scores above a negative, ties counted half (Mann–Whitney U).
 * O(n log n). Undefined when there is only one class.
 *
 * @param scores [n] finite
 * @param labels [n] 1 for positive, 0 for negative
 */
export function auroc(scores: ArrayLike<number>, labels: ArrayLike<number>): number | undefined {
  assertSameLength(scores, 'scores', labels, 'labels')
  const ranks = averageRanks(scores)
  let positives = 0
  let rankSum = 0
  for (let i = 0; i < labels.length; i++) {
    if (!Number.isFinite(scores[i])) {
      throw new GuerdonError('not_finite', `expected finite scores; got ${scores[i]} at ${i}`, { path: ['scores', i] })
    }
    if (labels[i] !== 0 && labels[i] !== 1) {
      throw new GuerdonError('invalid_input', `expected labels of 0 or 1; got ${labels[i]} at ${i}`, {
        path: ['labels', i],
      })
    }
    positives += labels[i]
    rankSum += labels[i] * ranks[i]
  }
  const negatives = labels.length - positives
  if (positives === 0 || negatives === 0) return undefined
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives)
}
