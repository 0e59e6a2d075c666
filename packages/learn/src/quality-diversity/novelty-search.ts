import { assertInRange, assertInteger, GuerdonError, Random, type RandomState } from '@guerdon/core'
import { type GridSpec, gaussianVariation, gridIndex } from '@guerdon/methods/exploration/baselines-qd-diffusion'
import { noveltyDropNearest } from '@guerdon/methods/shared/novelty'
import type { NdArray, Tree } from '@guerdon/tensor'
import type { CurvePoint, Learner } from '../run/learner.ts'
import { arraysBelow, readLearnerState, writeLearnerState } from '../run/learner-state.ts'
import type { DescriptorSpace, LearntBehaviour } from './autoencoder-space.ts'
import { evaluateGenomes, type Individual, packIndividuals, type QdProblem, unpackIndividuals } from './problem.ts'

/** Choices of novelty search. */
export interface NoveltySearchOptions {
  /** A safe integer. */
  readonly seed: number
  /** Default 100. */
  readonly populationSize?: number
  /** Offspring of each parent. Default 2. */
  readonly offspring?: number
  /** Deviation of the mutation of a gene. Default 0.05. */
  readonly sigma?: number
  /** Neighbours k. Default 15. */
  readonly neighbours?: number
  /** Offspring that enter the archive in a generation, drawn uniformly. Default 5. */
  readonly archived?: number
  /**
   * A learnt behaviour space in place of the problem's descriptors: novelty is then the distance between codes, and a
   * generation is ranked by novelty or, as a coin falls, by surprise.
   */
  readonly space?: DescriptorSpace
  /** Generations between trainings of the space. Default 10. */
  readonly trainEvery?: number
  /** What counts as visited for `coverage`. Never seen by the search. Default not counted. */
  readonly grid?: GridSpec
  /** Where an individual lies on that grid. Default its descriptor. */
  readonly position?: (individual: Individual) => ArrayLike<number>
}

/** A search for behaviours that were not there before. */
export interface NoveltySearchLearner extends Learner {
  readonly archive: readonly Individual[]
  readonly population: readonly Individual[]
  /** The fittest ever evaluated; null before the first generation. */
  best(): Individual | null
}

interface Rest {
  readonly random: RandomState
  readonly space: RandomState | null
  readonly updates: number
  readonly evaluations: number
}

/**
 * Novelty search (Lehman & Stanley 2011): an update is one generation. The first draws a population; each next mutates it,
 * ranks parents and offspring by ν = mean distance to the k nearest of all of them and the archive, puts some offspring into
 * the archive and keeps the best ranked. Fitness is reported and never used.
 *
 * With a learnt `space` it is TAXONS in its later, elitist form (Paolo, arXiv 2203.01027, §4): descriptors are codes of
 * observations, trained on those of population, offspring and archive every `trainEvery` generations and described anew.
 *
 * Draws a generation: the normals of each child, with a space the coin, then the permutation of the archive's choice.
 *
 * Points: `evaluations`, `archive`, `meanScore` of the survivors, `bestFitness`, `coverage` of all ever evaluated (null
 * without `grid`), `spaceLoss` (null in generations without training).
 */
