import { describe, expect, it } from 'vitest'
import { initialMeanStd, runningStd, updateMeanStd } from './running-mean-std.ts'

describe('running mean and deviation with a prior', () => {
  it('weighs the prior by its count', () => {
    // prior (count 1, mean 0, variance 1) with one value 2: mean 1, Σ = 1·1 + 0 + 2²·1·1/2 = 3, variance 3/2
    const state = updateMeanStd(initialMeanStd(1, { initialCount: 1 }), [[2]])
    expect(state).toEqual({ mean: [1], variance: [1.5], count: 2 })
  })

  it('is the same in one batch or in several, and empty batches change nothing', () => {
    const rows = [
      [1, 5],
      [3, -2],
      [0.5, 0],
      [9, 1],
    ]
    const whole = updateMeanStd(initialMeanStd(2), rows)
    const parts = updateMeanStd(updateMeanStd(initialMeanStd(2), rows.slice(0, 1)), rows.slice(1))
    expect(parts.count).toBeCloseTo(whole.count, 12)
    for (const j of [0, 1]) {
      expect(parts.mean[j]).toBeCloseTo(whole.mean[j], 9)
      expect(parts.variance[j]).toBeCloseTo(whole.variance[j], 9)
    }
    expect(updateMeanStd(whole, [])).toBe(whole)
  })

  it('floors the variance and refuses what would poison it', () => {
    const flat = updateMeanStd(
      initialMeanStd(1),
      Array.from({ length: 15 }, () => [0.98]),
    )
    expect(runningStd(flat, { varianceFloor: 0.01 })[0]).toBeCloseTo(0.1, 12)
    expect(() => updateMeanStd(flat, [[Number.NaN]])).toThrow(/finite/)
    expect(() => updateMeanStd(flat, [[1, 2]])).toThrow(/1 features/)
  })
})
