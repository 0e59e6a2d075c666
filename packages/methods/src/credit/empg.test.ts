import { batchFromRollouts, bindStage, numbers, withColumns } from '@guerdon/core'
import { interpret, logSoftmax, slice, sum, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { empgStage, empgStepAdvantages, empgTokenAdvantages, expectedScoreNorm, stepEntropies } from './empg.ts'

const rows = (values: readonly ArrayLike<number>[]) => values.map(row => Array.from(row))
const close = (values: readonly number[], digits = 7) => values.map(value => expect.closeTo(value, digits))

describe('the identity', () => {
  it('holds for a uniform policy: 1 − 1/4, H₂ = H = log 4', () => {
    const norm = expectedScoreNorm([7, 7, 7, 7])
    expect(norm.expectedSquaredNorm).toBeCloseTo(0.75, 14)
    expect([norm.renyi2, norm.shannon]).toEqual(close([Math.log(4), Math.log(4)], 12))
  })

  it('holds for random logits, and the norm is that of the gradient', () => {
    const logits = fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(logits, given => {
        const { expectedSquaredNorm, identityRhs } = expectedScoreNorm(given)
        expect(identityRhs).toBeCloseTo(expectedSquaredNorm, 12)
        const gradient = interpret(
          valueAndGrad((x: Tensor) => sum(slice(logSoftmax(x, { axis: 0 }), { starts: [0], ends: [1] }))),
        )
        const normaliser = Math.log(given.reduce((total, logit) => total + Math.exp(logit), 0))
        let expected = 0
        for (let a = 0; a < given.length; a++) {
          const rotated = [...given.slice(a), ...given.slice(0, a)]
          const squared = [...gradient(Float64Array.from(rotated)).gradient.data].reduce((n, g) => n + g * g, 0)
          expected += Math.exp(given[a] - normaliser) * squared
        }
        expect(expected).toBeCloseTo(expectedSquaredNorm, 10)
      }),
      { numRuns: 20, seed: 2 },
    )
  })
})

