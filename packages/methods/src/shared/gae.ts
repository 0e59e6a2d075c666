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
  const { advantages, returns } = generalizedAdvantagesWithMoments(rewards, values, rows, options)
  return { advantages, returns }
}

/** `generalizedAdvantages` with the moments of the policy tokens' advantages, gathered in the same pass. */
export function generalizedAdvantagesWithMoments(
  rewards: FloatArray,
  values: FloatArray,
  rows: RaggedRows,
  options: GaeOptions = {},
): GaeWithMoments {
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
  const scan = { gamma, decay: gamma * lambda, advantages, returns, row: new Float64Array(4) }
  let moments: Moments = { count: 0, mean: 0, squares: 0 }
  for (let r = 0; r < rowCount(rows); r++) {
    const start = offsets[r]
    const end = offsets[r + 1]
    if (end <= start) continue
    if (mask && maskedTokens === 'skip') scanPolicy(rewards, values, mask, start, end, scan)
    else scanAll(rewards, values, mask, start, end, scan)
    if (!Number.isFinite(advantages[start])) throw notFinite(rewards, values, start, end, r)
    moments = merged(moments, scan.row)
  }
  return { advantages, returns, moments }
}

/** What a scan of one row reads and writes. */
interface Scan {
  readonly gamma: number
  readonly decay: number
  readonly advantages: FloatArray
  readonly returns: FloatArray
  /** Of the row's policy tokens: number, anchor, Σ(A − anchor), Σ(A − anchor)². */
  readonly row: Float64Array
}

/** The anchor is the row's last advantage, so that a common offset costs the moments no accuracy. */
function scanAll(
  rewards: FloatArray,
  values: FloatArray,
  mask: ArrayLike<number> | undefined,
  start: number,
  end: number,
  { gamma, decay, advantages, returns, row }: Scan,
): void {
  const anchor = rewards[end - 1] - values[end - 1]
  let count = 0
  let first = 0
  let second = 0
  let nextValue = 0
  let advantage = 0
  for (let t = end - 1; t >= start; t--) {
    const value = values[t]
    advantage = rewards[t] + gamma * nextValue - value + decay * advantage
    nextValue = value
    advantages[t] = advantage
    returns[t] = advantage + value
    if (mask !== undefined && mask[t] === 0) continue
    const offset = advantage - anchor
    count++
    first += offset
    second += offset * offset
  }
  keep(row, count, anchor, first, second)
}

/** Policy tokens and masked ones come in runs, so each run has a loop of its own. */
function scanPolicy(
  rewards: FloatArray,
  values: FloatArray,
  mask: ArrayLike<number>,
  start: number,
  end: number,
  { gamma, decay, advantages, returns, row }: Scan,
): void {
  const anchor = mask[end - 1] === 0 ? 0 : rewards[end - 1] - values[end - 1]
  let count = 0
  let first = 0
  let second = 0
  let nextValue = 0
  let advantage = 0
  let t = end - 1
  while (t >= start) {
    const runEnd = t
    for (; t >= start && mask[t] !== 0; t--) {
      const value = values[t]
      advantage = rewards[t] + gamma * nextValue - value + decay * advantage
      nextValue = value
      const offset = advantage - anchor
      first += offset
      second += offset * offset
      advantages[t] = advantage
      returns[t] = advantage + value
    }
    count += runEnd - t
    for (; t >= start && mask[t] === 0; t--) {
      advantages[t] = advantage
      returns[t] = advantage + values[t]
    }
  }
  keep(row, count, anchor, first, second)
}

function keep(row: Float64Array, count: number, anchor: number, first: number, second: number): void {
  row[0] = count
  row[1] = anchor
  row[2] = first
  row[3] = second
}

function merged(all: Moments, [rowCount, anchor, first, second]: Float64Array): Moments {
  if (rowCount === 0) return all
  const count = all.count + rowCount
  const shift = anchor + first / rowCount - all.mean
  const squares = Math.max(0, second - (first * first) / rowCount)
  return {
    count,
    mean: all.mean + (shift * rowCount) / count,
    squares: all.squares + squares + (shift * shift * all.count * rowCount) / count,
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
