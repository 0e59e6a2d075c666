import { assertFinite, assertOneOf, assertProbability, assertSameLength, GuerdonError } from '@guerdon/core'
import { type Grouping, groupMoments } from '../../shared/group-normalise.ts'
import { assertRows, type FloatArray, type RaggedRows, rowCount, toRows } from '../../shared/ragged.ts'

/** Choices of `igpoTurnAdvantages`. */
export interface IgpoOptions {
  /** Pool gains and outcomes of a group together, or normalise the two kinds apart. Default `joint`. */
  readonly normalisation?: 'joint' | 'separate'
  /** Divide by the deviation; false only subtracts the mean. Default true. */
  readonly normaliseByStd?: boolean
  /** Discount of later turns. Default 1. */
  readonly gamma?: number
  /** Curriculum weight on outcomes before normalising. Default 1. */
  readonly outcomeWeight?: number
  /** Curriculum weight on gains before normalising. Default 1. */
  readonly gainWeight?: number
  /** Default 1e-6. */
  readonly epsilon?: number
}

/** Rewards and advantages by turn, the answering turn last: [rollout][turns]. */
export interface IgpoTurns {
  readonly normalizedRewards: readonly Float64Array[]
  readonly turnAdvantages: readonly Float64Array[]
}

/**
 * IGPO's turn advantages: every reward of a group is z-scored, then accumulated backwards so that early retrieval gets
 * credit for what it made possible:
 *
 *   r̂ = (r − mean) / (√(var + 1e-8) + ε),  Ã_t = Σ_{k ≥ t} γ^{k−t} r̂_k
 *
 * with the biased variance over the pool. A pool of one value gives 0, and so does one whose values are all equal. A gain
 * of exactly 0 is a turn like any other. Wang et al. 2025, arXiv 2510.14967.
 *
 * @param gains information gain of each tool turn of each rollout
 * @param outcomes [R] outcome reward of the answering turn
 */
export function igpoTurnAdvantages(
  gains: readonly ArrayLike<number>[],
  outcomes: ArrayLike<number>,
  groups: Grouping,
  options: IgpoOptions = {},
): IgpoTurns {
  const { normalisation = 'joint', normaliseByStd = true, gamma = 1, epsilon = 1e-6 } = options
  const { outcomeWeight = 1, gainWeight = 1 } = options
  assertOneOf(normalisation, 'normalisation', ['joint', 'separate'])
  assertProbability(gamma, 'gamma')
  assertSameLength(gains, 'gains', outcomes, 'outcomes')
  assertSameLength(gains, 'gains', groups.index, 'groups')
  assertFinite(outcomes, 'outcomes')
  const offsets = new Int32Array(gains.length + 1)
  for (let r = 0; r < gains.length; r++) offsets[r + 1] = offsets[r] + gains[r].length + 1
  const rewards = new Float64Array(offsets[gains.length])
  const pools = new Int32Array(rewards.length)
  gains.forEach((row, r) => {
    assertFinite(row, `gains[${r}]`)
    const start = offsets[r]
    const end = offsets[r + 1] - 1
    for (let t = 0; t < row.length; t++) rewards[start + t] = gainWeight * row[t]
    rewards[end] = outcomeWeight * outcomes[r]
    const group = groups.index[r]
    pools.fill(normalisation === 'separate' ? group + groups.count : group, start, end)
    pools[end] = group
  })
  const { counts, means, squares } = groupMoments(rewards, { index: pools, count: 2 * groups.count })
  const deviations = squares.map((square, pool) =>
    normaliseByStd && counts[pool] > 1 ? Math.sqrt(square / counts[pool] + 1e-8) + epsilon : 1,
  )
  const normalized = rewards.map((reward, i) => (reward - means[pools[i]]) / deviations[pools[i]])
  const advantages = normalized.slice()
  for (let r = 0; r < gains.length; r++) {
    for (let i = offsets[r + 1] - 2; i >= offsets[r]; i--) advantages[i] += gamma * advantages[i + 1]
  }
  return { normalizedRewards: toRows(normalized, offsets), turnAdvantages: toRows(advantages, offsets) }
}

/**
 * Turn advantages on every token of their turn: turn t ends at `turnEnds[t]` (inclusive), the answering turn at the last
 * token of the response.
 *
 * @param turnEnds [T] increasing positions of the last token of each tool turn
 * @param length number of tokens of the response
 * @returns [length]
 */
export function turnsOnTokens(
  turnAdvantages: ArrayLike<number>,
  turnEnds: ArrayLike<number>,
  length: number,
): Float64Array {
  assertSameLength({ length: turnEnds.length + 1 }, 'turns', turnAdvantages, 'turnAdvantages')
  const row = new Float64Array(length)
  let start = 0
  for (let t = 0; t <= turnEnds.length; t++) {
    const end = t < turnEnds.length ? turnEnds[t] + 1 : length
    if (!(end >= start && end <= length)) {
      throw new GuerdonError('invalid_input', `expected increasing turn ends below ${length}; got ${end - 1}`, {
        path: ['turnEnds', t],
      })
    }
    row.fill(turnAdvantages[t], start, end)
    start = end
  }
  return row
}

/**
 * Token rewards: gain t on the last token of turn t, the outcome on the last token of the response.
 *
 * When there are not as many gains as turns it is an error; under `compat: 'released'` all gains are then dropped, except
 * that with more than 10 turns one missing gain is taken to be 0.
 */
