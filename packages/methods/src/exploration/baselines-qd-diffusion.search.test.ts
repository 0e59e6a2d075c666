import { Random } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { symmetricEigen } from '../shared/eigen.ts'
import {
  archiveStatistics,
  cmaMe,
  cmaMeEmitter,
  cmaParameters,
  cmaSample,
  cmaState,
  cmaStop,
  cmaUpdate,
  defaultCmaPopulation,
  gaussianVariation,
  isoLineVariation,
  mapElites,
  noveltySearch,
  randomSearch,
  tellEmitter,
} from './baselines-qd-diffusion.ts'

const finite = fc.double({ min: -5, max: 5, noNaN: true }).map(value => value + 0)

describe('variation', () => {
  it('reaches the other parent along the line and stays in bounds', () => {
    const still = { isotropic: [0, 0], line: 5 }
    expect(Array.from(isoLineVariation([0, 1], [2, 3], still, { lineSigma: 0.2 }))).toEqual([2, 3])
    const child = gaussianVariation([4.9, -4.9], 10, new Random(1), [-5, 5])
    expect(child.every(gene => gene >= -5 && gene <= 5)).toBe(true)
  })
})

describe('CMA-ES', () => {
  it('decomposes symmetric matrices', () => {
    fc.assert(
      fc.property(fc.array(finite, { minLength: 9, maxLength: 9 }), entries => {
        const matrix = Float64Array.from({ length: 9 }, (_, k) => entries[k] + entries[(k % 3) * 3 + Math.floor(k / 3)])
        const { values, vectors } = symmetricEigen(matrix)
        for (let i = 0; i < 3; i++) {
          for (let j = 0; j < 3; j++) {
            let [entry, inner] = [0, 0]
            for (let k = 0; k < 3; k++) {
              entry += vectors[i * 3 + k] * values[k] * vectors[j * 3 + k]
              inner += vectors[k * 3 + i] * vectors[k * 3 + j]
            }
            expect(entry).toBeCloseTo(matrix[i * 3 + j], 9)
            expect(inner).toBeCloseTo(i === j ? 1 : 0, 9)
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  it('has no rank-μ part with one parent, and no update without any', () => {
    expect(cmaParameters(8, 1).cMu).toBe(0)
    const state = cmaState([1, 2], 0.5)
    expect(cmaUpdate(state, [], { populationSize: 6 })).toMatchObject({ mean: state.mean, sigma: 0.5, evaluations: 6 })
  })

  it('differs from the released update in the covariance alone', () => {
    const state = cmaState([0, 0], 0.5)
    const parents = [
      [0.3, -0.2],
      [0.1, 0.4],
    ]
    const sound = cmaUpdate(state, parents, { populationSize: 4 })
    const released = cmaUpdate(state, parents, { populationSize: 4, compat: 'released' })
    expect(released.mean).toEqual(sound.mean)
    expect(released.sigma).toBe(sound.sigma)
    expect(released.pathC[0]).toBeCloseTo(sound.pathC[0] * 0.5, 12)
    expect(released.covariance[1]).not.toBeCloseTo(sound.covariance[1], 6)
  })

  it('reaches 1e-9 on the ellipsoid of condition 1e6 within 8 000 evaluations', () => {
    const n = 10
    const random = new Random(3)
    const value = (x: Float64Array) => x.reduce((sum, gene, i) => sum + 1e6 ** (i / (n - 1)) * gene * gene, 0)
    let state = cmaState(new Float64Array(n).fill(1), 0.5)
    let best = Number.POSITIVE_INFINITY
    while (best > 1e-9 && state.evaluations < 8000) {
      const offspring = Array.from({ length: defaultCmaPopulation(n) }, () => cmaSample(state, random))
      const ranked = offspring.map(x => ({ x, f: value(x) })).sort((a, b) => a.f - b.f)
      best = Math.min(best, ranked[0].f)
      const parents = ranked.slice(0, 5).map(({ x }) => x)
      state = cmaUpdate(state, parents, { populationSize: offspring.length })
    }
    expect(best).toBeLessThanOrEqual(1e-9)
  })

  it('stops when used up', () => {
    expect(cmaStop(cmaState([0, 0], 1, { covariance: [1, 0, 0, 1e-15] }))).toBe('condition')
    expect(cmaStop(cmaState([0, 0], 1e-12))).toBe('small step')
    expect(cmaStop(cmaState([0, 0], 1), [3, 3])).toBe('flat')
    expect(cmaStop(cmaState([0, 0], 1), [3, 2])).toBe(null)
    expect(() => cmaSample(cmaState([9, 9], 0.01), new Random(1), [-1, 1])).toThrow(/none in 10 000 attempts/)
  })
})

describe('emitters', () => {
  const generation = { solutions: [[1], [2]], objectives: [1, 2], measures: [[0], [1]], value: [0, -1] }
  const elites = [{ cell: 0, objective: 1, threshold: 1, measures: [0], solution: [5] }]

  it('restart from an elite when nothing was stored', () => {
    const next = tellEmitter(cmaMeEmitter([0]), { ...generation, status: [0, 0] }, elites, new Random(1))
    expect(next.restarts).toBe(1)
    expect(Array.from(next.cma.mean)).toEqual([5])
    expect(() => tellEmitter(cmaMeEmitter([0]), { ...generation, status: [0, 0] }, [], new Random(1))).toThrow(
      /archive with elites/,
    )
  })

  it('move to the parents the ranker puts first', () => {
    const told = (ranker: 'twoStageImprovement' | 'objective' | 'density') =>
      tellEmitter(
        cmaMeEmitter([0]),
        { ...generation, status: [2, 0], value: [1, -1], density: [4, 1] },
        elites,
        new Random(1),
        { ranker },
      ).cma.mean[0]
    expect(told('twoStageImprovement')).toBe(1)
    expect(told('objective')).toBe(2)
    expect(told('density')).toBe(2)
    expect(() =>
      tellEmitter(cmaMeEmitter([0]), { ...generation, status: [2, 0] }, elites, new Random(1), {
        ranker: 'randomDirection',
      }),
    ).toThrow(/expected direction/)
  })
})

describe('search loops', () => {
  const grid = { dims: [10, 10], lower: [-5, -5], upper: [5, 5] }
  const start = (random: Random) => random.normals(4).map(value => 0.3 * value)
  const evaluate = async (solutions: readonly Float64Array[]) =>
    solutions.map(x => ({
      objective: 100 - x.reduce((sum, gene) => sum + (gene - 1) ** 2, 0),
      measures: [x[0] + x[1], x[2] + x[3]],
    }))
  const options = { budget: 1500, batchSize: 50 }

  it('count evaluations exactly and fill more than random search does', async () => {
    const random = await randomSearch(grid, start, evaluate, options, new Random(1))
    const elites = await mapElites(grid, start, evaluate, options, new Random(1))
    const gaussian = { kind: 'gaussian', sigma: 0.3 } as const
    const plain = await mapElites(grid, start, evaluate, { ...options, variation: gaussian }, new Random(1))
    const emitters = await cmaMe(grid, start, evaluate, { ...options, batchSize: 20 }, new Random(1))
    for (const result of [random, elites, plain, emitters]) expect(result.evaluations).toBe(1500)
    const score = ({ archive }: typeof random) => archiveStatistics(archive).normalisedQdScore
    expect(score(plain)).toBeGreaterThan(score(random))
    expect(score(emitters)).toBeGreaterThan(score(random))
    expect(elites.history.at(-1)?.evaluations).toBe(1500)
  })

  it('run novelty search within its budget, by any rule of the archive', async () => {
    for (const archived of [3, { threshold: 0.5 }]) {
      const settings = { budget: 95, populationSize: 10, sigma: 0.3, archived }
      const result = await noveltySearch(start, evaluate, settings, new Random(2))
      expect(result.evaluations).toBe(95)
      expect(result.population).toHaveLength(10)
      expect(result.archive.length).toBeGreaterThan(0)
    }
  })

  it('refuse an evaluation that lost solutions', async () => {
    await expect(randomSearch(grid, start, async () => [], options, new Random(1))).rejects.toThrow(
      /each of 50 solutions; got 0/,
    )
  })
})
