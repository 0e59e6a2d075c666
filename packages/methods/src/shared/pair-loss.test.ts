import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { centringPenalty, pairAccuracy, pairLoss, pairLossValues, tieLoss, tieProbabilities } from './pair-loss.ts'

const score = fc.double({ min: -40, max: 40, noNaN: true })

describe('pairLoss', () => {
  it('is ln 2 for a tie, and keeps its gradient for a huge gap in the wrong order', () => {
    const run = interpret(valueAndGrad((r: { c: Tensor; r: Tensor }) => pairLoss(r.c, r.r)))
    const { value, gradient } = run({ c: [1, -1000], r: [1, 1000] })
    expect(value.data[0]).toBeCloseTo((Math.LN2 + 2000) / 2, 9)
    expect([...gradient.c.data]).toEqual([-0.25, -0.5])
    expect([...gradient.r.data]).toEqual([0.25, 0.5])
  })

  it('equals its numeric twin, with margin and label', () => {
    fc.assert(
      fc.property(score, score, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, q) => {
        const graph = interpret((x: Tensor, y: Tensor) => pairLoss(x, y, { margin: 0.3, label: q, reduction: 'none' }))
        const [value] = graph([a], [b]).data
        expect(value).toBeCloseTo(pairLossValues([a], [b], { margin: 0.3, label: q })[0], 9)
      }),
      { numRuns: 40 },
    )
  })

  it('exchanging the pair exchanges the label', () => {
    const label = [0.2, 0.9]
    const swapped = label.map(q => 1 - q)
    const there = pairLossValues([1, -2], [0.5, 3], { label })
    const back = pairLossValues([0.5, 3], [1, -2], { label: swapped })
    expect(there[0]).toBeCloseTo(back[0], 12)
    expect(there[1]).toBeCloseTo(back[1], 12)
  })

  it('sums, averages or keeps the losses', () => {
    const with_ = (reduction: 'mean' | 'sum' | 'none') => [
      ...interpret((a: Tensor, b: Tensor) => pairLoss(a, b, { reduction }))([0, 0], [0, 0]).data,
    ]
    expect(with_('none')).toEqual([Math.LN2, Math.LN2])
    expect(with_('sum')[0]).toBeCloseTo(2 * Math.LN2, 12)
    expect(with_('mean')[0]).toBeCloseTo(Math.LN2, 12)
  })

  it('centres without shrinking the gap', () => {
    const run = interpret(centringPenalty)
    expect(run([3], [-3]).data[0]).toBe(0)
    expect(run([1, 2], [1, 0]).data[0]).toBe(4)
  })

  it('refuses columns of different lengths', () => {
    expect(() => pairLossValues([1], [1, 2])).toThrow(/same length; got 1 and 2/)
  })
})

describe('ties', () => {
  it.each([
    // equal strengths: Rao–Kupper θ = 3 → 1/4, 1/2, 1/4; Davidson ν = 2 → 1/4, 1/2, 1/4
    [0, { kind: 'raoKupper', theta: 3 } as const, [0.25, 0.5, 0.25]],
    [0, { kind: 'davidson', nu: 2 } as const, [0.25, 0.5, 0.25]],
    // π_a/π_b = 4: Davidson ν = 1 → 4, 2, 1 over 7
    [Math.log(4), { kind: 'davidson', nu: 1 } as const, [4 / 7, 2 / 7, 1 / 7]],
    // θ = 1 and ν = 0: Bradley–Terry
    [Math.log(3), { kind: 'raoKupper', theta: 1 } as const, [0.75, 0, 0.25]],
    [Math.log(3), { kind: 'davidson', nu: 0 } as const, [0.75, 0, 0.25]],
  ])('d = %d, %o', (difference, model, expected) => {
    tieProbabilities(difference, model).forEach((p, i) => {
      expect(p).toBeCloseTo(expected[i], 12)
    })
  })

  it('sum to 1 and give the loss, at any difference', () => {
    const model = fc.constantFrom({ kind: 'raoKupper', theta: 1.7 } as const, { kind: 'davidson', nu: 0.4 } as const)
    fc.assert(
      fc.property(score, model, fc.constantFrom(-1, 0, 1), (difference, chosen, outcome) => {
        const [a, tie, b] = tieProbabilities(difference, chosen)
        expect(a + tie + b).toBeCloseTo(1, 12)
        const loss = interpret((d: Tensor, o: Tensor) => tieLoss(d, o, chosen))([difference], [outcome]).data[0]
        expect(Math.exp(-loss)).toBeCloseTo(outcome === 1 ? a : outcome === 0 ? tie : b, 9)
      }),
      { numRuns: 60 },
    )
  })

  it('without ties has the gradient of Bradley–Terry', () => {
    const slope = (model: Parameters<typeof tieLoss>[2]) =>
      interpret(valueAndGrad((d: Tensor, o: Tensor) => tieLoss(d, o, model)))([0.7], [1]).gradient.data[0]
    const expected = -1 / (1 + Math.exp(0.7))
    expect(slope({ kind: 'davidson', nu: 0 })).toBeCloseTo(expected, 12)
    expect(slope({ kind: 'raoKupper', theta: 1 })).toBeCloseTo(expected, 12)
  })

  it('refuses θ below 1 and ν below 0', () => {
    expect(() => tieProbabilities(0, { kind: 'raoKupper', theta: 0.9 })).toThrow(/theta in \[1/)
    expect(() => tieProbabilities(0, { kind: 'davidson', nu: -1 })).toThrow(/nu in \[0/)
  })
})

describe('pairAccuracy', () => {
  it('counts ties as wrong, or half', () => {
    expect(pairAccuracy([1, 1, 0, 2], [0, 1, 1, 2])).toEqual({ strict: 0.25, tiesHalf: 0.5, meanDifference: 0 })
    expect(() => pairAccuracy([], [])).toThrow(/at least one pair/)
  })
})
