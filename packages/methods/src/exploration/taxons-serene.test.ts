import { batchFromRollouts, bindStage, numbers, outcomeAt, Random, withColumns } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  archiveNovelty,
  areaReward,
  type BehaviourSpace,
  bootstrapSpending,
  candidateOrder,
  chunkReward,
  crowdingDistance,
  descriptorDistances,
  elitistSurvivors,
  emitterFront,
  emitterImprovement,
  emitterStagnation,
  initialStepSize,
  initialTrainingSchedule,
  localCompetition,
  logSignature,
  nondominatedSurvivors,
  noveltyDropNearest,
  noveltySelfExcluded,
  noveltyStage,
  paretoFronts,
  rewardArchiveEntries,
  type SparseProblem,
  type SparseSearchOptions,
  signature,
  sparseSearch,
  taxonsCriterion,
  taxonsReplacement,
  taxonsSearch,
  trainingScheduleAfter,
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

describe('TAXONS', () => {
  it('throws its coin only after the warm-up, novelty at the half', () => {
    expect(taxonsCriterion(29, 0.9)).toBe('novelty')
    expect(taxonsCriterion(30, 0.9)).toBe('surprise')
    expect(taxonsCriterion(30, 0.5)).toBe('novelty')
    expect(taxonsCriterion(0, 0.9, { warmup: 0 })).toBe('surprise')
  })

  it('copies the best over the worst, and stores each once', () => {
    const result = taxonsReplacement([1, 5, 3, 4], [false, true, false, false], { selected: 2 })
    expect(Array.from(result.best)).toEqual([1, 3])
    expect(Array.from(result.worst)).toEqual([2, 0])
    expect(Array.from(result.archived)).toEqual([3])
    expect(Array.from(result.sources)).toEqual([3, 1, 1, 3])
  })

  it('takes survivors from parents and offspring together', () => {
    expect(Array.from(elitistSurvivors([1, 5], [4, 9]))).toEqual([3, 1])
    expect(() => elitistSurvivors([Number.NaN], [1])).toThrow(/scores/)
  })
})

describe('emitters', () => {
  it('start with a third of the nearest distance, over √D unless official', () => {
    const genomes = [
      [0, 0, 0, 0],
      [3, 0, 0, 0],
      [9, 9, 9, 9],
    ]
    expect(initialStepSize(genomes, 0, { scaling: 'official' })).toBe(1)
    expect(initialStepSize(genomes, 0)).toBe(0.5)
    expect(initialStepSize([[1], [1]], 0)).toBe(0.05)
    expect(initialStepSize([[1]], 0)).toBe(0.05)
    expect(() => initialStepSize(genomes, 3)).toThrow(/founder in \[0, 3\); got 3/)
  })

  it('are tried in order of novelty, as they came without an archive', () => {
    expect(candidateOrder([[0], [9]], [[0], [1], [9]])).toEqual([1, 0])
    expect(candidateOrder([[0], [9]], [])).toEqual([0, 1])
  })

  it('are started while a third of the chunk is left, and finished', () => {
    // 66 each: 300 → 234 → 168 → 102 → 36; the last starts at 102 > 100.
    expect(bootstrapSpending({ candidates: 9, chunk: 300, evaluations: 9999 })).toEqual({
      candidatesEvaluated: 4,
      chunkLeft: 36,
      evaluationsLeft: 9735,
    })
  })

  it('improve against their first generations, or since the last visit', () => {
    const rewards = [[0], [0], [0], [1], [1], [1], [0], [0], [0]]
    const first = emitterImprovement(rewards.slice(0, 6), null)
    expect(first.improvement).toBe(1)
    expect(emitterImprovement(rewards, first.reference).improvement).toBe(0)
    const local = emitterImprovement(rewards.slice(0, 6), null, { local: true })
    expect(emitterImprovement([...rewards.slice(0, 6), [1], [1], [1]], local.reference).improvement).toBe(0)
  })

  it('stop on a plateau as soon as the window is full, not while they rise', () => {
    const flat = Array.from({ length: 141 }, () => [1, 1])
    const rising = Array.from({ length: 141 }, (_, g) => [g, g + 1])
    expect(emitterStagnation(flat, { genomeSize: 6 })).toEqual({ window: 140, stop: true })
    expect(emitterStagnation(flat.slice(1), { genomeSize: 6 }).stop).toBe(false)
    expect(emitterStagnation(rising, { genomeSize: 6 }).stop).toBe(false)
    const longer = Array.from({ length: 151 }, () => [2])
    expect(emitterStagnation(longer, { genomeSize: 6, mode: 'original' })).toEqual({ window: 150, stop: true })
  })

  it('store their first reward, later only records', () => {
    expect(rewardArchiveEntries([], [0, 0])).toEqual([])
    expect(rewardArchiveEntries([], [0.1, 0.4])).toEqual([1])
    expect(rewardArchiveEntries([0.4], [0.4, 0.6, 0.5])).toEqual([1, 2])
  })

  it('are eligible on the first front of novelty and improvement', () => {
    const archive = [[0], [0.1], [9]]
    expect(emitterFront([[0], [9]], archive, [2, 1]).eligible).toEqual([0, 1])
    expect(emitterFront([[0], [9]], archive, [1, 1]).eligible).toEqual([1])
    expect(emitterFront([[0], [9]], [], [2, 1]).eligible).toEqual([0])
  })
})

