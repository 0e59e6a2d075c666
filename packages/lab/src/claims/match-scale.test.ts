import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchScale } from './match-scale.ts'

describe('matchScale', () => {
  it('gives advantages the root mean square of the reference', () => {
    const advantages = Float64Array.of(3, 4) // √12.5
    expect(matchScale(advantages, [1, 1, 1])).toBeCloseTo(1 / Math.sqrt(12.5), 12)
    expect(Math.hypot(...advantages)).toBeCloseTo(Math.SQRT2, 12)
  })

  it('undoes any multiplication', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 100, noNaN: true }), factor => {
        const scaled = Float64Array.of(1, -2, 0.5).map(value => value * factor)
        matchScale(scaled, [1, -2, 0.5])
        expect([...scaled]).toEqual([1, -2, 0.5].map(value => expect.closeTo(value, 9)))
      }),
    )
  })

  it('leaves zeros alone and refuses what is not a number', () => {
    const zeros = new Float64Array(3)
    expect(matchScale(zeros, [1])).toBe(1)
    expect([...zeros]).toEqual([0, 0, 0])
    expect(() => matchScale(Float64Array.of(1, Number.NaN), [1])).toThrow(/finite advantages; got NaN at 1/)
  })
})
