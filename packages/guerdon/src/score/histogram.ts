import { quantile } from '@guerdon/core'

/** Largest magnitude told apart in bins, so that bin widths stay finite. */
const LARGEST = 1e300

/** Counts of numbers over a range that grows with them. */
export interface Histogram {
  add(value: number): void
  readonly count: number
  /** Quantile, exact up to `capacity` values and to one bin width beyond. Undefined without values. */
  quantile(q: number): number | undefined
  /** `bars` equal parts of [minimum, maximum] with how many values fall into each (the last includes its end). */
  bars(bars: number): { low: number; high: number; count: number }[]
}

/**
 * A histogram in constant memory: the first `capacity` values are kept as they are, then counted in `capacity` bins whose
 * width doubles whenever a value falls outside.
 */
export function createHistogram(capacity = 4096): Histogram {
  const first: number[] = []
  let counts: Float64Array | undefined
  let low = 0
  let width = 0
  let minimum = Number.POSITIVE_INFINITY
  let maximum = Number.NEGATIVE_INFINITY
  let count = 0

  function widen(value: number, bins: Float64Array): void {
    while (value < low || value >= low + width * capacity) {
      const down = value < low
      const merged = new Float64Array(capacity)
      for (let i = 0; i < capacity; i++) merged[(i + (down ? capacity : 0)) >> 1] += bins[i]
      if (down) low -= width * capacity
      width *= 2
      bins.set(merged)
    }
  }

  function toBins(): Float64Array {
    const bins = new Float64Array(capacity)
    const held = first.map(bounded)
    low = Math.min(...held)
    const range = Math.max(...held) - low
    width = (range > 0 ? range * (1 + 1e-9) : Math.max(Math.abs(low), 1) * 1e-9) / capacity
    for (const value of held) bins[Math.min(capacity - 1, Math.floor((value - low) / width))]++
    first.length = 0
    return bins
  }

  /** Values in order with how many stand there. */
  function* points(): Generator<[number, number]> {
    if (counts === undefined) for (const value of [...first].sort((a, b) => a - b)) yield [value, 1]
    else {
      for (let i = 0; i < capacity; i++) {
        if (counts[i] > 0) yield [Math.min(maximum, Math.max(minimum, low + (i + 0.5) * width)), counts[i]]
      }
    }
  }

  return {
    get count() {
      return count
    },
    add: value => {
      count++
      if (value < minimum) minimum = value
      if (value > maximum) maximum = value
      if (counts === undefined && first.length < capacity) {
        first.push(value)
        return
      }
      counts ??= toBins()
      const held = bounded(value)
      widen(held, counts)
      counts[Math.min(capacity - 1, Math.floor((held - low) / width))]++
    },
    quantile: q => {
      if (count === 0) return undefined
      if (counts === undefined) return quantile(first, q)
      const position = q * (count - 1)
      let passed = 0
      for (const [value, times] of points()) {
        passed += times
        if (position < passed) return value
      }
      return maximum
    },
    bars: bars => {
      if (count === 0) return []
      if (minimum === maximum) return [{ low: minimum, high: maximum, count }]
      const start = bounded(minimum)
      const step = (bounded(maximum) - start) / bars
      const result = Array.from({ length: bars }, (_, i) => ({
        low: i === 0 ? minimum : start + i * step,
        high: i === bars - 1 ? maximum : start + (i + 1) * step,
        count: 0,
      }))
      for (const [value, times] of points()) {
        result[Math.min(bars - 1, Math.floor((bounded(value) - start) / step))].count += times
      }
      return result
    },
  }
}

function bounded(value: number): number {
  return Math.min(LARGEST, Math.max(-LARGEST, value))
}
