import { assertInteger } from '@guerdon/core'
import { type PairReduction, reduce } from '@guerdon/methods/shared/pair-loss'
import {
  add,
  concat,
  constant,
  cumsum,
  equal,
  expm1,
  flip,
  gather,
  log,
  logicalOr,
  logSigmoid,
  neg,
  softplus,
  sub,
  type Tensor,
  where,
} from '@guerdon/tensor'

/**
 * −log P(level) of the cumulative link (proportional odds) model, P(level ≤ k) = σ(τ_k − v). Between two thresholds, with
 * a = τ_k − v and b = τ_{k−1} − v, P = σ(a) − σ(b) is computed as σ(a)·σ(−b)·(1 − e^{b−a}), which loses nothing in the
 * tails. McCullagh 1980, "Regression models for ordinal data". One threshold at 0 makes it `pairLoss` with v for the
 * difference of scores and level 1 for "first preferred".
 *
 * @param values [N] or [N][K] scores, or differences of scores
 * @param levels int32, 0 … number of thresholds; broadcasts to `values`
 * @param thresholds [L] ascending, L ≥ 1
 */
export function ordinalLoss(
  values: Tensor,
  levels: Tensor,
  thresholds: Tensor,
  options: { readonly reduction?: PairReduction } = {},
): Tensor {
  const [count] = thresholds.shape
  assertInteger(count, 'number of thresholds', 1)
  const lowest = equal(levels, 0)
  const highest = equal(levels, count)
  const upper = gather(thresholds, where(highest, count - 1, levels))
  const lower = gather(thresholds, where(lowest, 0, sub(levels, 1)))
  const edge = logicalOr(lowest, highest)
  // at the edges there is no gap; 1 stands in so that its logarithm stays finite
  const gap = where(edge, 1, sub(upper, lower))
  const logProbability = add(
    add(where(highest, 0, logSigmoid(sub(upper, values))), where(lowest, 0, logSigmoid(sub(values, lower)))),
    where(edge, 0, log(neg(expm1(neg(gap))))),
  )
  return reduce(neg(logProbability), options.reduction ?? 'mean')
}

/**
 * Thresholds for strengths of preference −m … m that treat both sides alike: t_j = Σ_{i≤j} softplus(g_i) and their
 * negatives; 0 between them when there are no ties.
 *
 * @param gaps [m] with ties, [m − 1] without; absent when that is 0
 * @returns [2m] with ties, [2m − 1] without
 */
export function preferenceThresholds(gaps: Tensor | undefined, options: { readonly ties: boolean }): Tensor {
  const middle = options.ties ? [] : [constant([0])]
  if (gaps === undefined) return concat(middle)
  const positive = cumsum(softplus(gaps), { axis: 0 })
  return concat([neg(flip(positive, { axis: 0 })), ...middle, positive])
}
