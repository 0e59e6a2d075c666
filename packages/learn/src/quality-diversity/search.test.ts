import { Random } from '@guerdon/core'
import { hardMazeGoal, hardMazeWorld } from '@guerdon/worlds/control/hard-maze'
import { describe, expect, it } from 'vitest'
import { type CurvePoint, type Learner, trainLearner } from '../run/learner.ts'
import { autoencoderSpace } from './autoencoder-space.ts'
import { cvtArchive } from './cell-archive.ts'
import { createCmaEs } from './cma-es.ts'
import { variationEmitter } from './emitters.ts'
import { createNoveltySearch } from './novelty-search.ts'
import type { QdProblem } from './problem.ts'
import { createCmaMe, createMapElites, createQualityDiversity } from './quality-diversity.ts'
import {
  armPose,
  armProblem,
  functionProblem,
  linearProjection,
  rastrigin,
  rosenbrock,
  sphere,
} from './test-problems.ts'
import { unstructuredArchive } from './unstructured-archive.ts'
import { worldProblem } from './world-problem.ts'

const seeds = [1, 2, 3, 4, 5]
const unit = { dims: [30, 30], lower: [-1, -1], upper: [1, 1] }
const last = async (learner: Learner, updates: number): Promise<CurvePoint> =>
  (await trainLearner(learner, { updates })).at(-1)!

/** What the hand of an arm is seen as: a blob in a picture of 12 × 12. */
function blob([x, y]: readonly number[]): Float64Array {
  return Float64Array.from({ length: 144 }, (_, i) => {
    const [column, row] = [((i % 12) / 11) * 2 - 1, (Math.floor(i / 12) / 11) * 2 - 1]
    return Math.exp(-((column - x) ** 2 + (row - y) ** 2) / 0.08)
  })
}

const arm = armProblem()
/** The arm seen from outside only: no descriptor, a picture. */
const seenArm: QdProblem = {
  ...arm,
  descriptorSize: 0,
  evaluate: genomes =>
    genomes.map(genome => {
      const { fitness, descriptor } = armPose(genome)
      return { fitness, observation: blob(descriptor) }
    }),
}

describe('CMA-ES', () => {
  // Means of five seeds when recorded: 1498 and 6202 evaluations with λ = 10 in 10 dimensions
  it.each([
    ['sphere', sphere, 1900],
    ['rosenbrock', rosenbrock, 7800],
  ] as const)('reaches 1e-8 on %s in every seed', async (name, cost, most) => {
    for (const seed of seeds) {
      const learner = createCmaEs(functionProblem(name, cost, { size: 10 }), { seed })
      const points = await trainLearner(learner, { updates: most / 10, until: point => point['bestFitness']! > -1e-8 })
      expect(points.at(-1)!['bestFitness'], `seed ${seed}`).toBeGreaterThan(-1e-8)
      expect(learner.best()!.fitness).toBe(points.at(-1)!['bestFitness'])
      expect(points.length, `seed ${seed}`).toBeGreaterThan(most / 40)
    }
  })

  it('is caught on Rastrigin with a small population less often with a large one', async () => {
    const problem = functionProblem('rastrigin', rastrigin, { size: 5, spread: 2 })
    const solved = async (populationSize: number): Promise<number> => {
      const ends = seeds.map(seed =>
        last(createCmaEs(problem, { seed, sigma0: 2, populationSize }), 8000 / populationSize),
      )
      return (await Promise.all(ends)).filter(point => point['bestFitness']! > -1e-6).length
    }
    expect(await solved(100)).toBeGreaterThan(await solved(8))
  })

  it('says when its distribution is used up', async () => {
    const learner = createCmaEs(
      functionProblem('flat', () => 0, { size: 2 }),
      { seed: 1 },
    )
    await learner.update()
    expect(learner.stopped()).toBe('flat')
  })
})

describe('the arm’s repertoire', () => {
  it('is filled by MAP-Elites at least 0.2 further than by as many random arms, in each of five seeds', async () => {
    for (const seed of seeds) {
      const elites = await last(createMapElites(arm, { seed, grid: unit }), 50)
      const random = await last(createMapElites(arm, { seed, grid: unit, batchSize: 5000 }), 1)
      expect(random['evaluations']).toBe(elites['evaluations'])
      expect(elites['coverage']! - random['coverage']!, `seed ${seed}`).toBeGreaterThan(0.2)
      expect(elites['meanFitness'], `seed ${seed}`).toBeGreaterThan(random['meanFitness']!)
    }
  })

  it('is filled in other archives too', async () => {
    for (const archive of [
      cvtArchive({ cells: 200, lower: [-1, -1], upper: [1, 1], samples: 1000, rounds: 5 }),
      unstructuredArchive({ threshold: 0.15 }),
    ]) {
      const emitter = variationEmitter(arm, { kind: 'gaussian', sigma: 0.3, batchSize: 50 })
      const learner = createQualityDiversity(arm, { seed: 1, archive, emitter })
      const points = await trainLearner(learner, { updates: 12 })
      expect(points.at(-1)!['elites']).toBeGreaterThan(1.5 * points[0]['elites']!)
    }
  })
})