export function createNoveltySearch(problem: QdProblem, options: NoveltySearchOptions): NoveltySearchLearner {
  const { seed, populationSize = 100, offspring = 2, sigma = 0.05, neighbours = 15, archived = 5 } = options
  const { space, trainEvery = 10, grid, position = ({ descriptor }) => descriptor } = options
  const sizes = { populationSize, offspring, neighbours, trainEvery }
  for (const [name, value] of Object.entries(sizes)) assertInteger(value, name, 1)
  assertInteger(archived, 'archived')
  assertInRange(sigma, 'sigma', 0, Number.MAX_VALUE)
  if (space === undefined && problem.descriptorSize === 0) {
    throw new GuerdonError('invalid_option', `expected descriptors of ${problem.name} or a learnt space; got neither`, {
      path: ['space'],
      hint: 'give a space, such as autoencoderSpace, or return a descriptor from evaluate',
    })
  }
  const owner = {
    name: 'novelty-search',
    settings: {
      problem: problem.name,
      genomeSize: problem.genomeSize,
      seed,
      ...sizes,
      sigma,
      archived,
      ...(space?.settings ?? { space: 'given' }),
    },
  }
  let random = new Random(seed)
  let population: Individual[] = []
  let archive: Individual[] = []
  let best: Individual | null = null
  let counts = { updates: 0, evaluations: 0 }
  const visited = new Uint8Array(grid === undefined ? 0 : grid.dims.reduce((product, size) => product * size, 1))

  async function born(genomes: readonly Float64Array[]): Promise<Individual[]> {
    const individuals = await evaluateGenomes(problem, genomes, counts.evaluations)
    counts = { ...counts, evaluations: counts.evaluations + genomes.length }
    for (const individual of individuals) if (best === null || individual.fitness > best.fitness) best = individual
    if (grid !== undefined) for (const cell of gridIndex(individuals.map(position), grid).flat) visited[cell] = 1
    return individuals
  }

  async function scoresOf(everyone: readonly Individual[]): Promise<Float64Array> {
    if (space === undefined) return noveltyOf(everyone.map(plain), archive.map(plain), neighbours)
    const views = (individuals: readonly Individual[]) => individuals.map(({ observation }) => observation)
    const behaviours = await space.describe(views(everyone))
    // the coin falls in every generation, so that the stream of draws does not depend on its side
    const bySurprise = random.bernoulli(0.5)
    if (bySurprise) return Float64Array.from(behaviours, ({ surprise }) => surprise)
    return noveltyOf(behaviours.map(code), (await space.describe(views(archive))).map(code), neighbours)
  }

  function point(meanScore: number | null, spaceLoss: number | null): CurvePoint {
    return {
      evaluations: counts.evaluations,
      archive: archive.length,
      meanScore,
      bestFitness: best?.fitness ?? null,
      coverage: grid === undefined ? null : visited.reduce((total, flag) => total + flag, 0) / visited.length,
      spaceLoss,
    }
  }

  return {
    ...owner,
    get archive() {
      return archive
    },
    get population() {
      return population
    },
    best: () => best,
    updates: () => counts.updates,
    async update() {
      if (counts.updates === 0) {
        population = await born(Array.from({ length: populationSize }, () => problem.initial(random)))
        counts = { ...counts, updates: 1 }
        return point(null, null)
      }
      const genomes = population.flatMap(({ genome }) =>
        Array.from({ length: offspring }, () => gaussianVariation(genome, sigma, random, problem.bounds)),
      )
      const children = await born(genomes)
      const everyone = [...population, ...children]
      const scores = await scoresOf(everyone)
      const entering = random.permutation(children.length).subarray(0, archived)
      archive = [...archive, ...Array.from(entering, i => children[i])]
      const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a])
      const survivors = order.slice(0, populationSize)
      population = survivors.map(i => everyone[i])
      counts = { ...counts, updates: counts.updates + 1 }
      const trains = space !== undefined && (counts.updates - 1) % trainEvery === 0
      const spaceLoss = trains
        ? await space.train([...everyone, ...archive].map(({ observation }) => observation))
        : null
      return point(survivors.reduce((total, i) => total + scores[i], 0) / populationSize, spaceLoss)
    },
    save() {
      const learnt = space?.save()
      const arrays = {
        population: packIndividuals(population),
        archive: packIndividuals(archive),
        best: packIndividuals(best === null ? [] : [best]),
        visited: { dtype: 'bool', shape: [visited.length], data: visited },
        ...(learnt && { space: learnt.arrays }),
      } as unknown as Tree<NdArray>
      const rest: Rest = { random: random.state(), space: learnt?.random ?? null, ...counts }
      return writeLearnerState(owner, arrays, rest)
    },
    restore(bytes) {
      const { tensors, rest } = readLearnerState<Rest>(bytes, owner)
      if (tensors['visited'].data.length !== visited.length) {
        throw new GuerdonError(
          'shape_mismatch',
          `expected ${visited.length} cells visited; got ${tensors['visited'].data.length}`,
          {
            path: ['grid'],
            hint: 'go on with the grid it was begun with',
          },
        )
      }
      if (space && rest.space) space.restore(arraysBelow(tensors, 'space'), rest.space)
      population = unpackIndividuals(arraysBelow(tensors, 'population'))
      archive = unpackIndividuals(arraysBelow(tensors, 'archive'))
      best = unpackIndividuals(arraysBelow(tensors, 'best'))[0] ?? null
      visited.set(tensors['visited'].data as Uint8Array)
      random = new Random(rest.random)
      counts = { updates: rest.updates, evaluations: rest.evaluations }
    },
  }
}

function plain({ descriptor }: Individual): Float64Array {
  return descriptor
}

function code({ descriptor }: LearntBehaviour): Float64Array {
  return descriptor
}

/** Novelty of everyone against themselves and the archive. */
function noveltyOf(
  everyone: readonly Float64Array[],
  archive: readonly Float64Array[],
  neighbours: number,
): Float64Array {
  return noveltyDropNearest(everyone, [...everyone, ...archive], { neighbours })
}
