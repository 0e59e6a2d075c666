import { assertFinite, GuerdonError } from '@guerdon/core'

/**
 * Running mean and population variance per feature that start from a small prior: count `initialCount`, mean 0,
 * variance 1 — the convention of Gymnasium's wrappers and of many off-policy codes. Plain JSON.
 *
 * Differs from `Moments`, which starts from nothing and is exact.
 */
export interface RunningMeanStd {
  /** [D] */
  readonly mean: readonly number[]
  /** [D] */
  readonly variance: readonly number[]
  readonly count: number
}

/** Statistics of D features before any data. */
export function initialMeanStd(
  features: number,
  options: { /** Default 1e-4. */ readonly initialCount?: number } = {},
): RunningMeanStd {
  const { initialCount = 1e-4 } = options
  return {
    mean: new Array<number>(features).fill(0),
    variance: new Array<number>(features).fill(1),
    count: initialCount,
  }
}

/**
 * Statistics after one more batch (Chan's combination of moments). An empty batch changes nothing.
 * @param batch rows [B][D]
 * @throws not_finite naming the row: one NaN would poison everything after it
 */
export function updateMeanStd(state: RunningMeanStd, batch: readonly ArrayLike<number>[]): RunningMeanStd {
  if (batch.length === 0) return state
  const features = state.mean.length
  const mean = new Float64Array(features)
  const square = new Float64Array(features)
  for (const [i, row] of batch.entries()) {
    if (row.length !== features)
      throw new GuerdonError('shape_mismatch', `expected rows of ${features} features; row ${i} has ${row.length}`, {
        path: ['batch', i],
      })
    assertFinite(row, 'batch', ['batch', i])
    for (let j = 0; j < features; j++) mean[j] += row[j] / batch.length
  }
  for (const row of batch) for (let j = 0; j < features; j++) square[j] += (row[j] - mean[j]) ** 2
  const total = state.count + batch.length
  return {
    mean: state.mean.map((old, j) => old + ((mean[j] - old) * batch.length) / total),
    variance: state.variance.map(
      (old, j) =>
        (old * state.count + square[j] + ((mean[j] - state.mean[j]) ** 2 * state.count * batch.length) / total) / total,
    ),
    count: total,
  }
}

/** [D] √max(variance, floor). */
export function runningStd(
  state: RunningMeanStd,
  options: { /** Default 0. */ readonly varianceFloor?: number } = {},
): Float64Array {
  const { varianceFloor = 0 } = options
  return Float64Array.from(state.variance, variance => Math.sqrt(Math.max(variance, varianceFloor)))
}
