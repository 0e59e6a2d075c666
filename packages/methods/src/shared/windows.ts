import { assertFiniteNumber, assertInteger, mean, quantile, standardDeviation } from '@guerdon/core'

/** The last values seen, oldest first: plain JSON, so a stage can keep it as state. */
export interface RunningWindow {
  /** Greatest number of values kept. */
  readonly capacity: number
  /** At most `capacity` values, oldest first. */
  readonly values: readonly number[]
}

/** A window that has seen nothing. `capacity` is an integer ≥ 1. */
export function emptyWindow(capacity: number): RunningWindow {
  assertInteger(capacity, 'capacity', 1)
  return { capacity, values: [] }
}

/** The window after these further values, in order; the oldest leave when it is full. */
export function extendWindow(window: RunningWindow, values: ArrayLike<number>): RunningWindow {
  const joined = window.values.slice()
  for (let i = 0; i < values.length; i++) {
    assertFiniteNumber(values[i], `values[${i}]`)
    joined.push(values[i])
  }
  return { capacity: window.capacity, values: joined.slice(Math.max(0, joined.length - window.capacity)) }
}

/** True when the window holds `capacity` values. */
export function windowIsFull(window: RunningWindow): boolean {
  return window.values.length === window.capacity
}

/** Mean of the window; `undefined` while it is empty. */
export function windowMean(window: RunningWindow): number | undefined {
  return window.values.length === 0 ? undefined : mean(window.values)
}

/** Standard deviation of the window; `undefined` while it has ddof values or fewer. */
export function windowDeviation(window: RunningWindow, options: { ddof: 0 | 1 }): number | undefined {
  return window.values.length <= options.ddof ? undefined : standardDeviation(window.values, options)
}

/** Quantile q ∈ [0, 1] of the window (linear interpolation); `undefined` while it is empty. */
export function windowQuantile(window: RunningWindow, q: number): number | undefined {
  return window.values.length === 0 ? undefined : quantile(window.values, q)
}

/**
 * Least-squares slope of the window's values against their index (units per entry); `undefined` below two values.
 * Its sign is the trend that an alarm asks about.
 */
export function windowSlope(window: RunningWindow): number | undefined {
  const { values } = window
  const n = values.length
  if (n < 2) return undefined
  const middle = (n - 1) / 2
  const centre = mean(values)
  let cross = 0
  let squares = 0
  for (let i = 0; i < n; i++) {
    cross += (i - middle) * (values[i] - centre)
    squares += (i - middle) ** 2
  }
  return cross / squares
}
