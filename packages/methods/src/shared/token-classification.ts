import { assertSameRagged } from '@guerdon/core'
import {
  cast,
  div,
  logSoftmax,
  maximum,
  mul,
  neg,
  notEqual,
  oneHot,
  sum,
  type Tensor,
  where,
  zerosLike,
} from '@guerdon/tensor'

/** Label of positions that carry no label. */
export const ignoredLabel = -100

/**
 * Mean cross-entropy over the labelled positions of a token classifier; positions with the ignored label have no
 * effect. 0 without a labelled position.
 *
 * @param logits [B][T][C]
 * @param labels [B][T] int32 class index, or the ignored label
 */
export function labelledCrossEntropy(
  logits: Tensor,
  labels: Tensor,
  options: { readonly ignoreIndex?: number } = {},
): Tensor {
  const { ignoreIndex = ignoredLabel } = options
  const present = cast(notEqual(labels, ignoreIndex), logits.dtype)
  const classes = logits.shape[logits.shape.length - 1]
  const index = where(notEqual(labels, ignoreIndex), labels, zerosLike(labels))
  const chosen = cast(oneHot(index, { depth: classes }), logits.dtype)
  const losses = neg(sum(mul(logSoftmax(logits, { axis: -1 }), chosen), { axis: -1 }))
  return div(sum(mul(losses, present)), maximum(sum(present), 1))
}

/**
 * Share of labelled positions whose largest logit (first on ties) is the label; null without one. @param logits
 * [B][T][C] @param labels [B][T]
 */
export function labelledAccuracy(
  logits: readonly (readonly ArrayLike<number>[])[],
  labels: readonly ArrayLike<number>[],
  options: { readonly ignoreIndex?: number } = {},
): number | null {
  const { ignoreIndex = ignoredLabel } = options
  assertSameRagged(labels, 'labels', logits, 'logits')
  let right = 0
  let count = 0
  labels.forEach((row, b) => {
    for (let t = 0; t < row.length; t++) {
      if (row[t] === ignoreIndex) continue
      count++
      if (firstLargest(logits[b][t]) === row[t]) right++
    }
  })
  return count === 0 ? null : right / count
}

/** Index of the largest entry, the first on ties; 0 when nothing is larger than anything (NaN). */
export function firstLargest(values: ArrayLike<number>): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i
  return best
}
