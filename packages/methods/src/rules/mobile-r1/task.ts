import { assertFinite, assertFiniteNumber, assertSameLength, GuerdonError } from '@guerdon/core'
import { groupItems, groupNormalise } from '../../shared/group-normalise.ts'
import { placeOnTokens, type Span } from '../../shared/spans.ts'

/** The parts of a task-level reward. */
export interface TaskLevelReward {
  /** Mean of +1 for a well-formed turn and −1 for another, in [−1, 1]. */
  readonly format: number
  /** The verdict on the whole trajectory, in [0, 1]; null without one. */
  readonly trajectory: number | null
  /** null without a verdict: such a trajectory leaves its group. */
  readonly total: number | null
  readonly valid: boolean
  /** Whether the verdict lay outside [0, 1] and was clipped. */
  readonly clipped: boolean
}

/**
 * Task-level reward of a trajectory: R = α·R_fmt + β·R_traj, R_fmt the mean over turns of ±1 (−1 without turns), R_traj
 * ∈ [0, 1] the verdict of a judge that saw the whole trajectory, or the simulator's success flag.
 *
 * Source: Mobile-R1, arXiv 2506.20332, stage 3 (weights and the range of the format term are reconstructions).
 *
 * @param turnFormatOk [turns]
 * @param judgeScore null when the judge was not available: never 0
 */
export function taskLevelReward(
  turnFormatOk: ArrayLike<boolean | number>,
  judgeScore: number | null,
  options: { readonly alpha?: number; readonly beta?: number } = {},
): TaskLevelReward {
  const { alpha = 1, beta = 1 } = options
  assertFiniteNumber(alpha, 'alpha')
  assertFiniteNumber(beta, 'beta')
  let signs = 0
  for (let i = 0; i < turnFormatOk.length; i++) signs += turnFormatOk[i] ? 1 : -1
  const format = turnFormatOk.length === 0 ? -1 : signs / turnFormatOk.length
  if (judgeScore === null || !Number.isFinite(judgeScore))
    return { format, trajectory: null, total: null, valid: false, clipped: false }
  const trajectory = Math.min(1, Math.max(0, judgeScore))
  return {
    format,
    trajectory,
    total: alpha * format + beta * trajectory,
    valid: true,
    clipped: trajectory !== judgeScore,
  }
}

/** Advantages of one group. */
export interface BroadcastAdvantages {
  /** [G] 0 for trajectories without a reward. */
  readonly advantages: Float64Array
  /** G rows, the trajectory's advantage on the tokens of its model turns, 0 elsewhere. */
  readonly tokenAdvantages: Float64Array[]
  /** False when fewer than two trajectories have a reward or all rewards are equal: skip the group. */
  readonly usable: boolean
}

/**
 * Trajectory advantages of one group, A = (R − mean)/(std + ε) over the trajectories that have a reward, copied to all
 * tokens of all model turns; observation tokens get 0.
 *
 * @param taskRewards [G] null for an invalid trajectory
 * @param modelTokenSpans G lists of [start, end) token positions the model wrote
 * @param sequenceLengths [G] tokens of each concatenated sequence
 * @throws invalid_input for a span outside its sequence or overlapping spans
 */
export function broadcastAdvantages(
  taskRewards: ArrayLike<number | null>,
  modelTokenSpans: readonly (readonly Span[])[],
  sequenceLengths: ArrayLike<number>,
  options: { readonly epsilon?: number; readonly ddof?: 0 | 1 } = {},
): BroadcastAdvantages {
  const { epsilon = 1e-6, ddof = 1 } = options
  assertSameLength(taskRewards, 'taskRewards', modelTokenSpans, 'modelTokenSpans')
  assertSameLength(taskRewards, 'taskRewards', sequenceLengths, 'sequenceLengths')
  const given = Array.from(taskRewards)
  const scored = Uint8Array.from(given, reward => (reward === null ? 0 : 1))
  const rewards = Float64Array.from(given, reward => reward ?? 0)
  assertFinite(rewards, 'taskRewards')
  const grouping = groupItems(new Int32Array(rewards.length))
  const advantages = groupNormalise(rewards, grouping, { epsilon, ddof }, scored)
  const tokenAdvantages = modelTokenSpans.map((spans, i) =>
    placeOnTokens(spans, new Float64Array(spans.length).fill(advantages[i]), sequenceLengths[i]),
  )
  const valid = given.filter(reward => reward !== null)
  return { advantages, tokenAdvantages, usable: valid.length > 1 && valid.some(reward => reward !== valid[0]) }
}

/**
 * Weight of each model token in the loss Σ w·ℓ: `trajectory` gives every trajectory the same say, 1/(N·its tokens);
 * `global` gives every token the same, 1/(all tokens), so long trajectories dominate. Trajectories without model tokens
 * have no say.
 *
 * @param modelTokens [N] number of model tokens of each trajectory
 * @returns [N] weight of one token of each trajectory
 */
export function tokenLossWeights(
  modelTokens: ArrayLike<number>,
  options: { readonly normalise?: 'trajectory' | 'global' } = {},
): Float64Array {
  const { normalise = 'trajectory' } = options
  let total = 0
  let active = 0
  for (let i = 0; i < modelTokens.length; i++) {
    total += modelTokens[i]
    if (modelTokens[i] > 0) active++
  }
  return Float64Array.from(modelTokens, count => {
    if (count === 0) return 0
    return normalise === 'global' ? 1 / total : 1 / (active * count)
  })
}

/** Longest rollout in turns: 2·expertLength + 2, unless configured otherwise. */
export function maximumTurns(expertLength: number): number {
  if (!Number.isInteger(expertLength) || expertLength < 0) {
    throw new GuerdonError('invalid_input', `expected an expert length ≥ 0; got ${expertLength}`, {
      path: ['expertLength'],
    })
  }
  return 2 * expertLength + 2
}

/**
 * Whether the single-step stage has reached its plateau and task-level training may begin: the mean action reward of
 * the last `window` updates exceeds that of the window before by no more than `tolerance`. Never before two windows are
 * full.
 *
 * @param actionRewards mean action-level reward of each update, oldest first
 */
export function hasPlateaued(
  actionRewards: ArrayLike<number>,
  options: { readonly window?: number; readonly tolerance?: number } = {},
): boolean {
  const { window = 20, tolerance = 0.01 } = options
  if (actionRewards.length < 2 * window) return false
  let gain = 0
  for (let i = 1; i <= window; i++) {
    gain += actionRewards[actionRewards.length - i] - actionRewards[actionRewards.length - window - i]
  }
  return gain / window <= tolerance
}
