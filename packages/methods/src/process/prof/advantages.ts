import { assertSameLength, mean } from '@guerdon/core'
import { groupItems, groupNormalise } from '../../shared/group-normalise.ts'
import { type ConsistencyOptions, type JudgedRollouts, stepConsistencyScores } from './consistency.ts'
import { type FilterOptions, filterTrajectories } from './filter.ts'

/** Choices of `profAdvantages`. */
export interface ProfOptions extends FilterOptions, ConsistencyOptions {
  /** ε of the group normalisation, added to the standard deviation. Default 1e-6. */
  readonly epsilon?: number
}

/** What training gets: the kept rollouts and their advantages. */
export interface ProfResult {
  /** Indices of kept rollouts, ascending. */
  readonly kept: Int32Array
  /** One advantage for each kept rollout, in the order of `kept`. */
  readonly advantages: Float64Array
  /** [R] cᵢ of every rollout. */
  readonly consistency: Float64Array
}

/**
 * Consistency → filter → group-normalised outcome: Aᵢ = (oᵢ − mean_g)/(std_g + ε), ddof 1, with the statistics of the *kept*
 * rollouts of the group only. A group that keeps one rollout has mean 0 and spread 1, so its advantage is its outcome; a
 * group whose kept outcomes are equal gets 0.
 *
 * @param data judged rollouts with the group id of each, [R]
 */
export function profAdvantages(
  data: JudgedRollouts & { readonly groups: ArrayLike<string | number> },
  options: ProfOptions = {},
): ProfResult {
  const { groups, outcomes } = data
  const { scores, stepCounts } = stepConsistencyScores(data, options)
  const kept = filterTrajectories({ groups, scores, stepCounts, outcomes }, options)
  const advantages = groupNormalise(
    Float64Array.from(kept, i => outcomes[i]),
    groupItems(Array.from(kept, i => groups[i])),
    { epsilon: options.epsilon ?? 1e-6, singleton: 'raw' },
  )
  return { kept, advantages, consistency: scores }
}

/**
 * The rival "Blend": outcome + β·mean_h pᵢₕ for each rollout, whose process term a policy can farm. A rollout without steps
 * keeps its outcome.
 *
 * @param options beta, default 0.8
 * @returns [R] Σ of the token rewards
 */
export function blendedRewards(data: JudgedRollouts, options: { readonly beta?: number } = {}): Float64Array {
  const { beta = 0.8 } = options
  assertSameLength(data.stepScores, 'stepScores', data.outcomes, 'outcomes')
  return Float64Array.from(data.stepScores, (row, i) => data.outcomes[i] + (row.length === 0 ? 0 : beta * mean(row)))
}

/**
 * The token rewards behind `blendedRewards`: β·mean_h pᵢₕ on the first token of each response and the outcome on its last.
 *
 * @param lengths [R] response lengths; an empty response has no token to carry a reward
 * @returns [R][Tᵢ]
 */
export function blendedTokenRewards(
  data: JudgedRollouts,
  lengths: ArrayLike<number>,
  options: { readonly beta?: number } = {},
): Float64Array[] {
  assertSameLength(data.stepScores, 'stepScores', lengths, 'lengths')
  const sums = blendedRewards(data, options)
  return Array.from(sums, (sum, i) => {
    const row = new Float64Array(lengths[i])
    if (row.length === 0) return row
    row[row.length - 1] = data.outcomes[i]
    row[0] += sum - data.outcomes[i]
    return row
  })
}
