import type { TrainingProgress } from '../../shared/schedules.ts'
import { type Matching, readToolCalls, readTrueCalls, toolCallReward } from './calls.ts'
import { hasRequiredFormat, roundHalfEven2, thinkWords } from './format.ts'
import { type LengthTarget, lengthTargetAt, type RewardRange, rangesAt, type Scale } from './scales.ts'

/** Options of ToolRL's reward. */
export interface ToolrlOptions {
  /** How the ranges move over training. Default `fixed`. */
  readonly scale?: Scale
  /** Step at which the two-stage scale switches. Default 30. */
  readonly switchStep?: number
  /** [lowest, highest] format reward. Default [0, 1]. */
  readonly formatRange?: RewardRange
  /** [lowest, highest] correctness reward. Default [−3, 3]. */
  readonly correctnessRange?: RewardRange
  /** What earns credit. Default `fields`. */
  readonly credit?: 'fields' | 'calls' | 'all'
  /** How names and keys are compared. Default `multiset`. */
  readonly matching?: Matching
  /** How predicted calls are given to true ones. Default `optimal`, or `greedy` under `compat: 'released'`. */
  readonly assignment?: 'optimal' | 'greedy'
  /** Reward for long reasoning; the paper finds that it hurts. Default `none`. */
  readonly length?: 'none' | LengthTarget
  /** `released`: the released code's greedy matching, step counts and rounding instead of the paper's. */
  readonly compat?: 'released'
}

/** The parts of one reward and their sum. */
export interface ToolrlReward {
  readonly format: number
  readonly correctness: number
  readonly length: number
  readonly total: number
}

/** Format part: the highest value when the response has the shape of its ground truth, else the lowest. */
export function formatReward(
  response: string,
  groundTruth: string,
  progress: TrainingProgress = { step: 0 },
  options: ToolrlOptions = {},
): number {
  const [lowest, highest] = rangesAt(progress, options).format
  return hasRequiredFormat(response, groundTruth) ? highest : lowest
}

/**
 * Correctness part. 0 when the ground truth calls no tool, whatever the response does; the lowest value when the
 * response's calls are missing or cannot be read; else `toolCallReward`.
 *
 * @throws invalid_input for a ground truth whose calls cannot be read
 */
export function correctnessReward(
  response: string,
  groundTruth: string,
  progress: TrainingProgress = { step: 0 },
  options: ToolrlOptions = {},
): number {
  const range = rangesAt(progress, options).correctness
  if (!groundTruth.includes('<tool_call>')) return 0
  const truth = readTrueCalls(groundTruth)
  const { credit, matching, compat, assignment = compat === 'released' ? 'greedy' : 'optimal' } = options
  const predicted = readToolCalls(response, { compat })
  if (!predicted.ok) return range[0]
  return toolCallReward(truth, predicted.calls, { range, credit, matching, assignment })
}

/**
 * Length part: words of the last `<think>` block over the target, held at 1, in the format part's unscaled range. Texts
 * without think tags get the lowest value. `compat: 'released'` rounds the share to two decimals, ties to even.
 */
export function lengthReward(
  response: string,
  progress: TrainingProgress = { step: 0 },
  options: Pick<ToolrlOptions, 'formatRange' | 'compat'> & { readonly target?: LengthTarget } = {},
): number {
  const { formatRange: [lowest, highest] = [0, 1], target = 'fixed', compat } = options
  const words = thinkWords(response)
  if (words === undefined) return lowest
  const share = words / lengthTargetAt(progress, { target, compat })
  return Math.min(1, compat === 'released' ? roundHalfEven2(share) : share) * (highest - lowest) + lowest
}

/**
 * ToolRL's reward of one turn: R = R_format + R_correctness (+ R_length), with the default ranges in [−3, 4].
 * The response is trimmed first; take the chat template off before.
 *
 * Source: arXiv 2504.13958 §3 and §5, `compute_score` of the released code.
 */
export function toolrlReward(
  response: string,
  groundTruth: string,
  progress: TrainingProgress = { step: 0 },
  options: ToolrlOptions = {},
): ToolrlReward {
  const { length = 'none' } = options
  const text = response.trim()
  const format = formatReward(text, groundTruth, progress, options)
  const correctness = correctnessReward(text, groundTruth, progress, options)
  const lengthPart = length === 'none' ? 0 : lengthReward(text, progress, { compat: options.compat, target: length })
  return { format, correctness, length: lengthPart, total: format + correctness + lengthPart }
}
