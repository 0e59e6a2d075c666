import { batchFromRollouts, bindStage, json, numbers, outcomeAt, Random, withColumns } from '@guerdon/core'
import { interpret, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { symmetricEigen } from '../shared/eigen.ts'
import {
  addNoise,
  addToGrid,
  archiveLocalCompetition,
  archiveNovelty,
  archiveStatistics,
  averageWeights,
  classifierFreeGuidance,
  cleanFrom,
  cmaMe,
  cmaMeEmitter,
  cmaParameters,
  cmaSample,
  cmaState,
  cmaStop,
  cmaUpdate,
  ddimLogProb,
  ddimStep,
  defaultCmaPopulation,
  denoisingBatch,
  diffusionPosterior,
  emptyGridArchive,
  gaussianDenoiser,
  gaussianVariation,
  gridIndex,
  isoLineVariation,
  mapElites,
  mapElitesStage,
  mixtureDenoiser,
  noiseFrom,
  noisePredictionLoss,
  noiseSchedule,
  noveltySearch,
  randomSearch,
  sampleDenoisingChain,
  tellEmitter,
  velocity,
  visitStatistics,
} from './baselines-qd-diffusion.ts'

const unit = { dims: [2, 2], lower: [0, 0], upper: [1, 1] }
// Plain JSON has no −0.
const finite = fc.double({ min: -5, max: 5, noNaN: true }).map(value => value + 0)

describe('the grid archive', () => {
  it('puts edges into the upper cell and what lies outside into the border', () => {
    const { cells, flat } = gridIndex(
      [
        [0.5, 0.49],
        [-9, 9],
        [1, 1],
      ],
      unit,
    )
    expect(cells.map(cell => Array.from(cell))).toEqual([
      [1, 0],
      [0, 1],
      [1, 1],
    ])
    expect(Array.from(flat)).toEqual([2, 1, 3])
  })

  it('judges a batch against the archive before it, and keeps the first of equals', () => {
    const first = addToGrid<string>(emptyGridArchive(unit), {
      objectives: [1, 1, -2],
      measures: [
        [0.1, 0.1],
        [0.2, 0.2],
        [0.9, 0.9],
      ],
      solutions: ['a', 'b', 'c'],
    })
    expect(Array.from(first.status)).toEqual([2, 2, 2])
    expect(first.archive.elites.map(({ solution }) => solution)).toEqual(['a', 'c'])
    const second = addToGrid(first.archive, {
      objectives: [1, 3, -2],
      measures: [
        [0.1, 0.1],
        [0.3, 0.1],
        [0.9, 0.9],
      ],
      solutions: ['d', 'e', 'f'],
    })
    // An equal objective never enters: 1 and −2 are rejected with value 0.
    expect(Array.from(second.status)).toEqual([0, 1, 0])
    expect(Array.from(second.value)).toEqual([0, 2, 0])
    expect(second.archive.elites.map(({ solution }) => solution)).toEqual(['e', 'c'])
  })

  it('lets the QD score fall with negative objectives only without an offset', () => {
    const grow = (qdScoreOffset: number) => {
      const one = addToGrid(emptyGridArchive(unit, { qdScoreOffset }), { objectives: [1], measures: [[0, 0]] }).archive
      const two = addToGrid(one, { objectives: [-2], measures: [[1, 1]] }).archive
      return archiveStatistics(two).qdScore - archiveStatistics(one).qdScore
    }
    expect(grow(0)).toBe(-2)
    expect(grow(-3)).toBe(1)
  })

  it('moves thresholds by the batch rule of CMA-MAE', () => {
    const options = { learningRate: 0.5, thresholdMin: 0 }
    const first = addToGrid(emptyGridArchive(unit, options), {
      objectives: [4, 2, -1],
      measures: [
        [0, 0],
        [0, 0],
        [1, 1],
      ],
    })
    // Two enter: 0.25·0 + 3·0.75 = 2.25. −1 is below the first threshold, so its cell stays empty.
    expect(first.archive.elites).toHaveLength(1)
    expect(first.archive.elites[0].threshold).toBeCloseTo(2.25, 12)
    expect(Array.from(first.status)).toEqual([2, 2, 0])
    // 3 exceeds the threshold and replaces 4: the best ever is remembered apart.
    const second = addToGrid(first.archive, { objectives: [3], measures: [[0, 0]] })
    expect(second.archive.elites[0].objective).toBe(3)
    expect(second.value[0]).toBeCloseTo(0.75, 12)
    expect(archiveStatistics(second.archive).bestObjective).toBe(4)
  })

  it('never loses a cell or lowers an objective, whatever comes', () => {
    const batch = fc.array(fc.tuple(finite, fc.tuple(finite, finite)), { maxLength: 8 })
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 4 }), batches => {
        let archive = emptyGridArchive({ dims: [3, 3], lower: [-5, -5], upper: [5, 5] })
        for (const entries of batches) {
          const before = archive
          archive = addToGrid(archive, {
            objectives: entries.map(([objective]) => objective),
            measures: entries.map(([, measures]) => measures),
          }).archive
          for (const elite of before.elites) {
            const now = archive.elites.find(({ cell }) => cell === elite.cell)
            expect(now?.objective).toBeGreaterThanOrEqual(elite.objective)
          }
        }
        expect(JSON.parse(JSON.stringify(archive))).toEqual(archive)
      }),
      { numRuns: 30 },
    )
  })

  it('refuses what it cannot judge', () => {
    expect(() => emptyGridArchive({ dims: [2], lower: [1], upper: [1] })).toThrow(
      /lower < upper on axis 0; got 1 and 1/,
    )
    expect(() => emptyGridArchive(unit, { learningRate: 0.1 })).toThrow(/expected a thresholdMin/)
    expect(() => addToGrid(emptyGridArchive(unit), { objectives: [Number.NaN], measures: [[0, 0]] })).toThrow(
      /objectives\[0\]/,
    )
    expect(() => gridIndex([[0, Number.POSITIVE_INFINITY]], unit)).toThrow(/measures\[0\]\[1\]/)
    expect(archiveStatistics(emptyGridArchive(unit))).toMatchObject({ eliteCount: 0, meanObjective: null })
  })
})

