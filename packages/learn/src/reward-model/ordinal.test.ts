import { pairLoss } from '@guerdon/methods/shared/pair-loss'
import { grad, interpret, ndarray, type Tensor } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ordinalLoss, preferenceThresholds } from './ordinal.ts'

const int = (values: readonly number[]) => ndarray(Int32Array.from(values), { dtype: 'int32' })
const loss = (values: number[], levels: number[], thresholds: number[]): number[] =>
  Array.from(
    interpret((v: Tensor, l: Tensor, t: Tensor) => ordinalLoss(v, l, t, { reduction: 'none' }))(
      ndarray(values),
      int(levels),
      ndarray(thresholds),
    ).data,
  )

describe('ordinalLoss', () => {
  it('gives −log of the share of the logistic curve between the thresholds', () => {
    // v = 0, thresholds ±ln 3: σ(−ln 3) = ¼, σ(ln 3) = ¾, so levels have ¼, ½, ¼
    const found = loss([0, 0, 0], [0, 1, 2], [-Math.log(3), Math.log(3)])
    expect(found[0]).toBeCloseTo(Math.log(4), 12)
    expect(found[1]).toBeCloseTo(Math.log(2), 12)
    expect(found[2]).toBeCloseTo(Math.log(4), 12)
  })

  it('is Bradley–Terry with one threshold at 0', () => {
    const values = [-3, -0.5, 0, 2]
    const expected = interpret((d: Tensor, zero: Tensor, q: Tensor) =>
      pairLoss(d, zero, { label: q, reduction: 'none' }),
    )(ndarray(values), ndarray([0, 0, 0, 0]), ndarray([0, 1, 0, 1])).data
    expect(loss(values, [0, 1, 0, 1], [0])).toEqual(Array.from(expected, value => expect.closeTo(value, 12)))
  })

  it('gives probabilities that sum to 1, and no infinity far out', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -30, max: 30, noNaN: true }),
        fc.array(fc.double({ min: 0.01, max: 5, noNaN: true }), { minLength: 1, maxLength: 4 }),
        (value, gaps) => {
          let at = -2
          const thresholds = gaps.map(gap => (at += gap))
          const levels = [...thresholds.keys(), thresholds.length]
          const losses = loss(
            levels.map(() => value),
            levels,
            thresholds,
          )
          expect(losses.every(Number.isFinite)).toBe(true)
          expect(losses.reduce((total, one) => total + Math.exp(-one), 0)).toBeCloseTo(1, 9)
        },
      ),
      { seed: 1, numRuns: 40 },
    )
    expect(loss([1e4, -1e4], [1, 1], [-1, 1])).toEqual([expect.closeTo(1e4 - 1, 0), expect.closeTo(1e4 - 1, 0)])
  })

  it('has the gradient of finite differences, in values and thresholds', () => {
    const levels = int([0, 1, 2, 3])
    const f = (v: number[], g: number[]): number =>
      interpret((a: Tensor, b: Tensor, l: Tensor) => ordinalLoss(a, l, preferenceThresholds(b, { ties: false })))(
        ndarray(v),
        ndarray(g),
        levels,
      ).data[0]
    const analytic = interpret((a: Tensor, b: Tensor, l: Tensor) => ({
      values: grad((x: Tensor) => ordinalLoss(x, l, preferenceThresholds(b, { ties: false })))(a),
      gaps: grad((x: Tensor) => ordinalLoss(a, l, preferenceThresholds(x, { ties: false })))(b),
    }))
    const [v, g] = [[-1.5, 0.3, 2, 0.1], [0.4]]
    const { values, gaps } = analytic(ndarray(v), ndarray(g), levels)
    const step = 1e-6
    v.forEach((_, i) => {
      const shifted = (by: number) => f(v.with(i, v[i] + by), g)
      expect(values.data[i]).toBeCloseTo((shifted(step) - shifted(-step)) / (2 * step), 7)
    })
    expect(gaps.data[0]).toBeCloseTo((f(v, [0.4 + step]) - f(v, [0.4 - step])) / (2 * step), 7)
  })
})

describe('preferenceThresholds', () => {
  it('treats both sides alike', () => {
    const thresholds = (gaps: number[], ties: boolean) =>
      Array.from(interpret((g: Tensor) => preferenceThresholds(g, { ties }))(ndarray(gaps)).data)
    const two = Math.log(2) // softplus(0)
    expect(thresholds([0, 0], true)).toEqual([-2 * two, -two, two, 2 * two].map(t => expect.closeTo(t, 12)))
    expect(thresholds([0], false)).toEqual([-two, 0, two].map(t => expect.closeTo(t, 12)))
  })
})
