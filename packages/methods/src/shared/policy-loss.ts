import { assertInRange, GuerdonError } from '@guerdon/core'
import {
  add,
  cast,
  clip,
  div,
  exp,
  expandDims,
  greater,
  isFinite as isFiniteEach,
  less,
  logicalAnd,
  logSumExp,
  maximum,
  minimum,
  mul,
  neg,
  notEqual,
  softmax,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  where,
} from '@guerdon/tensor'
import { type AggregateLossOptions, aggregateLoss, maskedMeanOf, zeroMasked } from './loss-aggregation.ts'

/** What a policy loss is computed from, [B][L] each. Only `logProbs` carries a gradient. */
export interface PolicyLossInput {
  /** Log-probabilities of the taken tokens under the policy being trained. */
  readonly logProbs: Tensor
  /** The same under the policy that sampled them. */
  readonly oldLogProbs: Tensor
  readonly advantages: Tensor
  /** 0 or 1. */
  readonly mask: Tensor
}

/** The trust region of a ratio loss. */
export interface ClipOptions extends AggregateLossOptions {
  /** The ratio is clipped to [1 − clipLow, 1 + clipHigh]. Default 0.2. */
  readonly clipLow?: number
  /** Default 0.2. */
  readonly clipHigh?: number
}

/** Scalars of one minibatch, as graphs. */
export interface PolicyLossResult {
  readonly loss: Tensor
  /** Share of policy tokens whose ratio was held by the clip. */
  readonly clipFraction: Tensor
  /** E[old − new]: k1, may be negative. */
  readonly approxKl: Tensor
}

/** Choices of `ppoClipLoss`. */
export interface PpoClipOptions extends ClipOptions {
  /** Bound c > 1 of the loss at negative advantages: l = min(l, −A·c) (Ye et al. 2020, arXiv 1912.09729). Default 3. */
  readonly dualClip?: number
}

/** `PolicyLossResult` with the dual clip's share. */
export interface PpoClipResult extends PolicyLossResult {
  /** Share of policy tokens at which the dual clip bounded the loss. */
  readonly clipFractionLower: Tensor
}

const logRatioBound = 20
const sequenceLogRatioBound = 10

/**
 * PPO's clipped surrogate with dual clip (Schulman et al. 2017, eq. 7; arXiv 1912.09729): with
 * ρ = exp(clamp(log π − log π_old, ±20)),
 *
 *   l = max(−Aρ, −A·clip(ρ, 1 − ε_low, 1 + ε_high)), and l = min(l, −A·c) where A < 0.
 */
export function ppoClipLoss(input: PolicyLossInput, options: PpoClipOptions = {}): PpoClipResult {
  const { dualClip = 3 } = options
  const { clipLow, clipHigh } = bounds(options)
  if (!(dualClip > 1)) {
    throw new GuerdonError('invalid_option', `expected dualClip > 1; got ${dualClip}`, { path: ['dualClip'] })
  }
  const { advantages, mask } = input
  const { ratio, approxKl } = tokenRatio(input)
  const plain = neg(mul(advantages, ratio))
  const clipped = neg(mul(advantages, clip(ratio, { minimum: 1 - clipLow, maximum: 1 + clipHigh })))
  const single = maximum(plain, clipped)
  const floor = neg(mul(advantages, dualClip))
  const negative = less(advantages, 0)
  const losses = where(negative, minimum(floor, single), single)
  return {
    loss: aggregateLoss(losses, mask, options),
    clipFraction: share(greater(clipped, plain), mask),
    approxKl,
    clipFractionLower: share(logicalAnd(greater(single, floor), negative), mask),
  }
}

/**
 * GSPO: one ratio a sequence, ρ = exp(mean over its policy tokens of (log π − log π_old)), clipped as a whole; the gradient
 * reaches each token's log-probability through a straight-through term. The log-ratio is capped at 10, there is no dual
 * clip, and the aggregation is always `seq-mean-token-mean` (Zheng et al. 2025, arXiv 2507.18071). Clips are of the order of
 * 3e-4 and 4e-4 in practice; the defaults are PPO's.
 */
