import {
  assertFinite,
  assertFiniteNumber,
  assertInRange,
  assertInteger,
  assertSameLength,
  assertSameRagged,
  GuerdonError,
} from '@guerdon/core'
import { assertSegments } from './segments.ts'

/** Decisions of one dense head. */
export interface HeadSegments {
  /** [S] token at which each segment ends, from 0; beyond the response it is held at the last token. */
  readonly ends: ArrayLike<number>
  /** [S] true for a good segment, false for an error, undefined without a decision (no reward). */
  readonly ok: readonly (boolean | undefined)[]
}

/** Rewards of good and bad segments; weight and sign together. */
export interface HeadRewards {
  readonly positive: number
  readonly negative: number
}

/**
 * Rewards of one head on the tokens of a response: each segment's reward stands at its last token. Where two segments
 * end at one token the later one counts (assigned, not added).
 *
 * @param length tokens of the response
 * @returns [length]
 */
export function placeSegmentRewards(length: number, segments: HeadSegments, rewards: HeadRewards): Float64Array {
  assertInteger(length, 'length')
  assertFiniteNumber(rewards.positive, 'positive')
  assertFiniteNumber(rewards.negative, 'negative')
  assertSegments(segments.ends, segments.ok, 'head')
  const row = new Float64Array(length)
  if (length === 0) return row
  segments.ok.forEach((ok, j) => {
    const end = segments.ends[j]
    assertInteger(end, `ends[${j}]`)
    row[Math.min(end, length - 1)] = ok === undefined ? 0 : ok ? rewards.positive : rewards.negative
  })
  return row
}

/** Statistics of the completeness score on the training data, and its weight. */
export interface CompletenessScale {
  readonly mean: number
  readonly std: number
  readonly scale: number
  readonly bias: number
}

/** Constants of the released completeness head. */
export const releasedCompleteness: CompletenessScale = {
  mean: -0.44677690555995353,
  std: 8.301160619054132,
  scale: 0.3,
  bias: 0,
}

/**
 * scale·(score − mean)/std + bias. Only this head is z-scored, with training-set statistics. @throws invalid_option for
 * std ≤ 0
 */
export function completenessReward(score: number, options: CompletenessScale = releasedCompleteness): number {
  assertFiniteNumber(score, 'score')
  if (!(options.std > 0)) {
    throw new GuerdonError('invalid_option', `expected a positive std of the completeness score; got ${options.std}`, {
      path: ['std'],
      hint: 'take it from the scores of the training set',
    })
  }
  return ((score - options.mean) / options.std) * options.scale + options.bias
}

/**
 * Fine-grained token rewards: the sum of all dense heads, plus the completeness reward on the last token.
 *
 *   r_t = Σ_k Σ_j 1[t = T_jᵏ]·w_k·R_k(x, y, j)
 *
 * Source: Fine-Grained RLHF, arXiv 2306.01693, eq. 1 (without the KL term). Relative: `fgaif`, whose heads share their
 * segments and have a class that pays nothing.
 *
 * @param length tokens of the response
 * @param heads one row of rewards a head, from `placeSegmentRewards`
 * @param completeness reward of the whole answer
 * @returns [length]
 */
export function combineHeads(length: number, heads: readonly ArrayLike<number>[], completeness = 0): Float64Array {
  const total = new Float64Array(length)
  heads.forEach((row, k) => {
    assertSameLength(row, `heads[${k}]`, total, 'tokens')
    for (let t = 0; t < length; t++) total[t] += row[t]
  })
  if (length > 0) total[length - 1] += completeness
  return total
}

/** Rewards less the divergence of each token. */
export interface PenalisedRewards {
  /** [B][T] */
  readonly penalised: Float64Array[]
  /** [B][T] log π − log π_ref on policy tokens, 0 elsewhere. */
  readonly kl: Float64Array[]
}

/**
 * r_t − β·(log π − log π_ref)_t on policy tokens. The divergence is per token and not clipped. Reward rows may be
 * shorter than their tokens (padding).
 *
 * @param rewards [B][≤ T]
 * @param logProbs [B][T]
 * @param refLogProbs [B][T]
 * @param mask [B][T]
 */
export function klPenalised(
  rewards: readonly ArrayLike<number>[],
  logProbs: readonly ArrayLike<number>[],
  refLogProbs: readonly ArrayLike<number>[],
  mask: readonly ArrayLike<number>[],
  options: { readonly klCoef?: number } = {},
): PenalisedRewards {
  const { klCoef = 0.3 } = options
  assertInRange(klCoef, 'klCoef', 0, Number.MAX_VALUE)
  assertSameLength(rewards, 'rewards', logProbs, 'logProbs')
  assertSameRagged(refLogProbs, 'refLogProbs', logProbs, 'logProbs')
  assertSameRagged(mask, 'mask', logProbs, 'logProbs')
  const kl = logProbs.map((row, b) =>
    Float64Array.from(row, (value, t) => (mask[b][t] ? value - refLogProbs[b][t] : 0)),
  )
  const penalised = kl.map((row, b) => {
    const result = row.map((value, t) => (t < rewards[b].length ? rewards[b][t] : 0) - klCoef * value)
    assertFinite(result, 'penalised rewards', ['rewards', b])
    return result
  })
  return { penalised, kl }
}

/** Rewards of the detoxification variant. */
export interface ToxicityRewards {
  /** [S] TOX(y_≤j−1) − TOX(y_≤j) */
  readonly segments: Float64Array
  /** 1 − TOX(y), the holistic baseline. */
  readonly holistic: number
}

/**
 * Sentence rewards by how much each sentence changes the toxicity of the growing prefix. @param prefixToxicity [S]
 * probabilities
 */
export function incrementalToxicityRewards(
  prefixToxicity: ArrayLike<number>,
  options: { readonly initial?: number } = {},
): ToxicityRewards {
  const { initial = 0 } = options
  assertFinite(prefixToxicity, 'prefixToxicity')
  const before = (j: number): number => (j === 0 ? initial : prefixToxicity[j - 1])
  const segments = Float64Array.from(prefixToxicity, (value, j) => before(j) - value)
  return { segments, holistic: 1 - before(prefixToxicity.length) }
}
