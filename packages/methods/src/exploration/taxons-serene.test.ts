import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  archiveNovelty,
  crowdingDistance,
  descriptorDistances,
  localCompetition,
  logSignature,
  nondominatedSurvivors,
  noveltyDropNearest,
  noveltySelfExcluded,
  paretoFronts,
  signature,
  withTime,
} from './taxons-serene.ts'

const coordinate = fc.double({ min: -5, max: 5, noNaN: true })
const point = fc.tuple(coordinate, coordinate)

describe('novelty', () => {
  const line = [[0], [1], [3]]

  it('drops the individual itself, or the true nearest for one that is not in the set', () => {
    expect(Array.from(noveltyDropNearest(line, line, { neighbours: 2 }))).toEqual([2, 1.5, 2.5])
    expect(noveltyDropNearest([[0.5]], line, { neighbours: 1 })[0]).toBe(0.5)
    expect(archiveNovelty([[4]], line, { neighbours: 1 })[0]).toBe(1)
    expect(noveltyDropNearest([[4]], line, { neighbours: 1 })[0]).toBe(3)
  })

  it('is the same by index and by dropping, for members', () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 2, maxLength: 8 }), points => {
        const byIndex = noveltySelfExcluded(points, [], { neighbours: 3 })
        noveltyDropNearest(points, points, { neighbours: 3 }).forEach((value, i) => {
          expect(value).toBeCloseTo(byIndex[i], 12)
        })
      }),
    )
  })

  it('follows a permutation and ignores a shift', () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 3, maxLength: 8 }), coordinate, (points, shift) => {
        const base = noveltyDropNearest(points, points, { neighbours: 2 })
        const moved = points.map(([x, y]) => [x + shift, y - shift]).reverse()
        noveltyDropNearest(moved, moved, { neighbours: 2 }).forEach((value, i) => {
          expect(value).toBeCloseTo(base[points.length - 1 - i], 9)
        })
      }),
    )
  })

  it('is told for a lone individual, counts twins, and is 0 when all are equal', () => {
    expect(noveltyDropNearest([[1]], [[1]])[0]).toBe(0)
    expect(noveltyDropNearest([[1]], [[1]], { aloneNovelty: 9 })[0]).toBe(9)
    expect(noveltySelfExcluded([[1], [1], [2]], [], { neighbours: 1 })[0]).toBe(0)
    const equal = Array.from({ length: 15 }, () => [Math.fround(0.98)])
    expect(noveltyDropNearest(equal, equal).every(value => value === 0)).toBe(true)
  })

  it('knows four metrics', () => {
    const distance = (options: object) => descriptorDistances([[0, 0]], [[3, 4]], options)[0][0]
    expect(distance({})).toBe(5)
    expect(distance({ metric: 'manhattan' })).toBe(7)
    expect(distance({ metric: 'minkowski', exponent: 1 })).toBe(7)
    // (√3 + √4)² = 7 + 4√3
    expect(distance({ metric: 'minkowski', exponent: 0.5 })).toBeCloseTo(7 + 4 * Math.sqrt(3), 12)
    // Covariance of {0, 0, 3} is 3, so |3|/√3 = √3.
    expect(descriptorDistances([[0]], [[0], [3]], { metric: 'mahalanobis' })[0][1]).toBeCloseTo(Math.sqrt(3), 12)
  })

  it('refuses mixed lengths and what is no number', () => {
    expect(() => noveltyDropNearest([[1, 2]], [[1]])).toThrow(/length 2; got 1 at references\[0\]/)
    expect(() => noveltyDropNearest([[Number.NaN]], [[1]])).toThrow(/queries\[0\]\[0\]/)
  })

  it('counts neighbours with a lower reward, twins included', () => {
    const { localCompetition: counts } = localCompetition([[0], [0], [1]], [[0], [0], [1], [5]], [2, 1, 3, 0], {
      neighbours: 2,
    })
    expect(Array.from(counts)).toEqual([1, 0, 2])
    expect(() => localCompetition([[0]], [[0]], [])).toThrow(/got 0 rewards/)
  })
})