describe('novelty against an archive', () => {
  it('averages the nearest and counts the worse ones', () => {
    const archive = [[0], [1], [3], [10]]
    expect(archiveNovelty([[0]], archive, { neighbours: 3 })[0]).toBeCloseTo(4 / 3, 12)
    expect(archiveNovelty([[0]], [], { aloneNovelty: 7 })[0]).toBe(7)
    expect(archiveLocalCompetition([[0]], archive, [2], [1, 2, 1.5, 0], { neighbours: 3 })[0]).toBe(2)
    expect(archiveLocalCompetition([[0]], [], [2], [], { neighbours: 3 })[0]).toBe(0)
  })
})

describe('visits', () => {
  it('are even in the uniform case and least even in one cell', () => {
    const grid = { bins: 2, lower: [0], upper: [1] }
    expect(visitStatistics([[0.2], [0.8]], grid).uniformity).toBeCloseTo(1, 12)
    // p = (1, 0), u = (½, ½): JSD = ½[ln(4/3) + ½·ln(2/3) + ½·ln 2] = 0.2157616.
    expect(visitStatistics([[0.2]], grid).uniformity).toBeCloseTo(1 - Math.sqrt(0.2157615543), 9)
  })

  it('give an edge to the lower cell and treat the outside as told', () => {
    const grid = { bins: 2, lower: [0], upper: [1] }
    expect(visitStatistics([[0.5], [0], [2]], grid)).toMatchObject({ cells: [[0], [0], [1]], outside: 1 })
    expect(visitStatistics([[0.5], [2]], { ...grid, outside: 'ignore' }).cells).toEqual([[0], null])
    expect(() => visitStatistics([[2]], { ...grid, outside: 'throw' })).toThrow(/inside the grid; got \[2\]/)
    expect(() => visitStatistics([], grid)).toThrow(/at least one point/)
  })
})

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

describe('the forward process', () => {
  it('inverts, whichever way the prediction is said', () => {
    fc.assert(
      fc.property(finite, finite, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (clean, noise, alphaBar) => {
        const noisy = addNoise([clean], [noise], alphaBar)
        const v = velocity([clean], [noise], alphaBar)
        expect(cleanFrom(noisy, [noise], alphaBar, 'noise')[0]).toBeCloseTo(clean, 8)
        expect(cleanFrom(noisy, v, alphaBar, 'velocity')[0]).toBeCloseTo(clean, 8)
        expect(noiseFrom(noisy, v, alphaBar, 'velocity')[0]).toBeCloseTo(noise, 8)
        expect(noiseFrom(noisy, [clean], alphaBar, 'sample')[0]).toBeCloseTo(noise, 8)
      }),
    )
  })

  it('has the posterior that ancestral DDIM samples from when no step is skipped', () => {
    const schedule = noiseSchedule({ steps: 20, betaEnd: 0.1 })
    const posterior = diffusionPosterior(schedule)
    const step = ddimStep(
      schedule,
      { samples: [[1.3]], outputs: [[0.4]], timesteps: [7] },
      { steps: 20, prediction: 'sample' },
    )
    expect(step.sigma[0] ** 2).toBeCloseTo(posterior.variance[7], 12)
    expect(step.means[0][0]).toBeCloseTo(posterior.cleanCoefficient[7] * 0.4 + posterior.noisyCoefficient[7] * 1.3, 10)
  })

  it('guides between and beyond the two predictions', () => {
    expect(Array.from(classifierFreeGuidance([1], [3], 0))).toEqual([1])
    expect(Array.from(classifierFreeGuidance([1], [3], 1))).toEqual([3])
    expect(Array.from(classifierFreeGuidance([1], [3], 2))).toEqual([5])
  })

  it('trains on the mean square with gradient 2(ε_θ − ε)/n', () => {
    const { value, gradient } = interpret(valueAndGrad(noisePredictionLoss))([1, 2], [0, 4])
    expect(value.data[0]).toBeCloseTo(2.5, 12)
    expect(Array.from(gradient.data)).toEqual([1, -2])
  })
})

