import {
  assertFinite,
  assertFiniteNumber,
  assertInRange,
  assertOneOf,
  assertProbability,
  assertSameLength,
} from '@guerdon/core'
import { groupItems, groupNormalise } from '../../shared/group-normalise.ts'

/** What a task can be checked by. The task decides, never the response. */
export const taskKinds = ['verifiable', 'openEnded', 'mixed'] as const
/** Name of a kind of task. */
export type TaskKind = (typeof taskKinds)[number]

/** What is known of one response. */
export interface HybridInput {
  readonly taskKind: TaskKind
  /** Rule reward in [0, 1]; null when no rule applies. An answer that cannot be parsed is 0, not null. */
  readonly ruleReward: number | null
  /** Reward model's score in [0, 1], or a cosine; null when it failed. */
  readonly modelReward: number | null
  /** Weight of the rule for mixed tasks, in [0, 1]. Default 0.5. */
  readonly confidence?: number | null
}

/** The hybrid reward and the weight the rule had in it. */
export interface HybridReward {
  /** 0 when not valid: leave the item out, do not count it. */
  readonly reward: number
  readonly confidence: number
  /** False when neither part is there. */
  readonly valid: boolean
}

/**
 * Hybrid accuracy reward: c·R_rule + (1 − c)·R_RM, c = 1 for verifiable tasks, 0 for open-ended ones, given for mixed
 * ones. A missing (null or not finite) part gives its weight to the other.
 *
 * Source: HARMO, arXiv 2510.05283, eq. 1 (the mixed form is a reconstruction).
 */
export function hybridReward(input: HybridInput): HybridReward {
  const { taskKind, ruleReward, modelReward, confidence } = input
  assertOneOf(taskKind, 'taskKind', taskKinds)
  const hasRule = ruleReward !== null && Number.isFinite(ruleReward)
  const hasModel = modelReward !== null && Number.isFinite(modelReward)
  if (!hasRule && !hasModel) return { reward: 0, confidence: 0, valid: false }
  const wanted = taskKind === 'verifiable' ? 1 : taskKind === 'openEnded' ? 0 : (confidence ?? 0.5)
  assertProbability(wanted, 'confidence')
  const weight = !hasModel ? 1 : !hasRule ? 0 : wanted
  const reward = (hasRule ? weight * ruleReward : 0) + (hasModel ? (1 - weight) * modelReward : 0)
  return { reward, confidence: weight, valid: true }
}

/** Which responses the length term punishes. */
export const lengthModes = ['brevityIncorrect', 'brevityAll', 'twoSided'] as const
/** Name of a choice of the responses that the length term punishes. */
export type LengthMode = (typeof lengthModes)[number]

/** Options of `lengthPenalty`. */
export interface LengthPenaltyOptions {
  /** Largest penalty. Default 0.5. */
  readonly pMax?: number
  /** τ: a response with a hybrid reward of at least τ is correct. Default 0.5. */
  readonly correctThreshold?: number
  /**
   * `brevityIncorrect` (default): wrong responses shorter than the correct ones; `brevityAll`: all shorter ones;
   * `twoSided`: wrong ones that are shorter or longer.
   */
  readonly mode?: LengthMode
}

/** The length term of one group. */
export interface LengthPenalty {
  /** Mean length of the correct responses; null when there is none, and then nothing is punished. */
  readonly referenceLength: number | null
  /** [G] in [−pMax, 0] */
  readonly penalty: Float64Array
}

/**
 * Group-dynamic length penalty with L_ref the mean length of the correct responses C:
 *
 *   brevityIncorrect  i ∉ C: −P_max·max(0, 1 − Lᵢ/L_ref)       brevityAll  the same for every i
 *   twoSided          i ∉ C: −P_max·min(1, |1 − Lᵢ/L_ref|)
 *
 * Takes the pay-off out of guessing briefly without pushing correct answers to be longer. No correct response, or L_ref
 * = 0: no penalty. Source: HARMO (the shape is a reconstruction).
 *
 * @param hybridRewards [G] null for an invalid response, which neither sets the reference nor is punished
 * @param lengths [G] all in one unit, ≥ 0
 */
