import { assertFiniteNumber, assertInRange, assertInteger, assertSameLength, GuerdonError } from '@guerdon/core'
import { rowAdvantages, rowMoments, zeroRows } from '../fg-rlhf/advantages.ts'
import { factTypes, type SegmentDecision, segmentDecisions } from './labels.ts'

/** Rewards of the three heads on the tokens of a response. */
export interface HeadTokenRewards {
  /** [3][L] in the order object, attribute, relation, before weights. */
  readonly heads: readonly Float64Array[]
  /** [L] weighted sum. */
  readonly total: Float64Array
  /** Whether a segment ended beyond the response. */
  readonly truncated: boolean
}

/** Options of `headTokenRewards`. */
export interface HeadTokenOptions {
  /**
   * Weight of each head. Default [1, 1, 1]; an ablated head has 0. All 0 is refused: nothing but the KL would be left.
   */
  readonly weights?: readonly number[]
  /** Segments that end beyond the response: held at its last token, or left out. Default `clamp`. */
  readonly beyond?: 'clamp' | 'drop'
}

/**
 * Rewards of all heads at the segment ends, all heads at the same ends: R_t = Σ_k w_k·R_tᵏ. They add at one token
 * (object +1, attribute −1: 0), so keep the heads apart in logs. Where two segments end at one token the later one
 * counts.
 *
 * Source: FGAIF, arXiv 2404.05046. Relative: `fg-rlhf`, whose heads have segments of their own and no class that pays
 * nothing.
 *
 * @param length tokens of the response
 * @param ends [S]
 * @param decisions [3][S]
 */
export function headTokenRewards(
  length: number,
  ends: ArrayLike<number>,
  decisions: readonly (readonly Pick<SegmentDecision, 'reward'>[])[],
  options: HeadTokenOptions = {},
): HeadTokenRewards {
  const { weights = [1, 1, 1], beyond = 'clamp' } = options
  assertInteger(length, 'length')
  assertSameLength(decisions, 'decisions', weights, 'weights')
  weights.forEach((weight, k) => {
    assertFiniteNumber(weight, `weights[${k}]`)
  })
  if (weights.every(weight => weight === 0)) {
    throw new GuerdonError('invalid_option', 'expected at least one head with a weight; got all 0', {
      path: ['weights'],
    })
  }
  let truncated = false
  const heads = decisions.map((head, k) => {
    assertSameLength(ends, 'segment ends', head, `decisions of ${factTypes[k] ?? `head ${k}`}`)
    const row = new Float64Array(length)
    head.forEach(({ reward }, j) => {
      assertInteger(ends[j], `ends[${j}]`)
      if (ends[j] >= length) truncated = true
      if (length > 0 && (ends[j] < length || beyond === 'clamp')) row[Math.min(ends[j], length - 1)] = reward
    })
    return row
  })
  const total = new Float64Array(length)
  heads.forEach((row, k) => {
    for (let t = 0; t < length; t++) total[t] += weights[k] * row[t]
  })
  return { heads, total, truncated }
}

/** Options of `shapedRewards`. */
export interface ShapedOptions {
  /** β. Default 0.1. */
  readonly klCoef?: number
  /**
   * `penalty`: rewards less the divergence; `releasedBug`: the released trainer's sign, which rewards divergence.
   * Default `penalty`.
   */
  readonly klSign?: 'penalty' | 'releasedBug'
}

/**
 * r_t = R_t − β·(log π − log π_ref)_t on policy tokens. A divergence that rises together with the reward is the mark of
 * `releasedBug`.
 *
 * @param rewards [L]
 * @param logProbs [L]
 * @param refLogProbs [L]
 * @param mask [L]
 */
export function shapedRewards(
  rewards: ArrayLike<number>,
  logProbs: ArrayLike<number>,
  refLogProbs: ArrayLike<number>,
  mask: ArrayLike<number>,
  options: ShapedOptions = {},
): { readonly shaped: Float64Array; readonly kl: Float64Array } {
  const { klCoef = 0.1, klSign = 'penalty' } = options
  assertInRange(klCoef, 'klCoef', 0, Number.MAX_VALUE)
  assertSameLength(rewards, 'rewards', logProbs, 'logProbs')
  assertSameLength(rewards, 'rewards', refLogProbs, 'refLogProbs')
  assertSameLength(rewards, 'rewards', mask, 'mask')
  const kl = Float64Array.from(logProbs, (value, t) => (mask[t] ? value - refLogProbs[t] : 0))
  const sign = klSign === 'penalty' ? -1 : 1
  return { shaped: kl.map((value, t) => rewards[t] + sign * klCoef * value), kl }
}

