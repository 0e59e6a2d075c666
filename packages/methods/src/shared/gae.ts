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
}

/** `GaeResult` with what whitening needs. */
export interface GaeWithMoments extends GaeResult {
  /** Number, mean and Σ(A − mean)² of the policy tokens' advantages. */
  readonly moments: Moments
}

/** Number, mean and Σ(x − mean)². */
interface Moments {
  readonly count: number
  readonly mean: number
  readonly squares: number
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
  return estimate(rewards, values, rows, options)
}

/** `generalizedAdvantages` that gathers the moments of the policy tokens' advantages while their row is at hand. */
export function generalizedAdvantagesWithMoments(
  rewards: FloatArray,
  values: FloatArray,
  rows: RaggedRows,
  options: GaeOptions = {},
): GaeWithMoments {
  let moments: Moments = { count: 0, mean: 0, squares: 0 }
  const result = estimate(rewards, values, rows, options, (advantages, start, end) => {
    moments = merged(moments, rowMoments(advantages, rows.mask, start, end))
  })
  return { ...result, moments }
}

function estimate(
  rewards: FloatArray,
  values: FloatArray,
  rows: RaggedRows,
  options: GaeOptions,
  onRow?: (advantages: FloatArray, start: number, end: number) => void,
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
  const decay = gamma * lambda
  for (let r = 0; r < rowCount(rows); r++) {
    const start = offsets[r]
    const end = offsets[r + 1]
    const scan = { start, end, gamma, decay, advantages, returns }
    if (mask && maskedTokens === 'skip') scanPolicy(rewards, values, mask, scan)
    else scanAll(rewards, values, scan)
    if (end > start && !Number.isFinite(advantages[start])) throw notFinite(rewards, values, start, end, r)
    onRow?.(advantages, start, end)
  }
  return { advantages, returns }
}

interface Scan {
  readonly start: number
  readonly end: number
  readonly gamma: number
  readonly decay: number
  readonly advantages: FloatArray
  readonly returns: FloatArray
}

function scanAll(rewards: FloatArray, values: FloatArray, scan: Scan): void {
  const { start, end, gamma, decay, advantages, returns } = scan
  let nextValue = 0
  let advantage = 0
  for (let t = end - 1; t >= start; t--) {
    const value = values[t]
    advantage = rewards[t] + gamma * nextValue - value + decay * advantage
    nextValue = value
    advantages[t] = advantage
    returns[t] = advantage + value
  }
}

/** The step is computed at every token and taken or not, because a branch on the mask is mispredicted at every turn. */
function scanPolicy(rewards: FloatArray, values: FloatArray, mask: ArrayLike<number>, scan: Scan): void {
  const { start, end, gamma, decay, advantages, returns } = scan
  let nextValue = 0
  let advantage = 0
  for (let t = end - 1; t >= start; t--) {
    const value = values[t]
    const policy = mask[t] !== 0
    const step = rewards[t] + gamma * nextValue - value + decay * advantage
    advantage = policy ? step : advantage
    nextValue = policy ? value : nextValue
    advantages[t] = advantage
    returns[t] = advantage + value
  }
}

/** Moments about the row's last entry, so that a common offset costs no accuracy. The mask is 0 or 1. */
function rowMoments(advantages: FloatArray, mask: ArrayLike<number> | undefined, start: number, end: number): Moments {
  if (end <= start) return { count: 0, mean: 0, squares: 0 }
  const anchor = advantages[end - 1]
  let count = 0
  let first = 0
  let second = 0
  if (mask) {
    for (let t = start; t < end; t++) {
      const weight = mask[t]
      const offset = (advantages[t] - anchor) * weight
      count += weight
      first += offset
      second += offset * offset
    }
  } else {
    count = end - start
    for (let t = start; t < end; t++) {
      const offset = advantages[t] - anchor
      first += offset
      second += offset * offset
    }
  }
  if (count === 0) return { count: 0, mean: 0, squares: second }
  return { count, mean: anchor + first / count, squares: Math.max(0, second - (first * first) / count) }
}

function merged(all: Moments, row: Moments): Moments {
  if (row.count === 0) return all
  const count = all.count + row.count
  const shift = row.mean - all.mean
  return {
    count,
    mean: all.mean + (shift * row.count) / count,
    squares: all.squares + row.squares + (shift * shift * all.count * row.count) / count,
  }
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