export function gspoLoss(
  input: PolicyLossInput,
  options: Omit<ClipOptions, keyof AggregateLossOptions> = {},
): PolicyLossResult {
  const { clipLow, clipHigh } = bounds(options)
  const { logProbs, oldLogProbs, advantages, mask } = input
  const logRatio = zeroMasked(sub(logProbs, oldLogProbs), mask)
  const lengths = maximum(sum(mask, { axis: -1 }), 1)
  const sequence = expandDims(div(sum(logRatio, { axis: -1 }), lengths), { axis: -1 })
  const straightThrough = add(sub(logProbs, stopGradient(logProbs)), stopGradient(sequence))
  const ratio = exp(clip(straightThrough, { maximum: sequenceLogRatioBound }))
  const plain = neg(mul(advantages, ratio))
  const clipped = neg(mul(advantages, clip(ratio, { minimum: 1 - clipLow, maximum: 1 + clipHigh })))
  return {
    loss: aggregateLoss(maximum(plain, clipped), mask, { aggregation: 'seq-mean-token-mean' }),
    clipFraction: share(greater(clipped, plain), mask),
    approxKl: maskedMeanOf(neg(logRatio), mask),
  }
}

/**
 * CISPO: −stopgrad(clip(ρ))·A·log π. The clip bounds the weight instead of removing the gradient, so every token keeps
 * learning (MiniMax 2025, arXiv 2506.13585).
 */
export function cispoLoss(input: PolicyLossInput, options: ClipOptions = {}): PolicyLossResult {
  const { clipLow, clipHigh } = bounds(options)
  const { ratio, approxKl } = tokenRatio(input)
  const clipped = clip(ratio, { minimum: 1 - clipLow, maximum: 1 + clipHigh })
  const losses = neg(mul(mul(stopGradient(clipped), input.advantages), input.logProbs))
  return {
    loss: aggregateLoss(losses, input.mask, options),
    clipFraction: share(notEqual(ratio, clipped), input.mask),
    approxKl,
  }
}

/** What the value loss is computed from, [B][L] each. Only `values` carries a gradient. */
export interface ValueLossInput {
  readonly values: Tensor
  readonly returns: Tensor
  /** Values when the batch was sampled. */
  readonly oldValues: Tensor
  readonly mask: Tensor
}

/** Choices of `valueLoss`. */
export interface ValueLossOptions extends AggregateLossOptions {
  /** Values may move at most this far from the old ones before the gradient stops. Default 0.5. */
  readonly clipRange?: number
}

/** ½·agg(max((v − R)², (clip(v, v_old ± c) − R)²)): PPO's clipped value loss. */
export function valueLoss(
  input: ValueLossInput,
  options: ValueLossOptions = {},
): { readonly loss: Tensor; readonly clipFraction: Tensor } {
  const { clipRange = 0.5 } = options
  assertInRange(clipRange, 'clipRange', 0, Number.MAX_VALUE)
  const { values, returns, oldValues, mask } = input
  const near = minimum(maximum(values, sub(oldValues, clipRange)), add(oldValues, clipRange))
  const plain = square(sub(values, returns))
  const clipped = square(sub(near, returns))
  return {
    loss: mul(aggregateLoss(maximum(plain, clipped), mask, options), 0.5),
    clipFraction: share(greater(clipped, plain), mask),
  }
}

/**
 * Shannon entropy in nats of softmax(logits) along the last axis: logΣexp − Σ p·logit. A logit of −Infinity (a token that is
 * not allowed) adds nothing.
 */
export function entropyFromLogits(logits: Tensor): Tensor {
  const possible = where(isFiniteEach(logits), logits, 0)
  return sub(logSumExp(logits, { axis: -1 }), sum(mul(softmax(logits, { axis: -1 }), possible), { axis: -1 }))
}

function tokenRatio({ logProbs, oldLogProbs, mask }: PolicyLossInput) {
  const logRatio = clip(sub(logProbs, oldLogProbs), { minimum: -logRatioBound, maximum: logRatioBound })
  return { ratio: exp(logRatio), approxKl: maskedMeanOf(neg(logRatio), mask) }
}

function share(condition: Tensor, mask: Tensor): Tensor {
  return maskedMeanOf(cast(condition, mask.dtype), mask)
}

function bounds({ clipLow = 0.2, clipHigh = 0.2 }: Pick<ClipOptions, 'clipLow' | 'clipHigh'>) {
  assertInRange(clipLow, 'clipLow', 0, 1)
  assertInRange(clipHigh, 'clipHigh', 0, Number.MAX_VALUE)
  return { clipLow, clipHigh }
}
