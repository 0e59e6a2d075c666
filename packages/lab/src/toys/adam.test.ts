import { expect, it } from 'vitest'
import { adamAscent } from './adam.ts'

it('takes a first step of the rate in the direction of the sign, and smaller ones when signs disagree', () => {
  const values = Float64Array.of(0, 0)
  const step = adamAscent(values, 0.1)
  step([3, -0.5])
  expect([...values]).toEqual([expect.closeTo(0.1, 7), expect.closeTo(-0.1, 7)])
  step([-3, -0.5])
  // m = 0.9·0.3 − 0.3 = −0.03, m̂ = −0.03/0.19; v̂ = 9: the step is 0.1·(−0.1579)/3
  expect(values[0]).toBeCloseTo(0.1 - (0.1 * (0.03 / 0.19)) / 3, 6)
  expect(values[1]).toBeCloseTo(-0.2, 6)
})
