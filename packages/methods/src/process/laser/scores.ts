import { assertFiniteNumber, assertOneOf, assertSameLength } from '@guerdon/core'
import { groupItems, groupNormalise } from '../../shared/group-normalise.ts'

/** Values of the base score of a well-formed response. */
export const baseScores = { correct: 1, wrong: -0.5, malformed: -1 } as const

/**
 * Base score of one response: 1 correct, −0.5 wrong, −1 malformed (no box, or no thought delimiters) whatever its answer.
 * With `formatReward: false`, 1 or 0 by correctness alone.
 */
export function baseScore(
  response: { readonly correct: boolean; readonly boxed: boolean; readonly delimited: boolean },
  options: { readonly formatReward?: boolean } = {},
): number {
  if (options.formatReward === false) return response.correct ? 1 : 0
  if (!response.boxed || !response.delimited) return baseScores.malformed
  return response.correct ? baseScores.correct : baseScores.wrong
}

/** Responses with their base scores. */
export interface ScoredLengths {
  /** [R] */
  readonly scores: ArrayLike<number>
  /** [R] tokens of each response. */
  readonly lengths: ArrayLike<number>
  /**
   * [R] 1 where the answer is right and well-formed. Absent: score = 1 exactly, which breaks as soon as another shaping ran
   * before.
   */
  readonly correct?: ArrayLike<number | boolean>
}

/** Shaped scores and the part that came from the length. */
export interface LengthShaped {
  readonly scores: Float64Array
  /** [R] +α, −α or 0. */
  readonly lengthScores: Float64Array
}

/** What happens at the target: a bonus below it, a penalty above it, or both. */
export const lengthRewardTypes = ['reward', 'penalty', 'hybrid'] as const
/** Name of a length reward. */
export type LengthRewardType = (typeof lengthRewardTypes)[number]

/** Choices of `laserReward`. */
export interface LaserOptions {
  /** L_T, one for all or one a response. Default 8192. */
  readonly targetLength?: number | ArrayLike<number>
  /** α. Default 0.5. */
  readonly alpha?: number
  /** Default `reward`. */
  readonly type?: LengthRewardType
}

/**
 * LASER: a *correct* response of at most L_T tokens earns α more. Wrong and malformed ones, and correct ones that are longer,
 * keep their score (`reward`); `penalty` takes α from longer correct ones instead, `hybrid` does both.
 *
 * Truncation differs by punishing "long but right" like "wrong".
 */
export function laserReward(data: ScoredLengths, options: LaserOptions = {}): LengthShaped {
  const { targetLength = 8192, alpha = 0.5, type = 'reward' } = options
  const { scores, lengths } = data
  assertOneOf(type, 'type', lengthRewardTypes)
  assertFiniteNumber(alpha, 'alpha')
  assertSameLength(scores, 'scores', lengths, 'lengths')
  const correct = correctOnes(data)
  const lengthScores = Float64Array.from({ length: scores.length }, (_, i) => {
    if (!correct[i]) return 0
    const target = typeof targetLength === 'number' ? targetLength : targetLength[i]
    if (lengths[i] <= target) return type === 'penalty' ? 0 : alpha
    return type === 'reward' ? 0 : -alpha
  })
  return { scores: lengthScores.map((bonus, i) => scores[i] + bonus), lengthScores }
}

/** [R] 1 for each correct response: the given field, or score = 1. */
export function correctOnes({ scores, correct }: ScoredLengths): Uint8Array {
  if (correct) assertSameLength(scores, 'scores', correct, 'correct')
  return Uint8Array.from({ length: scores.length }, (_, i) =>
    (correct ? Boolean(correct[i]) : scores[i] === baseScores.correct) ? 1 : 0,
  )
}

/**
 * GRPO advantages of shaped scores: (s − mean)/(std + ε) in each group, ddof 1. The length bonus must be in the scores before
 * this, or it would not enter the statistics. A group of one has mean 0 and spread 1.
 */
export function laserAdvantages(
  scores: ArrayLike<number>,
  groups: ArrayLike<string | number>,
  options: { readonly epsilon?: number } = {},
): Float64Array {
  return groupNormalise(scores, groupItems(groups), { epsilon: options.epsilon ?? 1e-6, singleton: 'raw' })
}
