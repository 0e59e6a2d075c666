import { assertProbability, GuerdonError } from '@guerdon/core'
import { assertRows, type FloatArray, type RaggedRows, rowCount } from './ragged.ts'

/** Choices of `generalizedAdvantages`. */
export interface GaeOptions {
  /** Discount γ in [0, 1]. Default 1. */
  readonly gamma?: number
  /** λ in [0, 1]: 0 gives one-step TD errors, 1 gives return − value. Default 1. */
  readonly lambda?: number
  /**
   * What the recursion does at masked (environment) tokens. `skip`: they carry the next policy token's value and
   * advantage leftwards unchanged, so inserting observations changes nothing (verl). `include`: they are ordinary steps
   * with their own value and one γλ of decay each (SkyRL). Default `skip`.
   */
  readonly maskedTokens?: 'skip' | 'include'
  /** Buffers to write to, [T] each; new Float64Arrays when absent. */
  readonly out?: { readonly advantages: FloatArray; readonly returns: FloatArray }
}

/** Advantages before any whitening, and the critic's regression targets. */
export interface GaeResult {
  /** [T] */
  readonly advantages: FloatArray
  /** [T] advantages + values. */
  readonly returns: FloatArray
  /** Number, mean and Σ(A − mean)² of the policy tokens' advantages: what whitening needs, gathered in the same pass. */
  readonly moments: { readonly count: number; readonly mean: number; readonly squares: number }
}

/**
 * Generalised advantage estimation on ragged rows (Schulman et al. 2016, eq. 16), scanned from the right with V = 0 after
 * the last token:
 *
 *   δₜ = rₜ + γ·V′ − Vₜ,  Aₜ = δₜ + γλ·A′
 *
 * where V′, A′ belong to the next *policy* token under `maskedTokens: 'skip'`. A masked token reports the advantage carried
 * over it; multiply by the mask (or whiten with it) before use. A reward on a masked token is lost under `skip`.
 *
 * One pass, no allocation but the two outputs.
 *
 * @param rewards [T] token rewards
 * @param values [T] critic values
 * @throws not_finite when a reward or value is NaN or ±Infinity, naming row and token
 */
export function generalizedAdvantages(
  rewards: FloatArray,
  values: FloatArray,
  rows: RaggedRows,
  options: GaeOptions = {},
): GaeResult {
  const { gamma = 1, lambda = 1, maskedTokens = 'skip' } = options
  assertProbability(gamma, 'gamma')
  assertProbability(lambda, 'lambda')
  assertRows(rewards, 'rewards', rows)
  assertRows(values, 'values', rows)
  const advantages = options.out?.advantages ?? new Float64Array(rewards.length)
  const returns = options.out?.returns ?? new Float64Array(rewards.length)
  assertRows(advantages, 'out.advantages', rows)
  assertRows(returns, 'out.returns', rows)
  const { offsets, mask } = rows
  const include = mask === undefined || maskedTokens === 'include'
  const decay = gamma * lambda
  let count = 0
  let mean = 0
  let squares = 0
  for (let r = 0; r < rowCount(rows); r++) {
    const start = offsets[r]
    let nextValue = 0
    let advantage = 0
    // Sums about the row's last advantage, merged row by row: as accurate as two passes.
    let anchor = 0
    let taken = 0
    let first = 0
    let second = 0
    for (let t = offsets[r + 1] - 1; t >= start; t--) {
      const value = values[t]
      const policy = mask === undefined || mask[t] !== 0
      if (policy || include) {
        advantage = rewards[t] + gamma * nextValue - value + decay * advantage
        nextValue = value
      }
      advantages[t] = advantage
      returns[t] = advantage + value
      if (policy) {
        if (taken === 0) anchor = advantage
        const offset = advantage - anchor
        taken++
        first += offset
        second += offset * offset
      }
    }
    if (!Number.isFinite(advantage + second)) throw notFinite(rewards, values, start, offsets[r + 1], r)
    if (taken > 0) {
      const total = count + taken
      const shift = anchor + first / taken - mean
      squares += second - (first * first) / taken + (shift * shift * count * taken) / total
      mean += (shift * taken) / total
      count = total
    }
  }
  return { advantages, returns, moments: { count, mean, squares: Math.max(0, squares) } }
}

function notFinite(rewards: FloatArray, values: FloatArray, start: number, end: number, row: number): GuerdonError {
  let t = start
  while (t < end - 1 && Number.isFinite(rewards[t]) && Number.isFinite(values[t])) t++
  return new GuerdonError(
    'not_finite',
    `expected finite rewards and values; row ${row} has reward ${rewards[t]} and value ${values[t]} at its token ${t - start}`,
    { path: ['rewards', t], hint: 'mark the rollout as failed instead of sending NaN' },
  )
}
