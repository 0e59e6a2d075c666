import { fractionOf, type TrainingProgress } from '../../shared/schedules.ts'

/** [lowest, highest] reward of a component. */
export type RewardRange = readonly [lowest: number, highest: number]

/**
 * How the ranges move over training.
 *
 * - `fixed`: they do not (default)
 * - `two-stage`: correctness is a third of its range before step 30; format is half of its range from step 30 on
 * - `dynamic`: weight moves from format to correctness, see `rangesAt`
 * - `two-stage-dynamic`: the dynamic scale towards the ranges of the two-stage one, as when the released code has both switched
 *   on; the paper's dynamic ranges are fixed numbers, so without `compat` it is `dynamic`
 */
export type Scale = 'fixed' | 'two-stage' | 'dynamic' | 'two-stage-dynamic'

/** Options of `rangesAt`. */
export interface ScaleOptions {
  /** Default `fixed`. */
  readonly scale?: Scale
  /** Step at which the two-stage scale switches. Default 30. */
  readonly switchStep?: number
  /** Range of the format reward before scaling. Default [0, 1]. */
  readonly formatRange?: RewardRange
  /** Range of the correctness reward before scaling. Default [−3, 3]; [−1, 1] is the paper's "equal max". */
  readonly correctnessRange?: RewardRange
  /** `released`: the dynamic scale counts steps out of 150 instead of fractions of training. */
  readonly compat?: 'released'
}

const releasedSteps = 150

/**
 * Ranges of both components at a point of training.
 *
 * Dynamic scale, p = step / totalSteps: format [−2 + p, 2 − p], correctness [−2 − p, 2 + p] (paper §5.2). Under
 * `compat: 'released'` p = step / 150, ends are interpolated towards the configured ranges and held at ±1 (format) and
 * ±3 (correctness): with the default ranges format is [min(−1, −2 + 2p), max(1, 2 − p)], so its lower end moves twice
 * as fast.
 *
 * @throws invalid_option for the paper's dynamic scale without `totalSteps`
 */
export function rangesAt(
  progress: TrainingProgress,
  options: ScaleOptions = {},
): { readonly format: RewardRange; readonly correctness: RewardRange } {
  const { scale = 'fixed', switchStep = 30, formatRange = [0, 1], correctnessRange = [-3, 3], compat } = options
  const twoStage = scale === 'two-stage' || scale === 'two-stage-dynamic'
  const first = progress.step < switchStep
  const format: RewardRange = twoStage && !first ? [formatRange[0] / 2, formatRange[1] / 2] : formatRange
  const correctness: RewardRange =
    twoStage && first ? [correctnessRange[0] / 3, correctnessRange[1] / 3] : correctnessRange
  if (scale === 'fixed' || scale === 'two-stage') return { format, correctness }
  if (compat === 'released') {
    const p = progress.step / releasedSteps
    return {
      format: [Math.min(-1, -2 + (2 + format[0]) * p), Math.max(1, 2 - (2 - format[1]) * p)],
      correctness: [Math.max(-3, -2 + (correctness[0] + 2) * p), Math.min(3, 2 + (correctness[1] - 2) * p)],
    }
  }
  const p = fractionOf(progress)
  return { format: [-2 + p, 2 - p], correctness: [-2 - p, 2 + p] }
}

/** Words of reasoning that earn the full length reward: 512, or growing with training. */
export type LengthTarget = 'fixed' | 'scheduled'

/**
 * Target length at a point of training: 512 words (`fixed`); 512·(1 + step/totalSteps) (`scheduled`, paper §5.1); under
 * `compat: 'released'` the scheduled target is 384 + 256·step/105.
 */
export function lengthTargetAt(
  progress: TrainingProgress,
  options: { readonly target?: LengthTarget; readonly compat?: 'released' } = {},
): number {
  const { target = 'fixed', compat } = options
  if (target === 'fixed') return 512
  return compat === 'released' ? 384 + (256 * progress.step) / 105 : 512 * (1 + fractionOf(progress))
}