it('CMA-ME is 3 points of QD score above MAP-Elites on the linear projection, in both seeds', async () => {
  const problem = linearProjection('sphere')
  const { rim } = problem
  const grid = { dims: [50, 50], lower: [-rim, -rim], upper: [rim, rim] }
  for (const seed of [1, 2]) {
    const cmaMe = await last(createCmaMe(problem, { seed, grid }), 300)
    const elites = await last(createMapElites(problem, { seed, grid, batchSize: 180 }), 60)
    expect(cmaMe['evaluations']).toBe(elites['evaluations'])
    expect((cmaMe['qdScore']! - elites['qdScore']!) / 2500, `seed ${seed}`).toBeGreaterThan(3)
  }
})

describe('novelty search', () => {
  const maze = worldProblem(hardMazeWorld(), {
    seed: 1,
    hidden: [8],
    horizon: 200,
    scale: [100, 100],
    spread: 3,
    bound: 20,
    descriptorSize: 2,
    judge: ({ state }) => {
      const [x, y] = [state[0], state[1]]
      return { fitness: -Math.hypot(x - hardMazeGoal[0], y - hardMazeGoal[1]), descriptor: [x / 200, y / 200] }
    },
  })
  const rooms = { dims: [20, 20], lower: [0, 0], upper: [1, 1] }

  it('goes to half as many places of the hard maze again as as many random controllers', async () => {
    const options = { seed: 1, grid: rooms, sigma: 0.5 }
    const search = await last(createNoveltySearch(maze, { ...options, populationSize: 20 }), 30)
    const random = await last(createNoveltySearch(maze, { ...options, populationSize: 1180 }), 1)
    expect(random['evaluations']).toBe(search['evaluations'])
    expect(search['coverage']! / random['coverage']!).toBeGreaterThan(1.5)
  })

  it('needs no descriptors with a space that is learnt on the way', async () => {
    // the truth, for coverage alone
    const position = ({ genome }: { readonly genome: Float64Array }) => armPose(genome).descriptor
    const space = autoencoderSpace({ seed: 1, observationSize: 144, hidden: [32], features: 4 })
    const options = { seed: 1, grid: unit, position, sigma: 0.3 }
    const learner = createNoveltySearch(seenArm, { ...options, populationSize: 40, space, trainEvery: 5 })
    const points = await trainLearner(learner, { updates: 26 })
    expect(points.filter(point => point['spaceLoss'] !== null)).toHaveLength(5)
    const random = await last(createNoveltySearch(arm, { ...options, populationSize: 40 + 80 * 25 }), 1)
    const given = await last(createNoveltySearch(arm, { ...options, populationSize: 40 }), 26)
    const { coverage, evaluations } = points.at(-1)!
    expect(evaluations).toBe(random['evaluations'])
    expect(coverage! / random['coverage']!).toBeGreaterThan(1.5)
    expect(coverage! / given['coverage']!).toBeGreaterThan(0.8)
  })
})

describe('a learnt space', () => {
  it('reconstructs what it was trained on ever better, and is surprised by what it was not', async () => {
    const random = new Random(1)
    const at = (low: number, high: number) =>
      Array.from({ length: 100 }, () => blob([random.uniform(low, high), random.uniform(-1, 1)]))
    const left = at(-1, 0)
    const space = autoencoderSpace({ seed: 1, observationSize: 144, features: 4, learningRate: 3e-3, batchSize: 25 })
    const first = await space.train(left)
    for (let k = 0; k < 4; k++) await space.train(left)
    expect(await space.train(left)).toBeLessThan(0.5 * first)
    const surprise = async (views: Float64Array[]) =>
      (await space.describe(views)).reduce((total, behaviour) => total + behaviour.surprise, 0)
    expect(await surprise(at(0.5, 1))).toBeGreaterThan(2 * (await surprise(at(-1, -0.5))))
  })
})

describe.each([
  ['MAP-Elites', (seed: number) => createMapElites(arm, { seed, grid: unit, batchSize: 20 })],
  ['CMA-ME', (seed: number) => createCmaMe(arm, { seed, grid: unit, batchSize: 8, emitters: 2 })],
  [
    'CMA-ME along directions',
    (seed: number) => createCmaMe(arm, { seed, grid: unit, batchSize: 8, ranker: 'randomDirection' as const }),
  ],
  ['CMA-ES', (seed: number) => createCmaEs(arm, { seed, populationSize: 6 })],
  ['novelty search', (seed: number) => createNoveltySearch(arm, { seed, populationSize: 10, grid: unit })],
  [
    'novelty search in a learnt space',
    (seed: number) => {
      const space = autoencoderSpace({ seed, observationSize: 144, hidden: [8], features: 2, batchSize: 16 })
      return createNoveltySearch(seenArm, { seed, populationSize: 10, space, trainEvery: 3 })
    },
  ],
] as const)('%s', (_, make) => {
  it('is a function of its seed and goes on from a saved state bit for bit', async () => {
    const first = make(7)
    await trainLearner(first, { updates: 4 })
    const bytes = first.save()
    const rest = await trainLearner(first, { updates: 9 })
    const second = make(7)
    second.restore(bytes)
    expect(second.save()).toEqual(bytes)
    expect(await trainLearner(second, { updates: 9 })).toEqual(rest)
    expect(second.save()).toEqual(first.save())
    expect(await last(make(8), 4)).not.toEqual(await last(make(7), 4))
  })

  it('refuses the state of another run', () => {
    expect(() => make(7).restore(make(8).save())).toThrow(/with seed 7; got 8/)
  })
})
