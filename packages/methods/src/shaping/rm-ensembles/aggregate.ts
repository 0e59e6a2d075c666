import { assertFiniteNumber, assertNotEmpty, assertOneOf, GuerdonError, mean, median, variance } from '@guerdon/core'
import { bestIndex } from '../../shared/best-of-n.ts'

/** Ways of making one score of K. */
export const aggregators = ['mean', 'median', 'min', 'meanMinusStd', 'uncertaintyWeighted'] as const
/** Name of a way to combine the members' scores. */
export type Aggregator = (typeof aggregators)[number]

/** Choices of aggregation. */
export interface AggregateOptions {
  /** Default `mean`: usually as good as the conservative ones. */
  readonly aggregator?: Aggregator
  /** λ of `uncertaintyWeighted`. Default 0.5. */
  readonly lambda?: number
  /** A member without a score for a response: leave it out, or refuse. Default `drop`. */
  readonly onMissing?: 'drop' | 'fail'
}

/** One score a response, and how far the members agree on it. */
export interface Aggregated {
  /** [n] */
  readonly scores: Float64Array
  /** [n] standard deviation over members (ddof 0). 0 does not mean safe: members can share an error. */
  readonly disagreement: Float64Array
  /** [n] members that had a score. */
  readonly members: Int32Array
}

/** Scores of the members, `null` where one is missing: [K][n]. */
export type MemberScores = readonly ArrayLike<number | null>[]

/**
 * One score from those of K reward models: mean; median (average of the middle two for even K); min (worst case);
 * mean − std; mean − λ·variance (uncertainty-weighted, Coste et al., arXiv 2310.02743). Spread with ddof 0.
 *
 * Conservative aggregation removes the errors members do not share. Members must share a scale: see `standardiseMembers`.
 * Eisenstein et al., arXiv 2312.09244.
 *
 * @param member the scores of the K members for one response
 * @throws empty when no member has a score; invalid_input for a missing one under `onMissing: 'fail'`; not_finite
 */
export function aggregateMembers(
  member: ArrayLike<number | null>,
  options: AggregateOptions = {},
): { readonly score: number; readonly disagreement: number; readonly members: number } {
  const { aggregator = 'mean', lambda = 0.5, onMissing = 'drop' } = options
  assertOneOf(aggregator, 'aggregator', aggregators)
  const values: number[] = []
  for (let k = 0; k < member.length; k++) {
    const value = member[k]
    if (value !== null && value !== undefined) {
      assertFiniteNumber(value, `member ${k}`)
      values.push(value)
    } else if (onMissing === 'fail') {
      throw new GuerdonError('invalid_input', `expected a score of every member; member ${k} has none`, {
        path: ['members', k],
        hint: 'score again, or choose onMissing: "drop"',
      })
    }
  }
  assertNotEmpty(values, 'members')
  const spread = variance(values, { ddof: 0 })
  return {
    score: combine(values, spread, aggregator, lambda),
    disagreement: Math.sqrt(spread),
    members: values.length,
  }
}

function combine(values: readonly number[], spread: number, aggregator: Aggregator, lambda: number): number {
  switch (aggregator) {
    case 'mean':
      return mean(values)
    case 'median':
      return median(values)
    case 'min':
      return Math.min(...values)
    case 'meanMinusStd':
      return mean(values) - Math.sqrt(spread)
    case 'uncertaintyWeighted':
      return mean(values) - lambda * spread
  }
}

/**
 * `aggregateMembers` for n responses.
 *
 * @param scoresByMember [K][n]
 * @throws shape_mismatch when members scored different numbers of responses
 */
export function aggregateScores(scoresByMember: MemberScores, options: AggregateOptions = {}): Aggregated {
  const count = responseCount(scoresByMember)
  const result = {
    scores: new Float64Array(count),
    disagreement: new Float64Array(count),
    members: new Int32Array(count),
  }
  for (let i = 0; i < count; i++) {
    const one = aggregateMembers(
      scoresByMember.map(member => member[i]),
      options,
    )
    result.scores[i] = one.score
    result.disagreement[i] = one.disagreement
    result.members[i] = one.members
  }
  return result
}

/** The response an ensemble selects from n: arg-max of the aggregate, the first of several. Throws `empty` for n = 0. */
export function selectBest(
  scoresByMember: MemberScores,
  options: AggregateOptions = {},
): { readonly index: number; readonly aggregated: Float64Array } {
  const { scores } = aggregateScores(scoresByMember, options)
  return { index: bestIndex(scores), aggregated: scores }
}

/** Centre and spread of one member on a common set of responses. */
export interface MemberScale {
  readonly mean: number
  /** ddof 0; 0 for a member that says nothing. */
  readonly standardDeviation: number
}

/**
 * Centre and spread of every member on a common **held-out, in-distribution** set of responses, missing scores left out.
 * Taking them from the group being ranked would make mean − std punish exactly the good outliers.
 *
 * @param scoresByMember [K][n]
 */
export function memberScales(scoresByMember: MemberScores): MemberScale[] {
  responseCount(scoresByMember)
  return scoresByMember.map((member, k) => {
    const values = Array.from(member).filter(value => value !== null)
    values.forEach((value, i) => {
      assertFiniteNumber(value, `member ${k}, response ${i}`)
    })
    assertNotEmpty(values, `member ${k}`)
    return { mean: mean(values), standardDeviation: Math.sqrt(variance(values, { ddof: 0 })) }
  })
}

/** (s − mean)/std on a member's scale; 0 for a member whose scale has no spread. */
export function standardise(score: number, scale: MemberScale): number {
  return scale.standardDeviation === 0 ? 0 : (score - scale.mean) / scale.standardDeviation
}

/** Member scores brought to one scale. */
export interface StandardisedMembers {
  /** [K][n] */
  readonly standardised: (number | null)[][]
  /** Members whose scores are all equal: they are 0 everywhere and decide nothing. */
  readonly uninformative: number[]
}

/**
 * Every member's scores on a common scale. Needed whenever members do not share one.
 *
 * @param scoresByMember [K][n]
 * @param scales [K] from held-out responses; by default those of the scores themselves
 */
export function standardiseMembers(
  scoresByMember: MemberScores,
  scales: readonly MemberScale[] = memberScales(scoresByMember),
): StandardisedMembers {
  if (scales.length !== scoresByMember.length) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected a scale for each of ${scoresByMember.length} members; got ${scales.length}`,
      {
        path: ['scales'],
      },
    )
  }
  return {
    standardised: scoresByMember.map((member, k) =>
      Array.from(member, score => (score === null ? null : standardise(score, scales[k]))),
    ),
    uninformative: scales.flatMap((scale, k) => (scale.standardDeviation === 0 ? [k] : [])),
  }
}

function responseCount(scoresByMember: MemberScores): number {
  assertNotEmpty(scoresByMember, 'scoresByMember')
  const count = scoresByMember[0].length
  scoresByMember.forEach((member, k) => {
    if (member.length === count) return
    throw new GuerdonError(
      'shape_mismatch',
      `expected every member to score the same responses; member 0 has ${count} scores, member ${k} ${member.length}`,
      { path: ['scoresByMember', k] },
    )
  })
  return count
}
