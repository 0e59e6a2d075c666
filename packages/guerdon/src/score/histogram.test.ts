import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHistogram } from './histogram.ts'

describe('createHistogram', () => {
  it('counts every value in some bar and knows exact quantiles of few', () => {
    const histogram = createHistogram()
    for (const value of [1, 2, 3, 4, 5]) histogram.add(value)
    expect(histogram.bars(2).map(bar => bar.count)).toEqual([2, 3])
    expect(histogram.quantile(0.5)).toBe(3)
    expect(histogram.quantile(0.25)).toBe(2)
  })
  it('has one bar for one value and none for none', () => {
    const histogram = createHistogram()
    expect(histogram.bars(5)).toEqual([])
    expect(histogram.quantile(0.5)).toBeUndefined()
    histogram.add(3)
    histogram.add(3)
    expect(histogram.bars(5)).toEqual([{ low: 3, high: 3, count: 2 }])
  })
  it('loses no value and keeps quantiles within a bin beyond its capacity', () => {
    const value = fc.oneof(fc.double({ min: -1e3, max: 1e3, noNaN: true }), fc.constantFrom(0, 1e308, -1e308, 1e-300))
    fc.assert(
      fc.property(fc.array(value, { minLength: 20, maxLength: 200 }), values => {
        const histogram = createHistogram(16)
        for (const one of values) histogram.add(one)
        expect(histogram.count).toBe(values.length)
        expect(histogram.bars(7).reduce((total, bar) => total + bar.count, 0)).toBe(values.length)
        const sorted = [...values].sort((a, b) => a - b)
        const median = histogram.quantile(0.5) as number
        expect(median).toBeGreaterThanOrEqual(sorted[0])
        expect(median).toBeLessThanOrEqual(sorted[sorted.length - 1])
      }),
      { seed: 1 },
    )
  })
  it('approximates quantiles of a growing range', () => {
    const histogram = createHistogram(256)
    for (let i = 0; i < 20_000; i++) histogram.add(i)
    // The range doubled up to 2^15 at most: bins of at most 2·20000/256 wide.
    for (const q of [0.05, 0.5, 0.95]) {
      expect(Math.abs((histogram.quantile(q) as number) - q * 19_999)).toBeLessThan(160)
    }
  })
})
