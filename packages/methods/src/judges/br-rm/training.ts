import { assertFinite, assertInRange } from '@guerdon/core'
import { add, clip, exp, maximum, mul, neg, sub, type Tensor } from '@guerdon/tensor'
import { unboundedK3 } from '../../shared/kl.ts'
import { aggregateLoss, zeroMasked } from '../../shared/loss-aggregation.ts'

/** Options of `leaveOneOutAdvantages`. */
export interface LeaveOneOutOptions {
  /**
   * What the centred reward is divided by: the deviation of the *other* traces, of the whole group, or nothing. Default
   * `leaveOneOut`.
   */
  readonly std?: 'leaveOneOut' | 'group' | 'none'
  /** Deviations below stdFloor·max(1, |r|) are 0. Default 1e-6. */
  readonly stdFloor?: number
  /**
   * `released`: no floor, and a trace whose fellows are all equal keeps its raw difference (−10 beside +0.7). By
   * default the deviation of the whole group stands in for it.
   */
  readonly compat?: 'released' | undefined
}

/** Everything that makes up the advantages of a group, [G] each. */
export interface LeaveOneOutAdvantages {
  readonly baseline: Float64Array
  /** Also given, but not divided by, under `std: 'none'`. */
  readonly std: Float64Array
  readonly centred: Float64Array
  readonly advantage: Float64Array
}

/**
 * Leave-one-out advantages of the traces of one prompt: bᵢ = mean_{j≠i} rⱼ, sᵢ = √(mean_{j≠i} rⱼ² − bᵢ²), Aᵢ = (rᵢ −
 * bᵢ)/sᵢ where sᵢ > 0, else rᵢ − bᵢ. A group of one gets 0. Source: BR-RM, arXiv 2510.23596 and its released code.
 *
 * @param rewards [G]
 */
export function leaveOneOutAdvantages(
  rewards: ArrayLike<number>,
  options: LeaveOneOutOptions = {},
): LeaveOneOutAdvantages {
  const { std: scale = 'leaveOneOut', stdFloor = 1e-6, compat } = options
  assertInRange(stdFloor, 'stdFloor', 0, 1)
  assertFinite(rewards, 'rewards')
  const n = rewards.length
  const zeros = () => new Float64Array(n)
  const result = { baseline: zeros(), std: zeros(), centred: zeros(), advantage: zeros() }
  if (n < 2) return result
  const floored = (deviation: number, reward: number): number =>
    compat === undefined && deviation < stdFloor * Math.max(1, Math.abs(reward)) ? 0 : deviation
  const group = deviationOf(rewards, -1).deviation
  for (let i = 0; i < n; i++) {
    const { mean, deviation } = deviationOf(rewards, i)
    result.baseline[i] = mean
    result.centred[i] = rewards[i] - mean
    let spread = floored(scale === 'group' ? group : deviation, rewards[i])
    if (spread === 0 && scale === 'leaveOneOut' && compat === undefined) spread = floored(group, rewards[i])
    result.std[i] = spread
    if (compat === undefined && Math.abs(result.centred[i]) < stdFloor * Math.max(1, Math.abs(rewards[i]))) continue
    result.advantage[i] = spread > 0 && scale !== 'none' ? result.centred[i] / spread : result.centred[i]
  }
  return result
}

/** Mean and population deviation of all rewards but one (−1 for none). */
function deviationOf(rewards: ArrayLike<number>, left: number): { readonly mean: number; readonly deviation: number } {
  const count = left === -1 ? rewards.length : rewards.length - 1
  let total = 0
  let squares = 0
  for (let j = 0; j < rewards.length; j++) {
    if (j === left) continue
    total += rewards[j]
    squares += rewards[j] ** 2
  }
  const mean = total / count
  return { mean, deviation: Math.sqrt(Math.max(0, squares / count - mean ** 2)) }
}

/** What the loss is computed from, [B][L] each. Only `logProbs` carries a gradient. */
export interface JudgeLossInput {
  readonly logProbs: Tensor
  readonly oldLogProbs: Tensor
  readonly refLogProbs: Tensor
  readonly advantages: Tensor
  /** 1 on the assistant tokens of both turns, 0 on the message between them. */
  readonly mask: Tensor
}

/** Options of `judgeLoss`. */
export interface JudgeLossOptions {
  /** The ratio is clipped to [1 − clipLow, 1 + clipHigh]. Default 0.2. */
  readonly clipLow?: number
  /** Default 0.28. */
  readonly clipHigh?: number
  /** β. Default 0.001. */
  readonly klPenalty?: number
}

/**
 * Token-level loss: mean over assistant tokens of max(−Aρ, −A·clip(ρ, 1 − 0.2, 1 + 0.28)) + β·mean(e^d − d − 1), d =
 * log π_ref − log π. No dual clip, unlike `ppoClipLoss`. Source: BR-RM, released code.
 */
export function judgeLoss(
  input: JudgeLossInput,
  options: JudgeLossOptions = {},
): { readonly policyLoss: Tensor; readonly klLoss: Tensor; readonly total: Tensor } {
  const { clipLow = 0.2, clipHigh = 0.28, klPenalty = 0.001 } = options
  assertInRange(clipLow, 'clipLow', 0, 1)
  assertInRange(clipHigh, 'clipHigh', 0, Number.MAX_VALUE)
  assertInRange(klPenalty, 'klPenalty', 0, Number.MAX_VALUE)
  const { mask } = input
  const own = zeroMasked(input.logProbs, mask)
  const ratio = exp(sub(own, zeroMasked(input.oldLogProbs, mask)))
  const advantages = zeroMasked(input.advantages, mask)
  const clipped = clip(ratio, { minimum: 1 - clipLow, maximum: 1 + clipHigh })
  const policyLoss = aggregateLoss(maximum(neg(mul(advantages, ratio)), neg(mul(advantages, clipped))), mask)
  const klLoss = mul(aggregateLoss(unboundedK3(own, zeroMasked(input.refLogProbs, mask)), mask), klPenalty)
  return { policyLoss, klLoss, total: add(policyLoss, klLoss) }
}
