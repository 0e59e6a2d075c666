import { assertInRange, assertOneOf, GuerdonError } from '@guerdon/core'
import {
  add,
  cast,
  constant,
  div,
  expandDims,
  greater,
  less,
  logicalAnd,
  maximum,
  mean,
  mul,
  ndarray,
  relu,
  sub,
  sum,
  type Tensor,
} from '@guerdon/tensor'
import { zeroMasked } from '../../shared/loss-aggregation.ts'

/** The corridor around the historical mean entropy. */
export interface CorridorOptions {
  /** κ_l ≥ 0: lower edge as a multiple of the reference. Default 0.8; the published runs use 0. */
  readonly kappaLow?: number
  /** κ_r ≥ κ_l: upper edge. Default 1.2; the published runs use 2. */
  readonly kappaHigh?: number
}

/** Historical mean entropy of each row's turn; null, undefined or 0 where there is none yet. */
export type References = readonly (number | null | undefined)[]

/** The corridor penalty, as graphs. */
export interface HingeResult {
  /** [B][L] hinge of every token, neither scaled nor masked. */
  readonly penalty: Tensor
  /** [B] α × mean over the row's tokens. */
  readonly rowPenalty: Tensor
  /** Mean over non-empty rows. */
  readonly loss: Tensor
}

/**
 * EPO's smoothing term: P = max(0, κ_l·H̄ − H) + max(0, H − κ_r·H̄) for every token, L^smooth = α × its mean over tokens, then
 * over rows (turns). The gradient is −1 below, +1 above, 0 inside the corridor. A row without a reference is not charged.
 *
 * @param tokenEntropies [B][L] entropies of the current policy, nats; one row a turn
 * @param mask [B][L]
 * @param references [B] H̄ of each row's turn over all earlier iterations
 */
export function hingePenalty(
  tokenEntropies: Tensor,
  mask: Tensor,
  references: References,
  options: CorridorOptions & {
    /** α. Default 0.1. */
    readonly alpha?: number
  } = {},
): HingeResult {
  const { alpha = 0.1 } = options
  assertInRange(alpha, 'alpha', 0, Number.MAX_VALUE)
  const { low, high, known } = edges(references, options)
  const outside = add(relu(sub(low, tokenEntropies)), relu(sub(tokenEntropies, high)))
  const penalty = mul(outside, known)
  const lengths = sum(mask, { axis: -1 })
  const rowPenalty = mul(div(sum(zeroMasked(penalty, mask), { axis: -1 }), maximum(lengths, 1)), alpha)
  const present = cast(greater(lengths, 0), tokenEntropies.dtype)
  return { penalty, rowPenalty, loss: div(sum(rowPenalty), maximum(sum(present), 1)) }
}

/**
 * The released penalty: 0 strictly inside the corridor, else the constant `penalty`. It comes from a comparison, so *no
 * gradient* flows: training with it is training with the entropy bonus alone. `seq` compares the mean of the whole row,
 * padding included. A missing reference counts as 0 and puts every token outside.
 */
export function indicatorPenalty(
  tokenEntropies: Tensor,
  references: References,
  options: CorridorOptions & {
    /** Default 0.1. */
    readonly penalty?: number
    /** Default `token`. */
    readonly mode?: 'token' | 'seq'
  } = {},
): { readonly penalty: Tensor; readonly inRangeFraction: Tensor } {
  const { penalty = 0.1, mode = 'token' } = options
  assertOneOf(mode, 'mode', ['token', 'seq'])
  const { low, high } = edges(references, options)
  const compared = mode === 'seq' ? expandDims(mean(tokenEntropies, { axis: -1 }), { axis: -1 }) : tokenEntropies
  const inside = cast(logicalAnd(greater(compared, low), less(compared, high)), tokenEntropies.dtype)
  const spread = add(mul(tokenEntropies, 0), sub(1, inside))
  return { penalty: mul(spread, penalty), inRangeFraction: mean(inside) }
}

/**
 * Whether the released code charges a micro-batch at all: only when it holds a turn of the second half of the episode.
 *
 * @param turnIndices turn of each row, from 0
 */
export function releasedPenaltyApplies(
  turnIndices: ArrayLike<number>,
  options: { readonly maxSteps?: number } = {},
): boolean {
  const { maxSteps = 50 } = options
  for (let i = 0; i < turnIndices.length; i++) if (turnIndices[i] >= maxSteps / 2) return true
  return false
}

/** Edges of each row's corridor as columns [B][1], and 1 where there is a reference. */
function edges(references: References, { kappaLow = 0.8, kappaHigh = 1.2 }: CorridorOptions) {
  if (!(kappaLow >= 0 && kappaHigh >= kappaLow && Number.isFinite(kappaHigh))) {
    throw new GuerdonError('invalid_option', `expected 0 ≤ kappaLow ≤ kappaHigh; got ${kappaLow} and ${kappaHigh}`, {
      path: ['kappaLow'],
    })
  }
  const column = (value: (reference: number) => number) =>
    constant(
      ndarray(
        Float64Array.from(references, r => value(r ?? 0)),
        { shape: [references.length, 1] },
      ),
    )
  return {
    low: column(reference => kappaLow * reference),
    high: column(reference => kappaHigh * reference),
    known: column(reference => (reference > 0 ? 1 : 0)),
  }
}
