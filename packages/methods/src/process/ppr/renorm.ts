import { assertFiniteNumber, assertInRange, assertInteger, assertOneOf, GuerdonError, sum } from '@guerdon/core'

/** One trajectory of several turns. */
export interface JudgedTurns {
  /** T, tokens of the response including observations. */
  readonly length: number
  /** [n] last token of each turn, its observation block included; ascending. */
  readonly turnEnds: ArrayLike<number>
  /** Score in [0, 1] of every turn before the answer; null where the judge failed. */
  readonly processScores: readonly (number | null)[]
  /** r_o in [0, 1]. */
  readonly outcome: number
  /** Token that carries the outcome; the last turn's end unless the end of that turn was cut off. */
  readonly outcomePosition?: number
}

/** Choices of `reNorm`. */
export interface ReNormOptions {
  /** β (μ in the paper): what is taken from every process score. Default 1. With 1, the sign of a score follows the outcome. */
  readonly beta?: number
  /**
   * A turn the judge failed on: `skip` leaves it without reward, `zeroBeforeShift` counts it as the worst score, −1 in a wrong
   * trajectory (the released code). Default `skip`.
   */
  readonly failedJudge?: 'skip' | 'zeroBeforeShift'
  /**
   * `released`: when the last turn's end is lost, the process score that stands there is taken for the outcome. Default: the
   * outcome stays the outcome.
   */
  readonly compat?: 'released'
}

/** Sparse token rewards before and after the shift. */
export interface ReNormRewards {
  /** [T] scores at turn ends, the outcome at its position. */
  readonly raw: Float64Array
  /** [T] r̂_p = r_p + r_o − β on every turn before the outcome; the outcome itself is unchanged. */
  readonly rewards: Float64Array
}

/**
 * ReNorm: adds the outcome minus β to the process score of every turn before the last. The outcome reaches all turns (it is
 * not diluted in long trajectories), and with β = 1 scores are ≤ 0 when the answer is wrong and ≥ 0 when it is right. A
 * trajectory of one turn is its outcome.
 *
 * A constant shift is not harmless: −β is paid per turn, so a policy that may choose the number of turns learns to answer at
 * once when it rarely succeeds (see `reNormRisk`).
 *
 * Source: RewardManager in Zhuohao-Li/ppr.
 *
 * @throws invalid_input for turn ends outside the response or out of order, a score or an outcome outside [0, 1]
 */
export function reNorm(trajectory: JudgedTurns, options: ReNormOptions = {}): ReNormRewards {
  const { beta = 1, failedJudge = 'skip', compat } = options
  const { length, turnEnds, processScores, outcome } = trajectory
  assertInteger(length, 'length')
  assertInRange(outcome, 'outcome', 0, 1)
  assertFiniteNumber(beta, 'beta')
  assertOneOf(failedJudge, 'failedJudge', ['skip', 'zeroBeforeShift'])
  checkTurnEnds(turnEnds, length)
  const lastEnd = turnEnds.length === 0 ? undefined : turnEnds[turnEnds.length - 1]
  const outcomeAt = trajectory.outcomePosition ?? lastEnd
  const complete = outcomeAt === lastEnd
  const judged = complete ? Math.max(turnEnds.length - 1, 0) : turnEnds.length
  if (processScores.length !== judged) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected one process score for each of ${judged} turns before the outcome; got ${processScores.length}`,
      { path: ['processScores'], hint: 'the turn that holds the answer is never judged' },
    )
  }
  const raw = new Float64Array(length)
  for (let turn = 0; turn < judged; turn++) {
    const score = processScores[turn]
    if (score === null) continue
    assertInRange(score, `processScores[${turn}]`, 0, 1)
    raw[turnEnds[turn]] = score
  }
  if (outcomeAt !== undefined && outcomeAt >= 0 && outcomeAt < length) raw[outcomeAt] = outcome
  const rewards = raw.slice()
  const taken = !complete && compat === 'released' && lastEnd !== undefined ? raw[lastEnd] : outcome
  const shifted = !complete && compat === 'released' ? judged - 1 : judged
  for (let turn = 0; turn < shifted; turn++) {
    if (processScores[turn] !== null || failedJudge === 'zeroBeforeShift') rewards[turnEnds[turn]] += taken - beta
  }
  return { raw, rewards }
}

function checkTurnEnds(turnEnds: ArrayLike<number>, length: number): void {
  for (let turn = 0; turn < turnEnds.length; turn++) {
    const end = turnEnds[turn]
    if (Number.isInteger(end) && end < length && end > (turn === 0 ? -1 : turnEnds[turn - 1])) continue
    throw new GuerdonError(
      'invalid_input',
      `expected ascending turn ends within a response of ${length} tokens; turn ${turn} ends at ${end}`,
      { path: ['turnEnds', turn] },
    )
  }
}

/** The same shift on scores alone: r̂_p = r_p + r_o − μ for each turn before the last. */
export function reNormScores(
  processScores: ArrayLike<number>,
  outcome: number,
  options: { readonly mu?: number } = {},
): Float64Array {
  return Float64Array.from(processScores, score => score + outcome - (options.mu ?? 1))
}

/** Total undiscounted returns of one trajectory under three ways to mix the rewards. */
export interface MixedReturns {
  readonly outcomeOnly: number
  /** Σ r_p + r_o: exploitable by turns that please the judge. */
  readonly naiveSum: number
  readonly reNorm: number
}

/** Returns of one trajectory; ReNorm weighs the outcome by the number of turns: Σ r_p + (n + 1)·r_o − μ·n. */
export function mixReturns(
  processScores: ArrayLike<number>,
  outcome: number,
  options: { readonly mu?: number } = {},
): MixedReturns {
  return {
    outcomeOnly: outcome,
    naiveSum: sum(processScores) + outcome,
    reNorm: sum(reNormScores(processScores, outcome, options)) + outcome,
  }
}

/** Numbers to watch while training with ReNorm. */
export interface ReNormRisk {
  readonly meanOutcome: number
  readonly meanTurns: number
  /** True when outcomes are so rare that every turn is on average a loss: expect the policy to stop using its tools. */
  readonly collapseLikely: boolean
}

/** The condition under which ReNorm teaches a policy to stop early: mean outcome below `threshold` (default 0.25). */
export function reNormRisk(
  outcomes: ArrayLike<number>,
  turnCounts: ArrayLike<number>,
  options: { readonly threshold?: number } = {},
): ReNormRisk {
  const meanOutcome = outcomes.length === 0 ? 0 : sum(outcomes) / outcomes.length
  const meanTurns = turnCounts.length === 0 ? 0 : sum(turnCounts) / turnCounts.length
  const collapseLikely = outcomes.length > 0 && meanOutcome < (options.threshold ?? 0.25)
  return { meanOutcome, meanTurns, collapseLikely }
}
