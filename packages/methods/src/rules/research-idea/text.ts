import { assertFiniteNumber, assertInRange, assertSameLength } from '@guerdon/core'
import { type IdeaDimension, ideaDimensions } from './reward-model.ts'

/**
 * Sentences of a text: cut after `.`, `!` or `?` where white space follows, trimmed, empty ones dropped. "0.1" is not
 * cut; a text without a terminator is one sentence.
 */
export function splitSentences(text: string): string[] {
  return text
    .split(/(?<=[.!?])\s+/)
    .map(sentence => sentence.trim())
    .filter(sentence => sentence !== '')
}

/** Reward of one response. */
export interface IdeaTokenRewards {
  /** Σ_d w_d·R_d */
  readonly combined: number
  /** [T]; empty for an empty response, which has no token to carry the reward. */
  readonly tokenRewards: Float64Array
}

/**
 * Per-token reward of controllable RL: r_t = −β·(log π(y_t) − log π_ref(y_t)) + 1[t = T]·Σ_d w_d·R_d(x, y).
 *
 * Source: LDC, arXiv 2412.14626 (β is a reconstruction).
 *
 * @param scores R_d in [0, 1]
 * @param weights w_d
 * @param logProbs [T]
 * @param refLogProbs [T]
 */
export function ideaTokenRewards(
  scores: Readonly<Record<IdeaDimension, number>>,
  weights: Readonly<Record<IdeaDimension, number>>,
  logProbs: ArrayLike<number>,
  refLogProbs: ArrayLike<number>,
  options: { readonly klCoef?: number } = {},
): IdeaTokenRewards {
  const { klCoef = 0.05 } = options
  assertInRange(klCoef, 'klCoef', 0, Number.MAX_VALUE)
  assertSameLength(logProbs, 'logProbs', refLogProbs, 'refLogProbs')
  let combined = 0
  for (const name of ideaDimensions) {
    assertFiniteNumber(weights[name], `weights.${name}`)
    if (weights[name] === 0) continue
    assertFiniteNumber(scores[name], `scores.${name}`)
    combined += weights[name] * scores[name]
  }
  const tokenRewards = Float64Array.from(logProbs, (logProb, t) => {
    const penalty = klCoef * (logProb - refLogProbs[t])
    return penalty === 0 ? 0 : -penalty
  })
  if (tokenRewards.length > 0) tokenRewards[tokenRewards.length - 1] += combined
  return { combined, tokenRewards }
}
