import { assertOneOf, GuerdonError } from '@guerdon/core'
import {
  add,
  cast,
  constant,
  div,
  greater,
  maximum,
  ndarray,
  scatterAdd,
  sum,
  type Tensor,
  where,
  zeros,
  zerosLike,
} from '@guerdon/tensor'

/** How a matrix of token losses becomes one number. */
export const lossAggregations = [
  'token-mean',
  'seq-mean-token-sum',
  'seq-mean-token-mean',
  'seq-mean-token-sum-norm',
] as const
/** Name of a way to aggregate token losses. */
export type LossAggregation = (typeof lossAggregations)[number]

/** Choices of `aggregateLoss`. */
export interface AggregateLossOptions {
  /** Default `token-mean`. */
  readonly aggregation?: LossAggregation
  /** Divisor of `seq-mean-token-sum-norm`; a constant of the whole training. Default L, the padded length. */
  readonly scale?: number
}

const lengthEpsilon = 1e-8

/**
 * One number from token losses [B][L], masked entries left out:
 *
 *   token-mean               Σ / Σm: long responses dominate
 *   seq-mean-token-sum       mean over non-empty rows of the row's sum
 *   seq-mean-token-mean      mean over non-empty rows of the row's mean: each response's gradient is divided by its length
 *   seq-mean-token-sum-norm  Σ / scale (Dr. GRPO): no length enters
 *
 * Rows without unmasked tokens leave the row means; nothing unmasked gives 0. Source: verl `agg_loss`.
 *
 * @param losses [B][L]
 * @param mask [B][L], 0 or 1
 */
export function aggregateLoss(losses: Tensor, mask: Tensor, options: AggregateLossOptions = {}): Tensor {
  const { aggregation = 'token-mean', scale } = options
  assertOneOf(aggregation, 'aggregation', lossAggregations)
  const taken = zeroMasked(losses, mask)
  if (aggregation === 'token-mean') return div(sum(taken), maximum(sum(mask), 1))
  if (aggregation === 'seq-mean-token-sum-norm') {
    const divisor = scale ?? losses.shape[losses.shape.length - 1]
    if (!(divisor > 0)) {
      throw new GuerdonError('invalid_option', `expected scale > 0; got ${divisor}`, { path: ['scale'] })
    }
    return div(sum(taken), divisor)
  }
  const lengths = sum(mask, { axis: -1 })
  const rows = sum(taken, { axis: -1 })
  const rowLosses = aggregation === 'seq-mean-token-sum' ? rows : div(rows, add(lengths, lengthEpsilon))
  const present = cast(greater(lengths, 0), losses.dtype)
  return div(sum(rowLosses), maximum(sum(present), 1))
}

/** `x` where the mask is set, 0 elsewhere, so that what stands there (NaN included) has no effect. */
export function zeroMasked(x: Tensor, mask: Tensor): Tensor {
  return where(greater(mask, 0), x, zerosLike(x))
}

/** Σ xm / (Σm + 1e-8) as a graph: the masked mean that trainers report. */
export function maskedMeanOf(x: Tensor, mask: Tensor): Tensor {
  return div(sum(zeroMasked(x, mask)), add(sum(mask), 1e-8))
}

/**
 * Sums of `values` [N] by segment: [count], linear in N.
 *
 * @param segments [N] segment of each value, in [0, count)
 */
export function segmentSums(values: Tensor, segments: Int32Array, count: number): Tensor {
  return scatterAdd(zeros([count], { dtype: values.dtype }), constant(ndarray(segments)), values)
}