describe('Curling', () => {
  it('rewards the first matching area and labels nothing else', () => {
    expect(areaReward([0.8, 0.8])).toEqual({ reward: 1, area: 0 })
    expect(areaReward([0.8, -0.7]).reward).toBeCloseTo(0.5, 12)
    expect(areaReward([0, 0])).toEqual({ reward: 0, area: null })
  })
})

describe('schedules', () => {
  it('train after exploration chunks 1, 3, 6, 10', () => {
    let schedule = initialTrainingSchedule
    const trained: number[] = []
    for (let chunk = 1; chunk <= 10; chunk++) {
      const result = trainingScheduleAfter(schedule, 'explore')
      schedule = trainingScheduleAfter(result.schedule, 'exploit').schedule
      if (result.train) trained.push(chunk)
    }
    expect(trained).toEqual([1, 3, 6, 10])
  })

  it('pay exploration less for every emitter it adds', () => {
    expect(chunkReward('explore', 0, 2)).toBeCloseTo(-Math.tanh(2), 12)
    expect(chunkReward('exploit', 2, 0)).toBeCloseTo(-Math.tanh(2), 12)
    expect(chunkReward('exploit', 0, 0)).toBe(-1)
  })
})

describe('the search', () => {
  // The genome's first two genes are the position; two small areas far from the start are rewarded.
  const goals = [
    { centre: [2, 0], radius: 0.5 },
    { centre: [-1, 2], radius: 0.5 },
  ]
  const problem: SparseProblem<Float64Array> = {
    initial: random => random.normals(4).map(value => 0.2 * value),
    evaluate: async genomes => genomes.map(genome => ({ ...areaReward(genome.subarray(0, 2), goals), view: genome })),
  }
  const given: BehaviourSpace<Float64Array> = {
    describe: async views => views.map(view => ({ descriptor: view.subarray(0, 2), surprise: 0 })),
  }
  const options: SparseSearchOptions = { budget: 2000, chunk: 300, populationSize: 20, sigma: 0.2, maxEmitterSteps: 20 }
  const search = (extra: SparseSearchOptions, seed = 1) =>
    sparseSearch(problem, given, { ...options, ...extra }, new Random(seed))

  it('exploits with emitters what novelty alone only finds', async () => {
    const serene = await search({})
    const alone = await search({ emitters: 'none' })
    const best = (result: typeof serene) => Math.max(0, ...Object.values(result.turns.at(-1)?.bestByArea ?? {}))
    expect(best(serene)).toBeGreaterThan(0.9)
    expect(best(serene)).toBeGreaterThan(best(alone))
    expect(serene.rewardArchive.length).toBeGreaterThan(0)
    expect(alone.rewardArchive).toHaveLength(0)
    expect(serene.firstRewardAt).toBeLessThan(2000)
    expect(alone.turns.every(({ choice }) => choice === 'explore')).toBe(true)
  })

  it('repeats itself from a seed, whichever emitter, scheduler or criterion', async () => {
    for (const extra of [
      { emitters: 'cmaEs', emitterChoice: 'softmax' },
      { emitters: 'novelty', scheduler: 'ucb' },
      { scheduler: 'coin', criterion: 'noveltyAndLocalCompetition' },
      { scheduler: 'time', stagnation: 'original', localImprovement: true },
      { compat: 'released', selection: 'best' },
    ] as const) {
      const [one, two] = [
        await search({ ...extra, budget: 450, chunk: 120 }),
        await search({ ...extra, budget: 450, chunk: 120 }),
      ]
      expect(one.turns).toEqual(two.turns)
      expect(one.evaluations).toBeGreaterThanOrEqual(450)
      expect(one.population).toHaveLength(20)
    }
  })

  it('describes everything anew after each training and never mixes versions', async () => {
    let version = 0
    const learned: BehaviourSpace<Float64Array> = {
      describe: async views =>
        views.map(view => ({ descriptor: [view[0], view[1], version], surprise: Math.abs(view[3]) })),
      train: async (_, { reset }) => {
        expect(reset).toBe(true)
        version++
      },
    }
    const settings = { ...options, criterion: 'coin', resetEncoder: true } as const
    const result = await sparseSearch(problem, learned, settings, new Random(4))
    expect(version).toBe(result.turns.filter(({ trained }) => trained).length)
    expect(version).toBeGreaterThan(1)
    for (const { descriptor } of [...result.archive, ...result.rewardArchive, ...result.population]) {
      expect(descriptor[2]).toBe(version)
    }
  })

  it('names a reward that is no number and a rollout that went missing', async () => {
    const broken = { ...problem, evaluate: async () => [] }
    await expect(sparseSearch(broken, given, options, new Random(1))).rejects.toThrow(/each of 20 genomes; got 0/)
    const infinite: typeof problem = {
      ...problem,
      evaluate: async genomes => genomes.map(view => ({ reward: Number.NaN, view })),
    }
    await expect(sparseSearch(infinite, given, options, new Random(1))).rejects.toThrow(/finite reward; got NaN/)
  })

  it('runs TAXONS as first published, with training every few generations', async () => {
    let trainings = 0
    const space: BehaviourSpace<Float64Array> = { ...given, train: async () => void trainings++ }
    const settings = { generations: 9, populationSize: 12, trainEvery: 4, warmup: 2 }
    const result = await taxonsSearch(problem, space, settings, new Random(2))
    expect(result.evaluations).toBe(108)
    expect(trainings).toBe(2)
    expect(new Set(result.archive.map(({ name }) => name)).size).toBe(result.archive.length)
  })
})

