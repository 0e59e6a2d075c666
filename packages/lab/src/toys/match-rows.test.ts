import { expect, it } from 'vitest'
import { matchRows } from './match-rows.ts'

it('scales all steps by one factor to the root mean square of the plain ones', () => {
  // √(4·3²/4) = 3 over √((1² + 7² + 5² + 5²)/4) = 5
  const matched = matchRows([Float64Array.of(1, -7), Float64Array.of(5, 5)], [Float64Array.of(3, 3, -3, 3)])
  expect(matched.map(row => Array.from(row, value => Number(value.toFixed(12))))).toEqual([
    [0.6, -4.2],
    [3, 3],
  ])
})

it('leaves what it is given alone, and zeros at zero', () => {
  const credited = [Float64Array.of(0, 0)]
  expect(matchRows(credited, [Float64Array.of(2)])).toEqual([Float64Array.of(0, 0)])
  const rows = [Float64Array.of(1)]
  matchRows(rows, [Float64Array.of(2)])
  expect(rows).toEqual([Float64Array.of(1)])
})
