import { describe, expect, it } from 'vitest'
import type { Criterion } from './claim.ts'
import { evaluateCriterion } from './criteria.ts'

const table: Record<string, readonly (number | undefined)[]> = {
  method: [3, 4, 5, 6],
  rival: [1, 1, 4, 6],
  shuffled: [0, 0, 0, 0],
  broken: [1, undefined, 3, 3],
  diverged: [1, Number.NaN, 1, 1],
}
const numbers = (arm: string) => table[arm]
const base: Criterion = { about: 'better', arm: 'method', against: 'rival' }

describe('a criterion', () => {
  // differences 2, 3, 1, 0; ratios 3, 4, 1.25, 1
  it.each<[string, Partial<Criterion>, number, boolean]>([
    ['mean difference', { atLeast: 1.5 }, 1.5, true],
    ['mean difference missed', { atLeast: 1.6 }, 1.5, false],
    ['median difference', { atLeast: 1.5, over: 'median' }, 1.5, true],
    ['mean ratio', { compare: 'ratio', atLeast: 2.3 }, 2.3125, true],
    ['share of seeds', { atLeast: 1, over: { share: 0.75 } }, 0.75, true],
    ['every seed', { atLeast: 1, over: { share: 1 } }, 0.75, false],
    ['upper bound', { atMost: 3, over: { share: 1 } }, 1, true],
    ['both bounds', { atLeast: 2, atMost: 1 }, 1.5, false],
  ])('%s', (_, change, measured, holds) => {
    const outcome = evaluateCriterion({ ...base, ...change }, numbers, 'score')
    expect(outcome.measured).toBeCloseTo(measured, 12)
    expect(outcome.holds).toBe(holds)
  })

  it('puts a control in the place of the method, wherever the method stands', () => {
    const stand = { method: 'method', control: 'shuffled' }
    expect(evaluateCriterion({ ...base, atLeast: 0 }, numbers, 'score', stand).values).toEqual([-1, -1, -4, -6])
    const turned: Criterion = { about: 'worse', arm: 'rival', against: 'method', atMost: 0 }
    expect(evaluateCriterion(turned, numbers, 'score', stand)).toMatchObject({ holds: false, against: 'shuffled' })
  })

  it('leaves a failed seed out of a mean and counts it as not holding in a share', () => {
    const alone: Criterion = { about: 'alone', arm: 'broken', atLeast: 1 }
    expect(evaluateCriterion(alone, numbers, 'score')).toMatchObject({ measured: 7 / 3, holds: true })
    const share = evaluateCriterion({ ...alone, over: { share: 1 } }, numbers, 'score')
    expect(share).toMatchObject({ measured: 0.75, holds: false, bound: '≥ 1 in every seed' })
  })

  it('refuses NaN, and an arm of which no seed finished', () => {
    expect(() => evaluateCriterion({ about: 'x', arm: 'diverged', atLeast: 0 }, numbers, 'score')).toThrow(/got NaN/)
    const none = () => [undefined, undefined]
    expect(() => evaluateCriterion(base, none, 'score')).toThrow(/at least one finished seed of method/)
  })
})
