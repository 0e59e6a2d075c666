import { type BandCoverage, chooseTargetLengths } from '@guerdon/methods/process/laser'

/** The last targets by band of accuracy, and `targetsOrdered`: 1 when the harder band has the longer target. */
export function targetOrder(
  coverage: BandCoverage['coverage'],
  thresholds: readonly number[],
  longest: number,
): Record<'targetLow' | 'targetMedium' | 'targetHigh' | 'targetsOrdered', number> {
  const { low, medium, high } = chooseTargetLengths(coverage, thresholds, longest)
  return {
    targetLow: low,
    targetMedium: medium,
    targetHigh: high,
    targetsOrdered: low >= medium && medium >= high ? 1 : 0,
  }
}
