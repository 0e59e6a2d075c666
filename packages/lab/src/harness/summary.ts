import { bootstrapInterval, GuerdonError, interquartileMean, Random } from '@guerdon/core'
import type { Series } from '../report/charts.ts'
import type { Curve, FinishedRun } from './experiment.ts'

/** One number over seeds: the interquartile mean and its 95 % bootstrap interval. */
export interface Estimate {
  readonly value: number
  readonly low: number
  readonly high: number
  /** One entry a seed. */
  readonly points: readonly number[]
}

/** Interquartile mean of one number over seeds with a 95 % percentile bootstrap interval (2,000 resamples, fixed stream). */
export function estimate(points: readonly number[]): Estimate {
  const interval = bootstrapInterval(points, interquartileMean, {
    random: new Random(0),
    resamples: 2000,
    confidence: 0.95,
  })
  return { value: interquartileMean(points), low: interval.low, high: interval.high, points }
}

/** `1.35 [1.20, 1.48]` */
export function formatEstimate({ value, low, high }: Estimate, digits = 2): string {
  return `${value.toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`
}

/** One metric of one arm, seed by seed. */
export function metricOf(runs: readonly FinishedRun[], arm: string, metric: string): number[] {
  return runs.filter(run => run.arm === arm).map(run => run.record.metrics[metric])
}

/**
 * One curve of one arm over seeds: the mean, and the range the seeds span as a band. All runs of an arm measure at the same
 * points; throws `shape_mismatch` when they do not.
 */
export function meanCurve(
  runs: readonly FinishedRun[],
  arm: string,
  curve: string,
  look: { label: string; colour: string; dashed?: boolean },
): Series {
  const curves: Curve[] = runs.filter(run => run.arm === arm).map(run => run.record.curves[curve])
  const x = curves[0]?.x ?? []
  for (const other of curves) {
    if (other.x.length !== x.length) {
      throw new GuerdonError(
        'shape_mismatch',
        `expected ${x.length} points in every ${curve} curve of ${arm}; got ${other.x.length}`,
      )
    }
  }
  const at = (i: number): number[] => curves.map(({ y }) => y[i])
  return {
    ...look,
    x,
    y: x.map((_, i) => at(i).reduce((a, b) => a + b, 0) / curves.length),
    low: x.map((_, i) => Math.min(...at(i))),
    high: x.map((_, i) => Math.max(...at(i))),
  }
}

/** Trailing moving average over `window` points; shorter at the start. */
export function smooth(values: readonly number[], window: number): number[] {
  return values.map((_, i) => {
    const part = values.slice(Math.max(0, i - window + 1), i + 1)
    return part.reduce((a, b) => a + b, 0) / part.length
  })
}
