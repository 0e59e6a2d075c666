import { assertFinite, assertFiniteNumber, assertOneOf, assertSameLength, GuerdonError } from '@guerdon/core'

/** Whether a higher sum equal to its threshold opens the gate: `gt` no, `gte` yes. */
export type GateOp = 'gt' | 'gte'

/** Choices of the gate. */
export interface GateOptions {
  /** Default `gt`. */
  readonly gateOp?: GateOp
  /** Negative lower rewards vanish with the rest when the gate is closed; false lets them through. Default true. */
  readonly gatePenalties?: boolean
}

/** Choices of `gatedAccumulate`. */
export interface GatedAccumulateOptions extends GateOptions {
  /**
   * One threshold a level, compared with that level's own sum when it gates the ones below; the lowest level's is never
   * used. −Infinity (or null) for an optional level that should not gate. Default 0 each.
   */
  readonly thresholds?: readonly (number | null)[]
  /** One weight a level. Default 1 each. */
  readonly weights?: readonly number[]
}

/** Gated and direct accumulation of one trajectory. */
export interface GatedReturn {
  /** S_k = Σ_t r^(k)_t. */
  readonly levelSums: Float64Array
  /** γ_k ∈ {0, 1}; the top level's is 1. */
  readonly gates: Uint8Array
  /** G-RA: Σ w_k γ_k S_k. */
  readonly total: number
  /** D-RA, what G-RA guards against: Σ w_k S_k. */
  readonly directTotal: number
}

/**
 * Gated reward accumulation: level i counts only when *every* level above it clears its threshold at the end of the episode,
 * γ_i = 1 iff S_j > g_j for all j > i, and the return is Σ w_k γ_k S_k. A dense, easy reward can then not be farmed while
 * the outcome it serves is missed.
 *
 * An empty level has sum 0, and 0 > 0 is false: it closes what stands below unless its threshold is −Infinity.
 *
 * Sun et al. 2025, arXiv 2508.10548.
 *
 * @param levelRewards rewards of each level over the turns, lowest priority first
 */
export function gatedAccumulate(
  levelRewards: readonly ArrayLike<number>[],
  options: GatedAccumulateOptions = {},
): GatedReturn {
  const { gateOp = 'gt', gatePenalties = true } = options
  const thresholds = options.thresholds ?? levelRewards.map(() => 0)
  const weights = options.weights ?? levelRewards.map(() => 1)
  assertOneOf(gateOp, 'gateOp', ['gt', 'gte'])
  assertSameLength(levelRewards, 'levelRewards', thresholds, 'thresholds')
  assertSameLength(levelRewards, 'levelRewards', weights, 'weights')
  assertFinite(weights, 'weights')
  const count = levelRewards.length
  const levelSums = new Float64Array(count)
  const penalties = new Float64Array(count)
  levelRewards.forEach((rewards, k) => {
    assertFinite(rewards, `levelRewards[${k}]`)
    for (let t = 0; t < rewards.length; t++) {
      levelSums[k] += rewards[t]
      penalties[k] += Math.min(rewards[t], 0)
    }
  })
  const gates = new Uint8Array(count)
  let open = 1
  let total = 0
  let directTotal = 0
  for (let k = count - 1; k >= 0; k--) {
    gates[k] = open
    total += weights[k] * (open ? levelSums[k] : gatePenalties ? 0 : penalties[k])
    directTotal += weights[k] * levelSums[k]
    if (!clears(levelSums[k], thresholds[k] ?? Number.NEGATIVE_INFINITY, gateOp)) open = 0
  }
  return { levelSums, gates, total, directTotal }
}

/** True when `sum` opens a gate with this threshold. */
export function clears(sum: number, threshold: number, gateOp: GateOp): boolean {
  if (Number.isNaN(threshold)) {
    throw new GuerdonError('invalid_option', 'expected thresholds that are numbers; got NaN', { path: ['thresholds'] })
  }
  return gateOp === 'gte' ? sum >= threshold : sum > threshold
}

/** Choices of `gatedTurnRewards`. */
export interface GatedTurnOptions extends GateOptions {
  /** The outcome that must be exceeded. Default −0.5: closed for "not submitted" and "empty patch". */
  readonly threshold?: number
  /** Weight of the step rewards. Default 1. */
  readonly stepWeight?: number
}

/** Gated rewards of one trajectory, turn by turn. */
export interface GatedTurns {
  readonly gate: 0 | 1
  /** [T] gated step rewards, the outcome added on the last turn; one turn when there are no steps. */
  readonly turnRewards: Float64Array
  /** Σ of `turnRewards`. */
  readonly trajectoryReturn: number
}

/**
 * The two-channel case on turns: r̃_t = w·1[outcome > g]·r_t, plus the outcome on the last turn. The gate depends on the final
 * outcome, so step rewards must be held back until the episode ends.
 */
export function gatedTurnRewards(
  stepRewards: ArrayLike<number>,
  outcomeReward: number,
  options: GatedTurnOptions = {},
): GatedTurns {
  const { threshold = -0.5, gateOp = 'gt', stepWeight = 1, gatePenalties = true } = options
  assertFinite(stepRewards, 'stepRewards')
  assertFiniteNumber(outcomeReward, 'outcomeReward')
  assertFiniteNumber(stepWeight, 'stepWeight')
  const gate = clears(outcomeReward, threshold, gateOp) ? 1 : 0
  const turnRewards = new Float64Array(Math.max(1, stepRewards.length))
  for (let t = 0; t < stepRewards.length; t++) {
    turnRewards[t] = stepWeight * (gate ? stepRewards[t] : gatePenalties ? 0 : Math.min(stepRewards[t], 0))
  }
  turnRewards[turnRewards.length - 1] += outcomeReward
  return { gate, turnRewards, trajectoryReturn: turnRewards.reduce((a, b) => a + b, 0) }
}
