import { assertInteger, assertSameLength, GuerdonError } from '@guerdon/core'
import { groupItems } from '../../shared/group-normalise.ts'

/** Difficulty of a prompt by the share of correct rollouts: `low` accuracy is the hardest. */
export const bands = ['low', 'medium', 'high'] as const
/** Name of a band of difficulty. */
export type Band = (typeof bands)[number]
/** One value for each band of difficulty. */
export type ByBand<T> = Readonly<Record<Band, T>>

/**
 * Candidate target lengths: l, l + d, … up to below u + d (the last may exceed u). For l < 1024 the list is l followed by 1024,
 * 1024 + d, … Defaults 2048, 16384, 1024.
 */
export function lengthThresholds(
  options: { readonly lowerBound?: number; readonly upperBound?: number; readonly interval?: number } = {},
): number[] {
  const { lowerBound = 2048, upperBound = 16384, interval = 1024 } = options
  assertInteger(interval, 'interval', 1)
  const thresholds: number[] = []
  const short = lowerBound < 1024
  if (short) thresholds.push(lowerBound)
  for (let t = short ? 1024 : lowerBound; t < upperBound + interval; t += interval) thresholds.push(t)
  return thresholds
}

/** What the monitor set says about each band. */
export interface BandCoverage {
  /** For each threshold, the share of *all* rollouts of the band, right or wrong, that are at most so long. */
  readonly coverage: ByBand<Float64Array>
  /** Share of prompts in each band. */
  readonly proportion: ByBand<number>
}

/**
 * Statistics of the monitor rollouts. Bands by the accuracy a of a prompt: low a ≤ 1/3, medium 1/3 < a ≤ 2/3, high a > 2/3
 * (training prompts use other boundaries, see `trainingBand`). An empty band covers nothing.
 *
 * @param monitor one entry a rollout: id of the prompt, correctness, length
 */
export function coverageByDifficulty(
  monitor: {
    readonly groups: ArrayLike<string | number>
    readonly correct: ArrayLike<number | boolean>
    readonly lengths: ArrayLike<number>
  },
  thresholds: readonly number[],
): BandCoverage {
  const { groups, correct, lengths } = monitor
  assertSameLength(groups, 'groups', correct, 'correct')
  assertSameLength(groups, 'groups', lengths, 'lengths')
  const accuracies = groupAccuracies(groups, Array.from(correct, Boolean))
  const lengthsOf: Record<Band, number[]> = { low: [], medium: [], high: [] }
  const prompts: Record<Band, number> = { low: 0, medium: 0, high: 0 }
  const monitorBands = Array.from(accuracies.byGroup, accuracy =>
    accuracy <= 1 / 3 ? 'low' : accuracy <= 2 / 3 ? 'medium' : 'high',
  )
  for (const band of monitorBands) prompts[band]++
  for (let i = 0; i < lengths.length; i++) lengthsOf[monitorBands[accuracies.index[i]]].push(lengths[i])
  const covered = (own: readonly number[]) =>
    Float64Array.from(thresholds, t => (own.length === 0 ? 0 : own.filter(length => length <= t).length / own.length))
  const share = (band: Band) => (monitorBands.length === 0 ? 0 : prompts[band] / monitorBands.length)
  return {
    coverage: { low: covered(lengthsOf.low), medium: covered(lengthsOf.medium), high: covered(lengthsOf.high) },
    proportion: { low: share('low'), medium: share('medium'), high: share('high') },
  }
}

/** Share of correct items of each group, and the group of each item. */
export function groupAccuracies(
  groups: ArrayLike<string | number>,
  correct: ArrayLike<number | boolean>,
): { readonly index: Int32Array; readonly byGroup: Float64Array } {
  const { index, count } = groupItems(groups)
  const right = new Float64Array(count)
  const sizes = new Float64Array(count)
  for (let i = 0; i < index.length; i++) {
    sizes[index[i]]++
    if (correct[i]) right[index[i]]++
  }
  return { index, byGroup: right.map((n, g) => n / sizes[g]) }
}

/** Band of a training prompt: high a ≥ 2/3, medium 1/3 ≤ a < 2/3, low a < 1/3. */
export function trainingBand(accuracy: number): Band {
  if (accuracy >= 2 / 3) return 'high'
  return accuracy >= 1 / 3 ? 'medium' : 'low'
}

/** Choices of `chooseTargetLengths`. */
export interface TargetOptions {
  /** k, rollouts of a monitor prompt. Default 8. */
  readonly rolloutsPerPrompt?: number
  /** e, correct rollouts to expect within the target. Default 1. */
  readonly expectedCorrect?: number
  /** `floor`: C = ⌊2k/3⌋, ⌊k/3⌋, 1 and ⌊P·C⌋ ≥ e; `ceil`: C = ⌈2k/3⌉, ⌈k/3⌉, 1 and P·C ≥ e. Default `floor`. */
  readonly roundMethod?: 'floor' | 'ceil'
}

/**
 * The shortest threshold within which e correct rollouts are expected in each band: with P the coverage of the band and C the
 * least number of correct rollouts a prompt of the band has. Starts from `maxLength`, the longest response of the current
 * training batch, which stands where no shorter threshold passes (an empty band included).
 *
 * @throws shape_mismatch when a band has not one coverage for each threshold
 */
export function chooseTargetLengths(
  coverage: ByBand<ArrayLike<number>>,
  thresholds: readonly number[],
  maxLength: number,
  options: TargetOptions = {},
): ByBand<number> {
  const { rolloutsPerPrompt: k = 8, expectedCorrect = 1, roundMethod = 'floor' } = options
  const rounded = roundMethod === 'floor' ? Math.floor : Math.ceil
  const required: ByBand<number> = { low: 1, medium: rounded(k / 3), high: rounded((k * 2) / 3) }
  const target = (band: Band) => {
    if (coverage[band]?.length !== thresholds.length) {
      throw new GuerdonError(
        'shape_mismatch',
        `expected one coverage for each of ${thresholds.length} thresholds in band ${band}; got ${coverage[band]?.length ?? 'none'}`,
        { path: ['coverage', band], hint: 'monitor with the thresholds that choose the targets' },
      )
    }
    let shortest = maxLength
    thresholds.forEach((threshold, t) => {
      const expected = coverage[band][t] * required[band]
      const enough = roundMethod === 'floor' ? Math.floor(expected) : expected
      if (enough >= expectedCorrect && threshold < shortest) shortest = threshold
    })
    return shortest
  }
  return { low: target('low'), medium: target('medium'), high: target('high') }
}
