import { assertFinite, assertSameLength, GuerdonError, mean } from '@guerdon/core'

/** Judged rollouts: the step values of a process reward model and the verified outcome of each. */
export interface JudgedRollouts {
  /** [R][Sᵢ] value of each step in [0, 1]; a row may be empty. */
  readonly stepScores: readonly ArrayLike<number>[]
  /** [R] 1 = verified correct, 0 = verified wrong. */
  readonly outcomes: ArrayLike<number>
}

/** Choices of `stepConsistencyScores`. */
export interface ConsistencyOptions {
  /** What step values are measured against: the mean of all steps of the batch, or a fixed number. Default `batch-mean`. */
  readonly centre?: 'batch-mean' | number
  /** How the steps of a rollout become one number. Default `mean`; `min` and `sum` are the paper's weaker variants. */
  readonly reduction?: 'mean' | 'min' | 'sum'
}

/** How well the process values of each rollout agree with its outcome. */
export interface Consistency {
  /** [R] cᵢ; 0 for a rollout without steps. Within [−2, 2] for the mean. */
  readonly scores: Float64Array
  /** [R] Sᵢ. */
  readonly stepCounts: Int32Array
  /** μ, what the values were measured against. */
  readonly centre: number
}

/**
 * Agreement of process and outcome: cᵢ = 2·(mean_h pᵢₕ − μ)·(2oᵢ − 1), where μ is the mean of *all* steps of the batch (of
 * every prompt, not per group). High: good steps and a right answer, or bad steps and a wrong one.
 *
 * Source: compute_verify_step_level_score in amazon-science/PROF-GRPO. With no step at all, μ and every c are 0.
 *
 * @throws not_finite for a NaN or ±Infinity step value: it would reach every rollout through μ
 * @throws invalid_input for an outcome other than 0 and 1: it belongs to neither class and would vanish silently
 */
export function stepConsistencyScores(data: JudgedRollouts, options: ConsistencyOptions = {}): Consistency {
  const { centre: wanted = 'batch-mean', reduction = 'mean' } = options
  const { stepScores, outcomes } = data
  assertSameLength(stepScores, 'stepScores', outcomes, 'outcomes')
  let total = 0
  let steps = 0
  for (let i = 0; i < stepScores.length; i++) {
    assertFinite(stepScores[i], 'stepScores', ['stepScores', i])
    assertBinary(outcomes[i], i)
    for (let h = 0; h < stepScores[i].length; h++) total += stepScores[i][h]
    steps += stepScores[i].length
  }
  const centre = wanted !== 'batch-mean' ? wanted : steps === 0 ? 0 : total / steps
  const scores = Float64Array.from(stepScores, (row, i) => {
    if (row.length === 0) return 0
    const sign = outcomes[i] === 1 ? 1 : -1
    const agreement = 2 * sign * (reduce(row, reduction) - centre)
    return reduction === 'sum' ? agreement - 2 * sign * centre * (row.length - 1) : agreement
  })
  return { scores, stepCounts: Int32Array.from(stepScores, row => row.length), centre }
}

function reduce(row: ArrayLike<number>, reduction: 'mean' | 'min' | 'sum'): number {
  if (reduction === 'mean') return mean(row)
  let result = reduction === 'min' ? row[0] : 0
  for (let h = 0; h < row.length; h++) result = reduction === 'min' ? Math.min(result, row[h]) : result + row[h]
  return result
}

/** Throws `invalid_input` unless an outcome is exactly 0 or 1. */
export function assertBinary(outcome: number, index: number): void {
  if (outcome === 0 || outcome === 1) return
  throw new GuerdonError('invalid_input', `expected outcomes that are 0 or 1; got ${outcome} for rollout ${index}`, {
    path: ['outcomes', index],
    hint: 'threshold partial credit first, so that every rollout is in one class',
  })
}

/** The step-count regulariser: how much a rollout with too few or too many steps is marked down. */
export interface StepCountPenalty {
  /** λ. Default 10, which means "always removed first within its class" since |c| ≤ 2; 0 turns it off. */
  readonly penalty?: number
  /** Rollouts with fewer steps are penalised. Default 2. */
  readonly minSteps?: number
  /** Rollouts with more steps are penalised. Default 30. */
  readonly maxSteps?: number
}

/**
 * uᵢ = cᵢ − λ·1[Sᵢ < minSteps or Sᵢ > maxSteps], subtracted *after* the sign flip, so that such rollouts are removed first
 * among the correct and among the incorrect.
 */
export function penaliseStepCounts(
  scores: ArrayLike<number>,
  stepCounts: ArrayLike<number>,
  options: StepCountPenalty = {},
): Float64Array {
  const { penalty = 10, minSteps = 2, maxSteps = 30 } = options
  assertSameLength(scores, 'scores', stepCounts, 'stepCounts')
  return Float64Array.from({ length: scores.length }, (_, i) => {
    const outside = stepCounts[i] < minSteps || stepCounts[i] > maxSteps
    return outside ? scores[i] - penalty : scores[i]
  })
}

/** Choices of `paperConsistencyScores`. */
export interface PaperConsistencyOptions {
  /** λ. Default 10. */
  readonly lambda?: number
  /** H_λ: this many steps or more are penalised. Default 30. */
  readonly maxSteps?: number
}

/**
 * The score as the paper prints it: [mean_h pᵢₕ − λ·1(Sᵢ = 1 or Sᵢ ≥ H)]·rᵢ with rᵢ ∈ {−1, +1}; 0 for a rollout without steps.
 *
 * Kept for comparison. Because the penalty is multiplied by rᵢ, an incorrect rollout with one step ranks as *more*
 * consistent; `penaliseStepCounts` does not have this fault.
 *
 * @param data stepScores and signs, +1 for correct and −1 for incorrect, [R]
 */
export function paperConsistencyScores(
  data: { readonly stepScores: readonly ArrayLike<number>[]; readonly signs: ArrayLike<number> },
  options: PaperConsistencyOptions = {},
): Float64Array {
  const { lambda = 10, maxSteps = 30 } = options
  assertSameLength(data.stepScores, 'stepScores', data.signs, 'signs')
  return Float64Array.from(data.stepScores, (row, i) => {
    assertFinite(row, 'stepScores', ['stepScores', i])
    const average = row.length === 0 ? 0 : mean(row)
    const penalised = row.length === 1 || row.length >= maxSteps
    return (average - (penalised ? lambda : 0)) * data.signs[i]
  })
}

/** Rows as a trainer stores them: at most `limit` steps, unused slots hold `sentinel`. Returns the valid step values. */
export function storedStepScores(
  padded: readonly ArrayLike<number>[],
  options: { readonly sentinel?: number; readonly limit?: number } = {},
): Float64Array[] {
  const { sentinel = -99, limit = 100 } = options
  return padded.map(row =>
    Float64Array.from(row)
      .subarray(0, limit)
      .filter(value => value !== sentinel),
  )
}
