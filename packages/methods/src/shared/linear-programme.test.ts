import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { solveLinearSystem } from './linear-algebra.ts'
import { type LinearProgramme, solveLinearProgramme } from './linear-programme.ts'

/** Optimum over all vertices: every n-subset of active rows and bounds. */
function byVertices(programme: LinearProgramme): number | undefined {
  const n = programme.cost.length
  const planes: { a: number[]; b: number }[] = []
  for (let j = 0; j < n; j++) {
    const unit = Array.from({ length: n }, (_, k) => Number(k === j))
    planes.push({ a: unit, b: programme.lower[j] }, { a: unit, b: programme.upper[j] })
  }
  for (const row of programme.rows) {
    if (row.lower !== undefined) planes.push({ a: Array.from(row.coefficients), b: row.lower })
    if (row.upper !== undefined) planes.push({ a: Array.from(row.coefficients), b: row.upper })
  }
  let best: number | undefined
  for (let i = 0; i < planes.length; i++)
    for (let k = i + 1; k < planes.length; k++) {
      let x: Float64Array
      try {
        x = solveLinearSystem(
          Float64Array.of(...planes[i].a, ...planes[k].a),
          Float64Array.of(planes[i].b, planes[k].b),
        )
      } catch {
        continue
      }
      const inside =
        x.every((value, j) => value >= programme.lower[j] - 1e-7 && value <= programme.upper[j] + 1e-7) &&
        programme.rows.every(row => {
          const value = row.coefficients[0] * x[0] + row.coefficients[1] * x[1]
          return value >= (row.lower ?? -Infinity) - 1e-7 && value <= (row.upper ?? Infinity) + 1e-7
        })
      const value = programme.cost[0] * x[0] + programme.cost[1] * x[1]
      if (inside && (best === undefined || value < best)) best = value
    }
  return best
}

const small = fc.integer({ min: -4, max: 4 })

describe('linear programmes', () => {
  it('finds the corner of a small polygon', () => {
    // max x + 2y, x + y ≤ 4, y ≤ 3, x ≥ 0, y ≥ 0 → (1, 3), value 7
    const result = solveLinearProgramme({
      cost: [-1, -2],
      rows: [{ coefficients: [1, 1], upper: 4 }],
      lower: [0, 0],
      upper: [10, 3],
    })
    expect(result).toMatchObject({ status: 'optimal', objective: -7 })
    if (result.status === 'optimal') expect([...result.x]).toEqual([1, 3])
  })

  it('handles equalities, free slack sides and no rows', () => {
    const equal = solveLinearProgramme({
      cost: [1, 3],
      rows: [{ coefficients: [1, 1], lower: 1, upper: 1 }],
      lower: [0, 0],
      upper: [0.25, Number.POSITIVE_INFINITY],
    })
    // x at its bound 0.25, the rest on y: 0.25 + 3·0.75
    expect(equal).toMatchObject({ status: 'optimal', objective: 2.5 })
    expect(solveLinearProgramme({ cost: [2], rows: [], lower: [-3], upper: [5] })).toMatchObject({ objective: -6 })
  })

  it('says infeasible', () => {
    const rows = [
      { coefficients: [1], lower: 2 },
      { coefficients: [1], upper: 1 },
    ]
    expect(solveLinearProgramme({ cost: [1], rows, lower: [0], upper: [9] })).toEqual({ status: 'infeasible' })
  })

  it('agrees with enumeration of vertices', () => {
    fc.assert(
      fc.property(
        fc.tuple(small, small),
        fc.array(fc.record({ a: small, b: small, lower: small }), { maxLength: 5 }),
        (cost, given) => {
          const programme: LinearProgramme = {
            cost,
            rows: given.map(({ a, b, lower }) => ({ coefficients: [a, b], lower: lower - 2, upper: lower + 3 })),
            lower: [-2, -3],
            upper: [3, 2],
          }
          const expected = byVertices(programme)
          const result = solveLinearProgramme(programme)
          expect(result.status).toBe(expected === undefined ? 'infeasible' : 'optimal')
          if (result.status === 'optimal' && expected !== undefined) expect(result.objective).toBeCloseTo(expected, 7)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('refuses bounds that leave it unbounded or cross', () => {
    const open = { cost: [-1], rows: [], lower: [0], upper: [Number.POSITIVE_INFINITY] }
    expect(() => solveLinearProgramme(open)).toThrow(/finite bound/)
    expect(() => solveLinearProgramme({ ...open, lower: [2], upper: [1] })).toThrow(/not above its upper/)
  })
})