describe('Pareto fronts and crowding', () => {
  it('order points by domination, equals together', () => {
    expect(
      paretoFronts([
        [1, 1, 0, 2],
        [1, 1, 0, 0],
      ]),
    ).toEqual([[0, 1, 3], [2]])
    expect(paretoFronts([[], []])).toEqual([])
  })

  it('measure gaps in each objective on its own', () => {
    // Objective 1 sorted 0 1 4: gap of the middle one 4/4; objective 2 the other way round: 4/4 again.
    expect(
      Array.from(
        crowdingDistance([
          [1, 0, 4],
          [3, 4, 0],
        ]),
      ),
    ).toEqual([2, Infinity, Infinity])
    expect(Array.from(crowdingDistance([[5, 5, 5]]))).toEqual([Infinity, 0, Infinity])
  })

  it('let whole fronts survive, then the least crowded', () => {
    // Of the two in the middle the second has gaps (3 − 1)/3 + (2 − 0)/3 = 4/3, the first 1.1/3 + 1.1/3.
    expect(
      nondominatedSurvivors(
        [
          [0, 1, 1.1, 3, -1],
          [3, 2, 1.9, 0, -1],
        ],
        3,
      ),
    ).toEqual([0, 3, 2])
  })

  it('never keep a point and drop one that dominates it', () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 10 }), fc.nat(10), (points, count) => {
        const objectives = [points.map(([x]) => x), points.map(([, y]) => y)]
        const kept = nondominatedSurvivors(objectives, count)
        for (const k of kept) {
          for (let d = 0; d < points.length; d++) {
            if (points[d][0] > points[k][0] && points[d][1] > points[k][1]) expect(kept).toContain(d)
          }
        }
      }),
    )
  })
})

describe('signatures', () => {
  const clockwise = [
    [0, 0],
    [0, 1],
    [1, 1],
    [1, 0],
    [0, 0],
  ]

  it('tell the two ways round the unit square apart: areas −1 and +1, distance 2, and √8 in the full signature', () => {
    const counter = [...clockwise].reverse()
    const distance = (a: Float64Array, b: Float64Array) => descriptorDistances([a], [b])[0][0]
    expect(Array.from(logSignature(clockwise))).toEqual([0, 0, -1])
    expect(distance(logSignature(clockwise), logSignature(counter))).toBeCloseTo(2, 12)
    expect(distance(signature(clockwise), signature(counter))).toBeCloseTo(Math.sqrt(8), 12)
    expect(descriptorDistances([clockwise[4]], [counter[4]])[0][0]).toBe(0)
  })

  it('obey the shuffle product S^i·S^j = S^{ij} + S^{ji}', () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 6 }), path => {
        const s = signature(path)
        expect(s[3] + s[4]).toBeCloseTo(s[0] * s[1], 8)
        expect(2 * s[2]).toBeCloseTo(s[0] ** 2, 8)
      }),
    )
  })

  it('do not see speed, nor a stretch forth and back, unless time is added', () => {
    const there = [
      [0, 0],
      [1, 2],
    ]
    const slowly = [
      [0, 0],
      [0.25, 0.5],
      [0.5, 1],
      [1, 2],
    ]
    const detour = [
      [0, 0],
      [1, 2],
      [3, 3],
      [1, 2],
    ]
    for (const other of [slowly, detour]) {
      signature(other, { depth: 3 }).forEach((value, k) => {
        expect(value).toBeCloseTo(signature(there, { depth: 3 })[k], 10)
      })
    }
    const timed = (path: number[][]) => signature(withTime(path, { longest: 10 }))
    expect(timed(detour)[2]).not.toBeCloseTo(timed(there)[2], 3)
  })

  it('are 0 for a point and for standing still, d + … + d^N long', () => {
    expect(Array.from(signature([[3, 4]]))).toEqual(new Array(6).fill(0))
    expect(
      signature(
        [
          [1, 1],
          [1, 1],
        ],
        { depth: 3 },
      ).every(value => value === 0),
    ).toBe(true)
    expect(
      signature(
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        { depth: 3 },
      ),
    ).toHaveLength(39)
    expect(() => signature([])).toThrow(/path/)
  })
})
