import { assertSameLength } from '@guerdon/core'
import { repetitionStart } from './repetition.ts'
import {
  baseScores,
  correctOnes,
  type LaserOptions,
  type LengthShaped,
  laserReward,
  type ScoredLengths,
} from './scores.ts'
import {
  type Band,
  type ByBand,
  chooseTargetLengths,
  groupAccuracies,
  type TargetOptions,
  trainingBand,
} from './targets.ts'

/** Training rollouts of several prompts. */
export interface GroupedLengths extends ScoredLengths {
  /** [R] id of the prompt. */
  readonly groups: ArrayLike<string | number>
}

/** Choices of `laserDReward`. */
export interface LaserDOptions extends TargetOptions, Pick<LaserOptions, 'alpha' | 'type'> {
  /** Thresholds the coverage belongs to. */
  readonly thresholds?: readonly number[]
  /** Coverage of the last monitor run; null before the first. Default null. */
  readonly coverage?: ByBand<ArrayLike<number>> | null
  /** Target of every band before the first monitor run. Default 8192. */
  readonly fallbackTargetLength?: number
}

/** Shaped scores with the target each response was held to. */
export interface DynamicShaped extends LengthShaped {
  /** [R] */
  readonly targetLengths: Float64Array
  /** Target of each band in this batch. */
  readonly targets: ByBand<number>
}

/**
 * LASER-D: LASER with the target of the difficulty band of each prompt, where difficulty is the accuracy of the prompt's
 * rollouts in this very batch. Targets come from the last monitor run, never longer than the longest response of the batch.
 */
export function laserDReward(data: GroupedLengths, options: LaserDOptions = {}): DynamicShaped {
  const held = heldTargets(data, options)
  return { ...laserReward(data, { ...options, targetLength: held.targetLengths }), ...held }
}

/** Choices of `laserDEReward`. */
export interface LaserDEOptions extends Omit<LaserDOptions, 'type'> {
  /** `released`: token ids arrive as tensors that never compare equal, so nothing counts as repetitive. */
  readonly compat?: 'released'
}

/** Shaped scores with the responses found repetitive. */
export interface ExploringShaped extends DynamicShaped {
  /** [R] 1 where an over-long wrong response repeats itself. */
  readonly repeated: Uint8Array
}

/**
 * LASER-DE: LASER-D, and a well-formed *wrong* response that went beyond its target without repeating itself earns α too, so
 * that hard prompts are explored rather than given up early.
 *
 * @param data additionally `tokens`, [R][Lᵢ] token ids, and `wrong`, [R] 1 for well-formed wrong answers (absent: score =
 * −0.5 exactly)
 */
export function laserDEReward(
  data: GroupedLengths & {
    readonly tokens: readonly ArrayLike<number>[]
    readonly wrong?: ArrayLike<number | boolean>
  },
  options: LaserDEOptions = {},
): ExploringShaped {
  const { alpha = 0.5, compat } = options
  const { scores, lengths, tokens, wrong } = data
  assertSameLength(scores, 'scores', tokens, 'tokens')
  const shaped = laserDReward(data, { ...options, type: 'reward' })
  const repeated = new Uint8Array(scores.length)
  for (let i = 0; i < scores.length; i++) {
    const isWrong = wrong ? Boolean(wrong[i]) : scores[i] === baseScores.wrong
    if (!isWrong || lengths[i] <= shaped.targetLengths[i]) continue
    const response = Array.from(tokens[i]).slice(0, lengths[i])
    if (compat !== 'released' && repetitionStart(response) < response.length) repeated[i] = 1
    else {
      shaped.scores[i] += alpha
      shaped.lengthScores[i] = alpha
    }
  }
  return { ...shaped, repeated }
}

function heldTargets(data: GroupedLengths, options: LaserDOptions): Pick<DynamicShaped, 'targetLengths' | 'targets'> {
  const { coverage = null, thresholds = [], fallbackTargetLength = 8192 } = options
  assertSameLength(data.scores, 'scores', data.groups, 'groups')
  let longest = 0
  for (let i = 0; i < data.lengths.length; i++) longest = Math.max(longest, data.lengths[i])
  const targets =
    coverage === null
      ? { low: fallbackTargetLength, medium: fallbackTargetLength, high: fallbackTargetLength }
      : chooseTargetLengths(coverage, thresholds, longest, options)
  const { index, byGroup } = groupAccuracies(data.groups, correctOnes(data))
  const bandOf = (i: number): Band => trainingBand(byGroup[index[i]])
  return { targets, targetLengths: Float64Array.from(index, (_, i) => targets[bandOf(i)]) }
}
