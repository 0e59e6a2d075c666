import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bestIndex, bestOfNKl, expectedBestOfN, passAtK } from './best-of-n.ts'

describe('bestOfNKl', () => {
  it.each([
    [1, 0],
    [4, Math.log(4) - 0.75],
    [1000, 5.908755],
  ])('n = %d', (n, kl) => {
    expect(bestOfNKl(n)).toBeCloseTo(kl, 6)
  })
})

describe('bestIndex', () => {
  it('takes the first of several and refuses an empty group', () => {
    expect(bestIndex([1, 3, 3])).toBe(1)
    expect(() => bestIndex([])).toThrow(/at least one entry/)
    expect(() => bestIndex([1, Number.NaN])).toThrow(/finite numbers in scores/)
  })
})

describe('expectedBestOfN', () => {
  it('weighs rank i by C(i, n−1)/C(N, n)', () => {
    // N = 4, n = 2: weights 0, 1/6, 2/6, 3/6 for values 1, 2, 3, 4 → (2 + 6 + 12)/6
    expect(expectedBestOfN([1, 2, 3, 4], [1, 2, 3, 4], 2)).toBeCloseTo(20 / 6, 12)
  })

  it('equals the mean over all n-subsets', () => {
    const sample = fc.integer({ min: -1000, max: 1000 })
    fc.assert(
      fc.property(
        fc.uniqueArray(sample, { minLength: 3, maxLength: 7 }),
        fc.integer({ min: 1, max: 3 }),
        (scores, n) => {
          const values = scores.map(s => s * 0.3 - 2)
          let total = 0
          let count = 0
          for (let subset = 0; subset < 2 ** scores.length; subset++) {
            const members = scores.map((_, i) => i).filter(i => subset & (1 << i))
            if (members.length !== n) continue
            count++
            total += values[members.reduce((best, i) => (scores[i] > scores[best] ? i : best))]
          }
          expect(expectedBestOfN(scores, values, n)).toBeCloseTo(total / count, 8)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('refuses n beyond the samples', () => {
    expect(() => expectedBestOfN([1], [1], 2)).toThrow(/at most the 1 samples; got 2/)
  })
})

describe('passAtK', () => {
  it.each([
    // 1 − C(2, 2)/C(4, 2) = 5/6
    [4, 2, 2, 5 / 6],
    [4, 0, 2, 0],
    [4, 3, 2, 1],
    [4, 1, 1, 0.25],
  ])('n %d, c %d, k %d', (samples, passed, k, expected) => {
    expect(passAtK({ samples, passed, k })).toBeCloseTo(expected, 12)
  })

  it('refuses k above n', () => {
    expect(() => passAtK({ samples: 2, passed: 1, k: 3 })).toThrow(/at most the 2 samples/)
  })
})