export function placeTurnRewards(
  gains: ArrayLike<number>,
  outcome: number,
  turnEnds: ArrayLike<number>,
  length: number,
  options: { readonly compat?: 'released' } = {},
): Float64Array {
  const row = new Float64Array(length)
  if (length === 0) return row
  const turns = turnEnds.length
  const patched = options.compat === 'released' && turns > 10 && gains.length === turns - 1
  const matched = gains.length === turns || patched
  if (!matched && options.compat !== 'released') assertSameLength(turnEnds, 'turnEnds', gains, 'gains')
  if (matched) for (let t = 0; t < gains.length; t++) row[turnEnds[t]] += gains[t]
  row[length - 1] += outcome
  return row
}

/** Token advantages and the returns behind them, [T] each. */
export interface ReleasedAdvantages {
  readonly advantages: Float64Array
  readonly returns: Float64Array
}

/**
 * What the released code trains on: the return from each token on (γ = 1, cut where the mask is 0), less the mean of the
 * group's returns *at the same token position*. Rollouts of different length are thus compared at unrelated turns. A row
 * that ended counts with 0; a lone rollout gets 0.
 *
 * @param rewards [T] rows of one length within a group, or ragged: a missing position counts as 0
 */
export function releasedAdvantages(rewards: FloatArray, rows: RaggedRows, groups: Grouping): ReleasedAdvantages {
  const returns = releasedReturns(rewards, rows, 1)
  const { offsets, mask } = rows
  const sizes = new Int32Array(groups.count)
  for (const g of groups.index) sizes[g]++
  const sums: number[][] = Array.from({ length: groups.count }, () => [])
  eachToken(rows, groups, (t, position, g) => {
    sums[g][position] = (sums[g][position] ?? 0) + returns[t]
  })
  const advantages = new Float64Array(returns.length)
  eachToken({ offsets, mask }, groups, (t, position, g) => {
    advantages[t] = !mask || mask[t] ? returns[t] - sums[g][position] / sizes[g] : 0
  })
  return { advantages, returns }
}

/** Choices of `releasedDiscountedAdvantages`. */
export interface ReleasedDiscountOptions {
  /** Default 0.5. */
  readonly gamma?: number
  /** Default 1e-6. */
  readonly epsilon?: number
  /** Default true. */
  readonly normaliseByStd?: boolean
}

/**
 * The second estimator of the released code, which nothing calls: discounted returns, centred and scaled by the mean and
 * sample deviation of the group's returns at position 0. A lone rollout is centred on its own first return.
 */
export function releasedDiscountedAdvantages(
  rewards: FloatArray,
  rows: RaggedRows,
  groups: Grouping,
  options: ReleasedDiscountOptions = {},
): ReleasedAdvantages {
  const { gamma = 0.5, epsilon = 1e-6, normaliseByStd = true } = options
  assertProbability(gamma, 'gamma')
  const returns = releasedReturns(rewards, rows, gamma)
  const { offsets, mask } = rows
  const first = Float64Array.from({ length: rowCount(rows) }, (_, r) =>
    offsets[r + 1] > offsets[r] ? returns[offsets[r]] : 0,
  )
  const { counts, means, squares } = groupMoments(first, groups)
  const advantages = new Float64Array(returns.length)
  eachToken(rows, groups, (t, _position, g) => {
    if (mask && !mask[t]) return
    const deviation = counts[g] > 1 ? Math.sqrt(squares[g] / (counts[g] - 1)) : 1
    advantages[t] = (returns[t] - means[g]) / (normaliseByStd ? deviation + epsilon : 1)
  })
  return { advantages, returns }
}

function releasedReturns(rewards: FloatArray, rows: RaggedRows, gamma: number): Float64Array {
  assertRows(rewards, 'rewards', rows)
  assertFinite(rewards, 'rewards')
  const { offsets, mask } = rows
  const returns = new Float64Array(rewards.length)
  for (let r = 0; r < rowCount(rows); r++) {
    let running = 0
    for (let t = offsets[r + 1] - 1; t >= offsets[r]; t--) {
      returns[t] = rewards[t] + gamma * running
      running = mask && !mask[t] ? 0 : returns[t]
    }
  }
  return returns
}

function eachToken(
  rows: RaggedRows,
  groups: Grouping,
  visit: (token: number, position: number, group: number) => void,
): void {
  assertSameLength({ length: rowCount(rows) }, 'rows', groups.index, 'groups')
  for (let r = 0; r < rowCount(rows); r++)
    for (let t = rows.offsets[r]; t < rows.offsets[r + 1]; t++) visit(t, t - rows.offsets[r], groups.index[r])
}

/**
 * Share of groups whose rewards are all equal (max − min ≤ tolerance, lone rollouts included): groups that teach nothing
 * under an outcome-only estimator. `undefined` without groups.
 */
export function zeroAdvantageGroupFraction(
  rewards: ArrayLike<number>,
  groups: Grouping,
  options: { readonly tolerance?: number } = {},
): number | undefined {
  const { tolerance = 1e-9 } = options
  assertSameLength(rewards, 'rewards', groups.index, 'groups')
  const low = new Float64Array(groups.count).fill(Number.POSITIVE_INFINITY)
  const high = new Float64Array(groups.count).fill(Number.NEGATIVE_INFINITY)
  for (let i = 0; i < rewards.length; i++) {
    const g = groups.index[i]
    low[g] = Math.min(low[g], rewards[i])
    high[g] = Math.max(high[g], rewards[i])
  }
  if (groups.count === 0) return undefined
  return low.reduce((collapsed, value, g) => collapsed + (high[g] - value <= tolerance ? 1 : 0), 0) / groups.count
}