describe('chains', () => {
  const schedule = noiseSchedule({ steps: 100, betaStart: 0.001, betaEnd: 0.2, schedule: 'linear' })
  const ring = { weights: [0.5, 0.5], means: [[-2], [2]], variances: [0.01, 0.01] }
  const denoise = async (samples: readonly Float64Array[], t: number) =>
    samples.map(x => mixtureDenoiser(x, schedule.alphasCumulative[t], ring))
  const options = { steps: 25, prediction: 'sample', offset: 0 } as const

  it('end in the modes and can be scored again from what they store', async () => {
    const random = new Random(5)
    const initial = Array.from({ length: 16 }, () => random.normals(1))
    const chain = await sampleDenoisingChain(initial, denoise, schedule, options, random)
    expect(chain.states).toHaveLength(26)
    for (const x of chain.states[25]) expect(Math.abs(Math.abs(x[0]) - 2)).toBeLessThan(0.6)
    const step = 11
    const samples = chain.states[step]
    const outputs = await denoise(samples, chain.timesteps[step])
    const timesteps = samples.map(() => chain.timesteps[step])
    const { means, sigma } = ddimStep(schedule, { samples, outputs, timesteps }, options)
    const again = ddimLogProb(chain.states[step + 1], means, sigma)
    expect(Array.from(again)).toEqual(Array.from(chain.logProbs[step] ?? []))
  })

  it('repeat themselves without noise and then have no log-probability', async () => {
    const run = (seed: number) =>
      sampleDenoisingChain([Float64Array.of(0.4)], denoise, schedule, { ...options, eta: 0 }, new Random(seed))
    const [one, two] = [await run(1), await run(2)]
    expect(one.states[25]).toEqual(two.states[25])
    expect(one.logProbs.every(entry => entry === null)).toBe(true)
  })

  it('make training batches whose parts fit together', () => {
    const { timesteps, noise, noisy, dropped } = denoisingBatch(
      [
        [1, 2],
        [3, 4],
      ],
      schedule,
      new Random(1),
      {
        dropCondition: 1,
      },
    )
    expect(Array.from(dropped)).toEqual([1, 1])
    expect(noisy[1]).toEqual(addNoise([3, 4], noise[1], schedule.alphasCumulative[timesteps[1]]))
    expect(Array.from(averageWeights([0, 4], [4, 0], { decay: 0.75 }))).toEqual([1, 3])
  })

  it('have two exact denoisers that agree on one Gaussian', () => {
    const mixture = mixtureDenoiser([0.3, -1], 0.4, { weights: [1], means: [[1, 2]], variances: [0.5] })
    const gaussian = gaussianDenoiser([0.3, -1], 0.4, { mean: [1, 2], covariance: Float64Array.of(0.5, 0, 0, 0.5) })
    mixture.forEach((value, d) => {
      expect(value).toBeCloseTo(gaussian[d], 12)
    })
  })
})

describe('the stage', () => {
  const stage = bindStage(mapElitesStage, { dims: [2], lower: [0], upper: [1] })
  const record = (id: string, columns: Record<string, unknown>) => ({ id, group: 'g', prompt: 'p', columns })

  it('rewards improvement, remembers it, and leaves what failed alone', async () => {
    const batch = batchFromRollouts([
      record('a', { score: 0.5, descriptor: [0.1] }),
      record('b', { score: { status: 'failed', failure: { class: 'timeout', message: 'late' } }, descriptor: [0.9] }),
      record('c', { score: 0.7 }),
      record('d', { score: -0.5, descriptor: [0.8] }),
    ])
    const first = await stage.apply(batch, stage.initial())
    const reward = numbers(withColumns(batch, first.columns), 'rollout.reward')
    expect(outcomeAt(reward, 0)).toEqual({ status: 'scored', value: 0.5 })
    expect(outcomeAt(reward, 1).status).toBe('failed')
    expect(outcomeAt(reward, 2)).toEqual({ status: 'abstained', reason: 'no descriptor' })
    expect(outcomeAt(reward, 3)).toEqual({ status: 'scored', value: 0 })
    expect(JSON.parse(JSON.stringify(first.state))).toEqual(first.state)
    const again = await stage.apply(batch, first.state)
    const status = numbers(withColumns(batch, again.columns), 'rollout.qdStatus')
    expect(status.values[0]).toBe(0)
    expect(json(batch, 'rollout.descriptor')[0]).toEqual([0.1])
  })

  it('names a rollout whose descriptor does not fit the grid', () => {
    const batch = batchFromRollouts([record('a', { score: 1, descriptor: [0.1, 0.2] })])
    expect(() => stage.apply(batch, stage.initial())).toThrow(/rollout "a" has 2/)
  })
})
