import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assignRows } from './assignment.ts'

function bestByTrying(costs: number[][], row = 0, used = new Set<number>()): number {
  const columns = costs[0].length
  if (row === costs.length) return used.size === Math.min(costs.length, columns) ? 0 : Number.POSITIVE_INFINITY
  let best = costs.length > columns ? bestByTrying(costs, row + 1, used) : Number.POSITIVE_INFINITY
  for (let j = 0; j < columns; j++) {
    if (!used.has(j)) best = Math.min(best, costs[row][j] + bestByTrying(costs, row + 1, new Set([...used, j])))
  }
  return best
}

describe('assignRows', () => {
  it('takes the cheap total, not the cheap first pair', () => {
    // greedy takes 1 and is left with 9; 2 + 2 is better
    expect([
      ...assignRows([
        [1, 2],
        [2, 9],
      ]),
    ]).toEqual([1, 0])
  })

  it('leaves rows alone when columns run out, and columns when rows do', () => {
    expect([...assignRows([[3], [1], [2]])]).toEqual([-1, 0, -1])
    expect([...assignRows([[3, 1, 2]])]).toEqual([1])
    expect([...assignRows([])]).toEqual([])
    expect([...assignRows([[], []])]).toEqual([-1, -1])
  })

  it('equals the best of all assignments', () => {
    const matrix = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })).chain(([m, n]) =>
      fc.array(fc.array(fc.integer({ min: -5, max: 5 }), { minLength: n, maxLength: n }), {
        minLength: m,
        maxLength: m,
      }),
    )
    fc.assert(
      fc.property(matrix, costs => {
        const assigned = assignRows(costs)
        const taken = [...assigned].filter(j => j !== -1)
        expect(new Set(taken).size).toBe(Math.min(costs.length, costs[0].length))
        expect(taken.length).toBe(new Set(taken).size)
        const total = costs.reduce((sum, row, i) => sum + (assigned[i] === -1 ? 0 : row[assigned[i]]), 0)
        expect(total).toBe(bestByTrying(costs))
      }),
    )
  })

  it('names a cost that is no number', () => {
    expect(() => assignRows([[0, Number.NaN]])).toThrow('got NaN in row 0, column 1')
    expect(() => assignRows([[0], [0, 1]])).toThrow('expected 1 costs in row 1; got 2')
  })
})
