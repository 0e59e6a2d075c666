import { GuerdonError, Random } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { QdArchive } from './archive.ts'
import { cvtArchive, gridArchive, nearestRow } from './cell-archive.ts'
import type { Individual } from './problem.ts'
import { unstructuredArchive } from './unstructured-archive.ts'

const individual = (fitness: number, ...descriptor: number[]): Individual => ({
  genome: Float64Array.of(fitness, ...descriptor),
  fitness,
  descriptor: Float64Array.from(descriptor),
  observation: new Float64Array(),
})

const makers: Record<string, () => QdArchive> = {
  grid: () => gridArchive({ dims: [2, 2], lower: [0, 0], upper: [1, 1] }, { qdScoreOffset: -10 }),
  'grid with thresholds': () =>
    gridArchive({ dims: [2, 2], lower: [0, 0], upper: [1, 1] }, { thresholdMin: -10, learningRate: 0.5 }),
  cvt: () => cvtArchive({ cells: 6, lower: [0, 0], upper: [1, 1], samples: 200 }),
  unstructured: () => unstructuredArchive({ threshold: 0.3, neighbours: 2 }),
}

describe('a grid archive', () => {
  it('keeps the best of each cell and tells what became of each', () => {
    const archive = makers['grid']()
    const first = archive.add([individual(1, 0.1, 0.1), individual(3, 0.2, 0.2), individual(2, 0.9, 0.1)])
    expect(Array.from(first.status)).toEqual([2, 2, 2])
    expect(Array.from(first.value)).toEqual([1, 3, 2])
    const second = archive.add([individual(3, 0.3, 0.3), individual(5, 0.7, 0.3), individual(0, 0.1, 0.9)])
    expect(Array.from(second.status)).toEqual([0, 1, 2])
    expect(Array.from(second.value)).toEqual([0, 3, 0])
    expect(archive.elites().map(({ fitness }) => fitness)).toEqual([3, 0, 5])
    // 3 + 0 + 5 + 3·10 above the offset
    expect(archive.summary()).toEqual({ elites: 3, coverage: 0.75, qdScore: 38, bestFitness: 5, meanFitness: 8 / 3 })
  })
})

describe('a CVT archive', () => {
  it('gives each descriptor to its nearest centroid, which are spread evenly', () => {
    const archive = cvtArchive({ cells: 8, lower: [0], upper: [8], samples: 4000, rounds: 60 })
    const random = new Random(5)
    archive.add(Array.from({ length: 500 }, () => individual(1, random.uniform(0, 8))))
    expect(archive.summary().coverage).toBe(1)
    const middles = archive.elites().map(({ descriptor }) => descriptor[0])
    expect(new Set(middles.map(Math.floor)).size).toBeGreaterThanOrEqual(6)
    expect(nearestRow([[0], [2], [2]], [1.9])).toBe(1)
  })

  it('is a function of its seed', () => {
    const cellsOf = (seed: number) => {
      const archive = cvtArchive({ cells: 20, lower: [0, 0], upper: [1, 1], samples: 100, seed })
      const random = new Random(1)
      archive.add(Array.from({ length: 40 }, () => individual(1, random.float(), random.float())))
      return archive.elites().map(({ descriptor }) => Array.from(descriptor))
    }
    expect(cellsOf(1)).toEqual(cellsOf(1))
    expect(cellsOf(1)).not.toEqual(cellsOf(2))
  })
})

describe('an unstructured archive', () => {
  it('grows where behaviour is new and replaces the nearest who is less fit', () => {
    const archive = unstructuredArchive({ threshold: 1, neighbours: 2 })
    const { status, value } = archive.add([
      individual(0, 0), // the first always enters
      individual(5, 0.5), // ½ away and fitter: takes its place
      individual(4, 2), // 1½ away
      individual(9, 1.4), // mean of 0.9 and 0.6: not new, nearest is 2
      individual(1, 0.4), // nearest is 0.5, fitter than it
    ])
    expect(Array.from(status)).toEqual([2, 1, 2, 1, 0])
    expect(Array.from(value)).toEqual([0, 5, 4, 5, -4])
    expect(archive.elites().map(({ fitness }) => fitness)).toEqual([5, 9])
    expect(archive.summary()).toMatchObject({ elites: 2, coverage: null, qdScore: 14 })
  })

  it('keeps who came first when told not to compete', () => {
    const archive = unstructuredArchive({ threshold: 1, competition: false })
    expect(Array.from(archive.add([individual(0, 0), individual(5, 0.5)]).status)).toEqual([2, 0])
    expect(archive.summary().bestFitness).toBe(0)
  })
})

describe.each(Object.entries(makers))('archive: %s', (_, make) => {
  const batches = fc.array(
    fc
      .tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }))
      .map(([fitness, x, y]) => individual(fitness, x / 100, y / 100)),
    { minLength: 1, maxLength: 12 },
  )

  it('comes back from what it saved and goes on the same', () => {
    fc.assert(
      fc.property(batches, batches, (before, after) => {
        const [one, two] = [make(), make()]
        one.add(before)
        two.restore(one.save())
        expect(two.summary()).toEqual(one.summary())
        expect(two.add(after)).toMatchObject({ status: one.add(after).status })
        expect(two.elites()).toEqual(one.elites())
        expect(two.save()).toEqual(one.save())
      }),
      { numRuns: 30 },
    )
  })

  it('never loses its best, and what it says of a batch is what happened', () => {
    fc.assert(
      fc.property(fc.array(batches, { maxLength: 4 }), all => {
        const archive = make()
        for (const batch of all) {
          const before = archive.summary()
          const { status } = archive.add(batch)
          const after = archive.summary()
          expect(after.elites >= before.elites).toBe(true)
          expect(after.bestFitness! >= (before.bestFitness ?? Number.NEGATIVE_INFINITY)).toBe(true)
          if (status.every(entry => entry === 0)) expect(after).toEqual(before)
        }
      }),
      { numRuns: 30 },
    )
  })

  it('is empty at first, and refuses descriptors of another length', () => {
    const archive = make()
    expect(archive.summary()).toMatchObject({ elites: 0, qdScore: 0, bestFitness: null, meanFitness: null })
    archive.add([individual(1, 0.5, 0.5)])
    expect(() => archive.add([individual(1, 0.5)])).toThrow(GuerdonError)
  })
})
