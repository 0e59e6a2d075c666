import { describe, expect, it } from 'vitest'
import { maskedMean, maskedMoments, maskedSum, maskedWhiten } from './masked.ts'

describe('masked statistics', () => {
  it('ignores what is masked, NaN included', () => {
    expect(maskedSum([1, Number.NaN, 3], [1, 0, 1])).toBe(4)
    expect(maskedMean([1, Number.NaN, 3], [1, 0, 1])).toBeCloseTo(2, 7)
    expect(maskedMean([1], [0])).toBe(0)
  })

  it('whitens to mean 0 and sample variance 1', () => {
    // entries 1, 2, 3: mean 2, variance 1
    const { values, variance } = maskedWhiten([1, 9, 2, 3], [1, 0, 1, 1])
    expect(variance).toBeCloseTo(1, 7)
    expect([...values]).toEqual([-1, 0, 0, 1].map(value => expect.closeTo(value, 6)))
  })

  it('keeps the mean without shiftMean, transforms masked entries without zeroMasked', () => {
    const { values } = maskedWhiten([1, 9, 2, 3], [1, 0, 1, 1], { shiftMean: false, zeroMasked: false })
    expect([...values]).toEqual([1, 9, 2, 3].map(value => expect.closeTo(value, 5)))
  })

  it('gives the same from known moments', () => {
    const values = [0.3, -1.2, 5, 2]
    const known = { count: 4, mean: 1.525, squares: values.reduce((sum, v) => sum + (v - 1.525) ** 2, 0) }
    const direct = maskedWhiten(values)
    expect([...maskedWhiten(values, undefined, { known }).values]).toEqual(
      [...direct.values].map(v => expect.closeTo(v, 12)),
    )
  })

  it('refuses fewer than two entries and NaN under the mask', () => {
    expect(() => maskedMoments([1, 2], [1, 0])).toThrow(/at least 2 unmasked entries for a variance; got 1/)
    expect(() => maskedMoments([])).toThrow(/got 0/)
    expect(() => maskedMoments([1, Number.NaN], [1, 1])).toThrow(/got NaN at index 1/)
  })
})