/**
 * Token rewards straight from the logits of the three heads: decisions, placement, weights and divergence. @param
 * headLogits [3][S][3]
 */
export function shapedTokenRewards(
  input: {
    readonly length: number
    readonly ends: ArrayLike<number>
    readonly headLogits: readonly (readonly ArrayLike<number>[])[]
    readonly logProbs: ArrayLike<number>
    readonly refLogProbs: ArrayLike<number>
    readonly mask: ArrayLike<number>
  },
  options: HeadTokenOptions & ShapedOptions = {},
): HeadTokenRewards & { readonly shaped: Float64Array; readonly kl: Float64Array } {
  const decisions = input.headLogits.map(logits => segmentDecisions(logits))
  const placed = headTokenRewards(input.length, input.ends, decisions, options)
  return { ...placed, ...shapedRewards(placed.total, input.logProbs, input.refLogProbs, input.mask, options) }
}

/** Advantages and returns, [B][T] each. */
export interface FactAdvantages {
  /** Before whitening. */
  readonly raw: Float64Array[]
  readonly advantages: Float64Array[]
  readonly returns: Float64Array[]
}

/** Options of `factAdvantages`. */
export interface FactAdvantageOptions {
  /** γ. Default 1. */
  readonly gamma?: number
  /** λ. Default 1. */
  readonly lambda?: number
  /** Added to the standard deviation. Default 1e-8. */
  readonly epsilon?: number
  /** Factor on the rewards. Default 1, or 10 under `compat: 'released'` (hidden in its trainer). */
  readonly rewardScale?: number
  /** `released`: padding counts everywhere, in the recursion and in the statistics. */
  readonly compat?: 'released' | undefined
}

/**
 * Generalised advantages with λ = 1 of the shaped rewards, whitened as (A − mean)/(std + ε) with the population
 * deviation over the policy tokens of the batch; every row ends at its own last token. Source: FGAIF, compiled trainer
 * (the masked form is a recommendation).
 *
 * @param rewards [B][T]
 * @param values [B][T]
 * @param mask [B][T]
 */
export function factAdvantages(
  rewards: readonly ArrayLike<number>[],
  values: readonly ArrayLike<number>[],
  mask: readonly ArrayLike<number>[],
  options: FactAdvantageOptions = {},
): FactAdvantages {
  const { gamma = 1, lambda = 1, epsilon = 1e-8, compat } = options
  const released = compat === 'released'
  const { rewardScale = released ? 10 : 1 } = options
  assertFiniteNumber(rewardScale, 'rewardScale')
  assertInRange(epsilon, 'epsilon', 0, 1)
  const scaled = rewards.map(row => Float64Array.from(row, reward => reward * rewardScale))
  const { raw, returns } = rowAdvantages(scaled, values, released ? undefined : mask, { gamma, lambda })
  const counted = released ? raw.map(row => new Uint8Array(row.length).fill(1)) : mask
  const { mean, variance } = rowMoments(raw, counted)
  const divisor = Math.sqrt(variance) + epsilon
  const advantages = raw.map(row => row.map(value => (divisor > 0 ? (value - mean) / divisor : 0)))
  return released
    ? { raw, advantages, returns }
    : { raw: zeroRows(raw, mask), advantages: zeroRows(advantages, mask), returns: zeroRows(returns, mask) }
}

/**
 * How much an answer asserts: share of decisions that are not "not applicable", in [0, 1]; null without segments. 0 is
 * a policy that fell silent.
 */
export function assertedShare(decisions: readonly (readonly SegmentDecision[])[]): number | null {
  const all = decisions.flat()
  return all.length === 0 ? null : all.filter(decision => decision.classIndex !== 0).length / all.length
}