describe('EMPG', () => {
  it('modulates by hand-derived factors', () => {
    // H̃ = 0 and 1, exp(−H̃) = 1 and 1/e, mean m; no successor, so no bonus
    const m = (1 + Math.exp(-1)) / 2
    const { gradientScale, stepAdvantages } = empgStepAdvantages([[0.2], [1.2]], [1, -1])
    expect(rows(gradientScale)).toEqual([close([1 / m]), close([Math.exp(-1) / m])])
    const centre = (1 - Math.exp(-1)) / m / 2
    expect(rows(stepAdvantages)).toEqual([close([1 / m - centre]), close([-Math.exp(-1) / m - centre])])
  })

  it('takes the bonus from the next step of the same trajectory', () => {
    const { bonus } = empgStepAdvantages(
      [
        [1, 0],
        [1, 1],
      ],
      [0, 0],
      { zeta: 0.5 },
    )
    expect(rows(bonus)).toEqual([close([0.5, 0]), close([0.5 * Math.exp(-1), 0])])
  })

  it('is the centred advantage + ζ when entropies are all equal', () => {
    // before centring: [2 + .1, 2], [−1]; mean .7 + .1/3 … with the mean removed
    const { stepAdvantages, gradientScale } = empgStepAdvantages([[0.4, 0.4], [0.4]], [2, -1], { zeta: 0.1 })
    expect(rows(gradientScale).flat()).toEqual(close([1, 1, 1]))
    const mean = (2.1 + 2 - 1) / 3
    expect(rows(stepAdvantages).flat()).toEqual(close([2.1 - mean, 2 - mean, -1 - mean]))
  })

  it('offers two cures for the blame that centring puts on last steps', () => {
    const entropies = [
      [0.3, 0.3],
      [0.3, 0.3],
    ]
    const of = (bonusCentring: 'together' | 'with-successor' | 'mean-for-last') =>
      rows(empgStepAdvantages(entropies, [0, 0], { zeta: 0.1, bonusCentring }).stepAdvantages).flat()
    expect(of('together')).toEqual(close([0.05, -0.05, 0.05, -0.05]))
    expect(of('with-successor')).toEqual(close([0, 0, 0, 0]))
    expect(of('mean-for-last')).toEqual(close([0, 0, 0, 0]))
  })

  it('keeps an outlier from pressing all others together when asked', () => {
    const entropies = [[0, 1, 2, 100]]
    expect(empgStepAdvantages(entropies, [1]).normalizedEntropies[0][2]).toBeCloseTo(0.02)
    const clipped = empgStepAdvantages(entropies, [1], { clipQuantiles: [0, 2 / 3] })
    expect([...clipped.normalizedEntropies[0]]).toEqual(close([0, 0.5, 1, 1]))
  })

  const batch = fc.array(
    fc.record({
      entropies: fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { maxLength: 4 }),
      advantage: fc.double({ min: -3, max: 3, noNaN: true }),
    }),
    { maxLength: 5 },
  )
  it('sums to zero, has a scale of mean 1 and follows a permutation; k = 0 and ζ = 0 only centre', () => {
    fc.assert(
      fc.property(batch, given => {
        const entropies = given.map(row => row.entropies)
        const advantages = given.map(row => row.advantage)
        const result = empgStepAdvantages(entropies, advantages)
        const flat = rows(result.stepAdvantages).flat()
        expect(flat.every(Number.isFinite)).toBe(true)
        expect(flat.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 9)
        if (flat.length > 0) {
          expect(
            rows(result.gradientScale)
              .flat()
              .reduce((a, b) => a + b, 0) / flat.length,
          ).toBeCloseTo(1, 6)
        }
        const reversed = empgStepAdvantages([...entropies].reverse(), [...advantages].reverse())
        expect(rows(reversed.stepAdvantages).reverse()).toEqual(rows(result.stepAdvantages).map(row => close(row, 9)))
        const plain = rows(empgStepAdvantages(entropies, advantages, { k: 0, zeta: 0 }).stepAdvantages).flat()
        const spread = entropies.flatMap((row, i) => row.map(() => advantages[i]))
        const mean = spread.reduce((a, b) => a + b, 0) / Math.max(1, spread.length)
        expect(plain).toEqual(
          close(
            spread.map(a => a - mean),
            6,
          ),
        )
      }),
      { numRuns: 60, seed: 5 },
    )
  })

  it('leaves steps without tokens out and writes the others to their spans', () => {
    const { entropies, steps } = stepEntropies(
      [1, 3, 9],
      [
        [0, 2],
        [2, 2],
        [2, 3],
      ],
    )
    expect([[...entropies], [...steps]]).toEqual([
      [2, 9],
      [0, 2],
    ])
    const [row] = empgTokenAdvantages(
      [[1, 3, 9, 5]],
      [
        [
          [0, 2],
          [2, 2],
          [3, 4],
        ],
      ],
      [1],
    )
    expect(row[2]).toBe(0)
    expect(row[0]).toBe(row[1])
    expect(empgStepAdvantages([], []).mean).toBe(0)
    expect(empgStepAdvantages([[0.5]], [3]).stepAdvantages[0][0]).toBe(0)
  })

  it('refuses NaN', () => {
    expect(() => stepEntropies([1, Number.NaN], [[0, 2]])).toThrow(/token entropies of step 0/)
    expect(() => empgStepAdvantages([[Number.NaN]], [1])).toThrow(/entropies/)
    expect(() => empgStepAdvantages([[1]], [])).toThrow(/same length/)
  })
})

describe('the empg stage', () => {
  const rollout = (id: string, advantage: unknown, entropies: (number | null)[][]) => {
    const offsets = entropies.map((_, k) => entropies.slice(0, k).reduce((n, row) => n + row.length, 0))
    return {
      id,
      group: 'g',
      prompt: 'p',
      outcome: advantage,
      turns: entropies.map((row, k) => ({ action: 'go', span: [offsets[k], offsets[k] + row.length] })),
      tokens: { entropies: entropies.flat() },
    }
  }
  const apply = async (records: unknown[], options: object = {}) => {
    const base = batchFromRollouts(records)
    const batch = withColumns(base, { 'rollout.advantage': numbers(base, 'rollout.outcome') })
    return withColumns(batch, (await bindStage(empgStage, options).apply(batch, null)).columns)
  }

  it('agrees with the function and leaves failed rollouts, empty turns and missing entropies out', async () => {
    const failedOutcome = { status: 'failed', failure: { class: 'timeout', message: 'slow' } }
    const result = await apply(
      [
        rollout('a', 1, [[0.2, 0.4], [1]]),
        rollout('b', -1, [[0.8], []]),
        rollout('c', failedOutcome, [[9]]),
        rollout('d', 1, [[null]]),
      ],
      { place: 'tokens' },
    )
    const advantage = numbers(result, 'turn.advantage')
    const want = empgStepAdvantages([[0.3, 1], [0.8]], [1, -1])
    expect([...advantage.values.slice(0, 3)]).toEqual(close(rows(want.stepAdvantages).flat(), 12))
    expect([...advantage.status]).toEqual([0, 0, 0, 1, 2, 2])
    expect(advantage.failures.get(5)?.message).toMatch(/an entropy on every policy token/)
    expect(numbers(result, 'token.advantage').values[1]).toBe(advantage.values[0])
  })
})
