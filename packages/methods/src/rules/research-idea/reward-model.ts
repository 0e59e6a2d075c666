import { assertInRange, GuerdonError } from '@guerdon/core'
import {
  add,
  div,
  matmul,
  mean,
  mul,
  type Operand,
  reshape,
  sigmoid,
  square,
  sub,
  sum,
  type Tensor,
} from '@guerdon/tensor'

/** The three dimensions an idea is judged on, in the order of every triple. */
export const ideaDimensions = ['novelty', 'feasibility', 'effectiveness'] as const
/** Name of a dimension an idea is judged on. */
export type IdeaDimension = (typeof ideaDimensions)[number]

/** Scores mapped to [0, 1]: clip((s − min)/(max − min), 0, 1). [N] → [N] */
export function normaliseScores(
  scores: ArrayLike<number>,
  options: { readonly minScore?: number; readonly maxScore?: number } = {},
): Float64Array {
  const { minScore = 1, maxScore = 10 } = options
  if (!(maxScore > minScore)) {
    throw new GuerdonError('invalid_option', `expected maxScore above minScore ${minScore}; got ${maxScore}`, {
      path: ['maxScore'],
    })
  }
  return Float64Array.from(scores, score => Math.min(1, Math.max(0, (score - minScore) / (maxScore - minScore))))
}

/** One reward model's head. */
export interface IdeaHead {
  /** [d] */
  readonly weights: Tensor
  /** scalar */
  readonly bias: Tensor
}

/**
 * F = σ(w·φ + b) ∈ (0, 1) for pooled features φ.
 *
 * @param features [N][d]
 * @returns [N]
 */
export function ideaScores(head: IdeaHead, features: Tensor): Tensor {
  const column = reshape(head.weights, [-1, 1])
  return sigmoid(add(reshape(matmul(features, column), [-1]), head.bias))
}

/**
 * Loss of one dimension's reward model: (1/N)·Σ (F − s̄)² over the items that have a score.
 *
 * Source: LDC, arXiv 2412.14626 (head and loss are reconstructions: regression on normalised scores).
 *
 * @param features [N][d]
 * @param targets [N] normalised scores in [0, 1]
 * @param options.mask [N] 0 where this dimension has no score; all when absent
 */
export function ideaRewardModelLoss(
  head: IdeaHead,
  features: Tensor,
  targets: Operand,
  options: { readonly mask?: Tensor } = {},
): Tensor {
  const errors = square(sub(ideaScores(head, features), targets))
  return options.mask === undefined ? mean(errors) : div(sum(mul(errors, options.mask)), sum(options.mask))
}

/** What a controller update optimises. */
export interface DimensionPlan {
  /** Weight of each dimension's score in the reward. */
  readonly weights: Readonly<Record<IdeaDimension, number>>
  /** Strength of each controller while sampling. */
  readonly strengths: Readonly<Record<IdeaDimension, number>>
}

/**
 * Weights and strengths of one update: `per-dimension` (default) takes the dimensions in turn, one-hot, so that the
 * controllers stay independent dials; `joint` takes all at once with weight 1/3 each.
 */
export function dimensionPlan(
  update: number,
  options: { readonly schedule?: 'per-dimension' | 'joint'; readonly epsilonTrain?: number } = {},
): DimensionPlan {
  const { schedule = 'per-dimension', epsilonTrain = 1 } = options
  assertInRange(update, 'update', 0, Number.MAX_SAFE_INTEGER)
  const chosen = ideaDimensions[update % ideaDimensions.length]
  const give = (inTurn: number, jointly: number) => (name: IdeaDimension) =>
    schedule === 'joint' ? jointly : name === chosen ? inTurn : 0
  return { weights: byDimension(give(1, 1 / 3)), strengths: byDimension(give(epsilonTrain, epsilonTrain)) }
}

function byDimension(value: (name: IdeaDimension) => number): Record<IdeaDimension, number> {
  return { novelty: value('novelty'), feasibility: value('feasibility'), effectiveness: value('effectiveness') }
}