export function lengthPenalty(
  hybridRewards: ArrayLike<number | null>,
  lengths: ArrayLike<number>,
  options: LengthPenaltyOptions = {},
): LengthPenalty {
  const { pMax = 0.5, correctThreshold = 0.5, mode = 'brevityIncorrect' } = options
  assertInRange(pMax, 'pMax', 0, Number.MAX_VALUE)
  assertFiniteNumber(correctThreshold, 'correctThreshold')
  assertOneOf(mode, 'mode', lengthModes)
  assertSameLength(hybridRewards, 'hybridRewards', lengths, 'lengths')
  assertFinite(lengths, 'lengths')
  const correct = Array.from(hybridRewards, reward => reward !== null && reward >= correctThreshold)
  const penalty = new Float64Array(lengths.length)
  let total = 0
  let count = 0
  for (let i = 0; i < lengths.length; i++) {
    if (!correct[i]) continue
    total += lengths[i]
    count++
  }
  if (count === 0) return { referenceLength: null, penalty }
  const referenceLength = total / count
  if (referenceLength === 0) return { referenceLength, penalty }
  for (let i = 0; i < lengths.length; i++) {
    if (hybridRewards[i] === null || (correct[i] && mode !== 'brevityAll')) continue
    const missing = 1 - lengths[i] / referenceLength
    const size = mode === 'twoSided' ? Math.min(1, Math.abs(missing)) : Math.max(0, missing)
    penalty[i] = size === 0 ? 0 : -pMax * size
  }
  return { referenceLength, penalty }
}

/** Weights of the sum; all 1 as published. */
export interface HarmoWeights {
  readonly hybrid: number
  readonly length: number
  readonly format: number
}

/** Options of `harmoGroup`. */
export interface HarmoOptions extends LengthPenaltyOptions {
  /** Reward of a response in the template. Default 0.5. */
  readonly formatReward?: number
  /** Default 1, 1, 1. */
  readonly weights?: HarmoWeights
}

/** Rewards and advantages of one group. */
export interface HarmoGroup {
  /** [G] NaN for invalid responses. */
  readonly rewards: Float64Array
  /** [G] 0 for invalid responses. */
  readonly advantages: Float64Array
  readonly length: LengthPenalty
  /** [G] */
  readonly format: Float64Array
}

/**
 * R = w_h·R_hyb + w_l·R_λ + w_f·R_fmt and A = R − mean over the group's valid responses: no deviation, no ε, so prompts
 * with a small spread gain no weight (as in Dr. GRPO). A lone valid response gets 0.
 *
 * Source: HARMO, eq. 3.
 *
 * @param hybridRewards [G] null for an invalid response
 * @param lengths [G]
 * @param formatOk [G]
 */
export function harmoGroup(
  hybridRewards: ArrayLike<number | null>,
  lengths: ArrayLike<number>,
  formatOk: ArrayLike<number | boolean>,
  options: HarmoOptions = {},
): HarmoGroup {
  const { formatReward = 0.5, weights = { hybrid: 1, length: 1, format: 1 } } = options
  assertSameLength(hybridRewards, 'hybridRewards', formatOk, 'formatOk')
  const length = lengthPenalty(hybridRewards, lengths, options)
  const format = Float64Array.from(formatOk as ArrayLike<number>, ok => (ok ? formatReward : 0))
  const rewards = Float64Array.from(hybridRewards, (reward, i) =>
    reward === null
      ? Number.NaN
      : weights.hybrid * reward + weights.length * length.penalty[i] + weights.format * format[i],
  )
  const valid = Uint8Array.from(hybridRewards, reward => (reward === null ? 0 : 1))
  const grouping = groupItems(new Int32Array(rewards.length))
  return { rewards, advantages: groupNormalise(rewards, grouping, { scale: 'none' }, valid), length, format }
}

/**
 * How often the reward model agrees with the rule on verifiable prompts: a free calibration check. Share of items on
 * the same side of the threshold, in [0, 1]; null without items.
 */
export function ruleModelAgreement(
  ruleRewards: ArrayLike<number>,
  modelRewards: ArrayLike<number>,
  options: { readonly threshold?: number } = {},
): number | null {
  const { threshold = 0.5 } = options
  assertSameLength(ruleRewards, 'ruleRewards', modelRewards, 'modelRewards')
  if (ruleRewards.length === 0) return null
  let agreeing = 0
  for (let i = 0; i < ruleRewards.length; i++) {
    if (ruleRewards[i] >= threshold === modelRewards[i] >= threshold) agreeing++
  }
  return agreeing / ruleRewards.length
}
