import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generalizedAdvantages, generalizedAdvantagesWithMoments } from './gae.ts'
import { maskedMoments } from './masked.ts'

const f = Float64Array.from.bind(Float64Array) as (values: readonly number[]) => Float64Array

describe('generalised advantage estimation', () => {
  const rewards = f([0, 0, 0, 0, 1])
  const values = f([0.1, 0.2, 0.9, 0.3, 0.4])
  const rows = { offsets: [0, 5], mask: [1, 1, 0, 1, 1] }

  it('passes over masked tokens as verl does, or steps on them as SkyRL does', () => {
    // from the right: 1−.4 = .6; .4−.3+.95·.6 = .67; (held); .3−.2+.95·.67 = .7365; .2−.1+.95·.7365 = .799675
    const skip = generalizedAdvantages(rewards, values, rows, { lambda: 0.95 })
    expect([...skip.advantages]).toEqual([0.799675, 0.7365, 0.67, 0.67, 0.6].map(value => expect.closeTo(value, 12)))
    // .3−.9+.95·.67 = .0365; .9−.2+.95·.0365 = .734675; .2−.1+.95·.734675 = .79794125
    const include = generalizedAdvantages(rewards, values, rows, { lambda: 0.95, maskedTokens: 'include' })
    expect([...include.advantages]).toEqual(
      [0.79794125, 0.734675, 0.0365, 0.67, 0.6].map(value => expect.closeTo(value, 12)),
    )
  })

  it('is return − value at λ = 1 and the TD error at λ = 0', () => {
    const dense = f([1, 2, 3, 4, 5])
    const whole = { offsets: [0, 5] }
    // returns with γ = .5 from the right: 5, 6.5, 6.25, 5.125, 3.5625
    const monteCarlo = generalizedAdvantages(dense, values, whole, { gamma: 0.5 })
    expect([...monteCarlo.returns]).toEqual([3.5625, 5.125, 6.25, 6.5, 5].map(value => expect.closeTo(value, 12)))
    const oneStep = generalizedAdvantages(dense, values, whole, { gamma: 0.5, lambda: 0 })
    expect([...oneStep.advantages]).toEqual([1, 2.25, 2.25, 3.9, 4.6].map(value => expect.closeTo(value, 12)))
  })

  it('does not change at policy tokens when observations are inserted, and gathers their moments', () => {
    const token = fc.record({
      r: fc.double({ min: -2, max: 2, noNaN: true }),
      v: fc.double({ min: -2, max: 2, noNaN: true }),
    })
    const row = fc.array(fc.record({ token, noise: fc.array(token, { maxLength: 3 }) }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 4 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (batch, lambda) => {
          const plain = layout(batch.map(tokens => tokens.map(({ token: t }) => ({ ...t, m: 1 }))))
          const mixed = layout(
            batch.map(tokens =>
              tokens.flatMap(({ token: t, noise }) => [...noise.map(n => ({ ...n, m: 0 })), { ...t, m: 1 }]),
            ),
          )
          const options = { gamma: 0.9, lambda }
          const expected = generalizedAdvantagesWithMoments(plain.r, plain.v, plain, options)
          const got = generalizedAdvantagesWithMoments(mixed.r, mixed.v, mixed, options)
          expect([...got.advantages].filter((_, t) => mixed.mask[t])).toEqual([...expected.advantages])
          expect(got.moments.mean).toBeCloseTo(expected.moments.mean, 9)
          expect(got.moments.squares).toBeCloseTo(expected.moments.squares, 9)
          if (got.moments.count < 2) return
          const twoPass = maskedMoments(got.advantages, mixed.mask)
          expect(got.moments.squares / (got.moments.count - 1)).toBeCloseTo(twoPass.variance, 6)
          expect(got.moments.mean).toBeCloseTo(twoPass.mean, 6)
        },
      ),
      { numRuns: 50, seed: 7 },
    )
  })

  it('keeps its accuracy far from zero, writes to given buffers and handles no rows', () => {
    const big = f([1e9, 1e9 + 1, 1e9 + 2])
    const separate = { offsets: [0, 1, 2, 3] }
    const out = { advantages: new Float64Array(3), returns: new Float32Array(3) }
    const { moments, returns } = generalizedAdvantagesWithMoments(big, f([0, 0, 0]), separate, { out })
    expect(moments).toEqual({ count: 3, mean: 1e9 + 1, squares: 2 })
    expect(returns).toBe(out.returns)
    expect(generalizedAdvantagesWithMoments(f([]), f([]), { offsets: [0] }).moments.count).toBe(0)
  })

  it('names the token that is not finite', () => {
    expect(() => generalizedAdvantages(f([0, 0, Number.NaN]), f([0, 0, 0]), { offsets: [0, 1, 3] })).toThrow(
      /row 1 has reward NaN and value 0 at its token 1/,
    )
    expect(() => generalizedAdvantages(rewards, values, rows, { gamma: 2 })).toThrow(/gamma/)
  })
})

function layout(rows: readonly (readonly { r: number; v: number; m: number }[])[]) {
  const offsets = [0]
  for (const row of rows) offsets.push(offsets[offsets.length - 1] + row.length)
  const flat = rows.flat()
  return { offsets, mask: flat.map(t => t.m), r: f(flat.map(t => t.r)), v: f(flat.map(t => t.v)) }
}
