import { assertSameLength } from '@guerdon/core'
import { laserReward } from './scores.ts'

/** Choices of `unifiedShaping`. */
export interface UnifiedOptions {
  /** L_T. Default 8192. */
  readonly targetLength?: number
  /** α of LASER. Default 0.5. */
  readonly alpha?: number
  /** Score of a wrong answer within the budget. Default −0.5. */
  readonly wrongScore?: number
  /** Score of every response beyond the target under truncation. Default −1. */
  readonly truncationPenalty?: number
  /** Weight of the group-relative length reward. Default 0.4. */
  readonly groupCoefficient?: number
  /** a of the exact and the at-most budget. Default 0.01. */
  readonly budgetCoefficient?: number
  /** δ of the at-most budget. Default 0.5. */
  readonly budgetOffset?: number
}

/** The length rewards of one group under each member of the family. */
export interface UnifiedShaping {
  /** Beyond the target the penalty replaces the score, right or wrong. */
  readonly truncation: Float64Array
  /** score + w·(½ − (L − min)/(max − min)), for wrong answers only the negative part; no length part when all are equal. */
  readonly groupRelative: Float64Array
  /** correct − a·|L − L_T|. */
  readonly budget: Float64Array
  /** correct · clip(a·(L_T − L) + δ, 0, 1). */
  readonly budgetMax: Float64Array
  readonly laser: Float64Array
}

/**
 * The rivals in one frame, R̂ = C(y) + λ(y)·S(y) with a correctness term C, a length reward S and a switch λ: truncation,
 * group-relative (as in Kimi k1.5), exact and at-most budgets (as in L1), and LASER.
 *
 * @param group correct [k] and lengths [k] of the rollouts of one prompt
 */
export function unifiedShaping(
  group: { readonly correct: ArrayLike<number | boolean>; readonly lengths: ArrayLike<number> },
  options: UnifiedOptions = {},
): UnifiedShaping {
  const { targetLength = 8192, alpha = 0.5, wrongScore = -0.5, truncationPenalty = -1 } = options
  const { groupCoefficient = 0.4, budgetCoefficient = 0.01, budgetOffset = 0.5 } = options
  assertSameLength(group.correct, 'correct', group.lengths, 'lengths')
  const lengths = Float64Array.from(group.lengths)
  const correct = Uint8Array.from(group.correct, right => (right ? 1 : 0))
  const scores = Float64Array.from(correct, right => (right ? 1 : wrongScore))
  const shortest = lengths.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const spread = lengths.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY) - shortest
  return {
    truncation: scores.map((score, i) => (lengths[i] > targetLength ? truncationPenalty : score)),
    groupRelative: scores.map((score, i) => {
      const relative = spread > 0 ? 0.5 - (lengths[i] - shortest) / spread : 0
      return score + groupCoefficient * (correct[i] ? relative : Math.min(0, relative))
    }),
    budget: lengths.map((length, i) => correct[i] - budgetCoefficient * Math.abs(length - targetLength)),
    budgetMax: lengths.map(
      (length, i) => correct[i] * Math.min(1, Math.max(0, budgetCoefficient * (targetLength - length) + budgetOffset)),
    ),
    laser: laserReward({ scores, lengths, correct }, { targetLength, alpha }).scores,
  }
}