describe('the stage', () => {
  const stage = bindStage(noveltyStage, { neighbours: 1, archived: 1, selection: 'best' })
  const record = (id: string, columns: Record<string, unknown>) => ({ id, group: 'g', prompt: 'p', columns })

  it('rewards novelty, remembers it, and leaves what failed alone', async () => {
    const batch = batchFromRollouts([
      record('a', { score: 0, descriptor: [0] }),
      record('b', { score: 0.5, descriptor: [1] }),
      record('c', { score: { status: 'failed', failure: { class: 'timeout', message: 'late' } }, descriptor: [1] }),
      record('d', { score: 0 }),
      record('e', { score: 0, descriptor: [4] }),
    ])
    const first = await stage.apply(batch, stage.initial())
    const reward = numbers(withColumns(batch, first.columns), 'rollout.reward')
    expect([0, 1, 4].map(i => reward.values[i])).toEqual([1, 1, 3])
    expect(outcomeAt(reward, 2).status).toBe('failed')
    expect(outcomeAt(reward, 3)).toEqual({ status: 'abstained', reason: 'no descriptor' })
    expect(first.state).toMatchObject({ archive: [[4]], rewardArchive: [[1]] })
    expect(numbers(withColumns(batch, first.columns), 'rollout.localCompetition').values[1]).toBe(1)
    const again = await stage.apply(batch, JSON.parse(JSON.stringify(first.state)))
    expect(numbers(withColumns(batch, again.columns), 'rollout.reward').values[4]).toBe(0)
  })

  it('needs no score', async () => {
    const batch = batchFromRollouts([record('a', { descriptor: [0] }), record('b', { descriptor: [2] })])
    const { columns, state } = await stage.apply(batch, stage.initial())
    expect(Array.from(numbers(withColumns(batch, columns), 'rollout.reward').values)).toEqual([2, 2])
    expect(state.rewardArchive).toEqual([])
  })
})
