import { describe, expect, it } from 'vitest'
import { estimate, formatEstimate, meanCurve, smooth } from './summary.ts'

const run = (arm: string, seed: number, y: number[]) => ({
  arm,
  seed,
  seconds: 0,
  record: { metrics: {}, spent: {}, curves: { gold: { x: y.map((_, i) => i), y } } },
})

describe('summary', () => {
  it('is the interquartile mean with an interval that holds it', () => {
    // The middle half of 0 … 7 is 2, 3, 4, 5.
    const result = estimate([0, 1, 2, 3, 4, 5, 6, 7])
    expect(result.value).toBeCloseTo(3.5, 12)
    expect(result.low).toBeLessThan(3.5)
    expect(result.high).toBeGreaterThan(3.5)
    expect(formatEstimate({ value: 1, low: 0.5, high: 1.25, points: [] })).toBe('1.00 [0.50, 1.25]')
  })

  it('gives the same interval every time, and no width to one value', () => {
    expect(estimate([1, 2, 4])).toEqual(estimate([1, 2, 4]))
    expect(estimate([2])).toMatchObject({ value: 2, low: 2, high: 2 })
  })

  it('averages curves point by point and keeps their range', () => {
    const series = meanCurve([run('a', 0, [0, 2]), run('a', 1, [2, 6]), run('b', 0, [9, 9])], 'a', 'gold', {
      label: 'a',
      colour: 'red',
    })
    expect(series).toMatchObject({ x: [0, 1], y: [1, 4], low: [0, 2], high: [2, 6] })
    expect(() =>
      meanCurve([run('a', 0, [0, 2]), run('a', 1, [2])], 'a', 'gold', { label: 'a', colour: 'red' }),
    ).toThrow(/2 points/)
  })

  it('smooths over what is there', () => {
    expect(smooth([3, 1, 2, 6], 2)).toEqual([3, 2, 1.5, 4])
  })
})
