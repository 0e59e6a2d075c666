import { batchFromRollouts, bindStage, numbers, outcomeAt, Random, withColumns } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import {
  areaReward,
  type BehaviourSpace,
  bootstrapSpending,
  candidateOrder,
  chunkReward,
  elitistSurvivors,
  emitterFront,
  emitterImprovement,
  emitterStagnation,
  initialStepSize,
  initialTrainingSchedule,
  noveltyStage,
  rewardArchiveEntries,
  type SparseProblem,
  type SparseSearchOptions,
  sparseSearch,
  taxonsCriterion,
  taxonsReplacement,
  taxonsSearch,
  trainingScheduleAfter,
} from './taxons-serene.ts'

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
