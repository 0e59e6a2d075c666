import { assertInteger, GuerdonError, type Random } from '@guerdon/core'
import { archiveNovelty, noveltyDropNearest } from '../../shared/novelty.ts'
import { askEmitter, type CmaMeOptions, cmaMeEmitter, randomDirection, tellEmitter } from './cma-me.ts'
import {
  type ArchiveStatistics,
  addToGrid,
  archiveStatistics,
  emptyGridArchive,
  type GridArchive,
  type GridArchiveOptions,
  type GridSpec,
} from './grid-archive.ts'
import { type GenomeBounds, gaussianVariation, type IsoLineOptions, isoLineVariation } from './variation.ts'

/** What a rollout of a solution came to. */
export interface Evaluation {
  readonly objective: number
  readonly measures: readonly number[]
}

/** Runs solutions and says what came of each, in order. */
export type EvaluateSolutions = (solutions: readonly Float64Array[]) => Promise<readonly Evaluation[]>

/** What all searches over a grid take. */
export interface GridSearchOptions extends GridArchiveOptions {
  /** Evaluations in all, the first batch included. */
  readonly budget: number
  /** Solutions evaluated at a time. Default 100. */
  readonly batchSize?: number
  readonly signal?: AbortSignal
}

/** An archive and its growth, counted in evaluations. */
export interface GridSearchResult {
  readonly archive: GridArchive<Float64Array>
  readonly evaluations: number
  readonly history: readonly (ArchiveStatistics & { readonly evaluations: number })[]
}

/** Makes a solution from the initial distribution. */
export type InitialSolution = (random: Random) => Float64Array

/** Independent draws from the initial distribution: the floor every search has to beat. */
export async function randomSearch(
  grid: GridSpec,
  initial: InitialSolution,
  evaluate: EvaluateSolutions,
  options: GridSearchOptions,
  random: Random,
): Promise<GridSearchResult> {
  return runGridSearch(grid, evaluate, options, count => Array.from({ length: count }, () => initial(random)))
}

/** Variation of MAP-Elites: Gaussian with a deviation, or iso-line. */
export type Variation =
  | { readonly kind: 'gaussian'; readonly sigma: number; readonly bounds?: GenomeBounds }
  | ({ readonly kind: 'isoLine' } & IsoLineOptions)

/**
 * MAP-Elites: a random first batch, then children of elites drawn uniformly, one batch after another. Draws a child: parent,
 * for iso-line a second parent, then the normals.
 *
 * Mouret & Clune, arXiv 1504.04909.
 */
export async function mapElites(
  grid: GridSpec,
  initial: InitialSolution,
  evaluate: EvaluateSolutions,
  options: GridSearchOptions & { readonly variation?: Variation },
  random: Random,
): Promise<GridSearchResult> {
  const { variation = { kind: 'isoLine' } } = options
  const child = ({ elites }: GridArchive<Float64Array>) => {
    const parent = random.choice(elites).solution
    if (variation.kind === 'gaussian') return gaussianVariation(parent, variation.sigma, random, variation.bounds)
    const other = random.choice(elites).solution
    const isotropic = random.normals(parent.length)
    return isoLineVariation(parent, other, { isotropic, line: random.normal() }, variation)
  }
  return runGridSearch(grid, evaluate, options, (count, archive) =>
    Array.from({ length: count }, () => (archive.elites.length === 0 ? initial(random) : child(archive))),
  )
}

/**
 * CMA-ME: emitters take turns; each asks, its generation is evaluated, added, ranked and told. An emitter starts at
 * `initial`.
 *
 * Fontaine et al., arXiv 1912.02400.
 *
 * @param options.emitters number of emitters, default 5; options.batchSize is their λ, default 36
 */
export async function cmaMe(
  grid: GridSpec,
  initial: InitialSolution,
  evaluate: EvaluateSolutions,
  options: GridSearchOptions & { readonly emitters?: number; readonly emitter?: CmaMeOptions },
  random: Random,
): Promise<GridSearchResult> {
  const { emitters: count = 5, batchSize = 36, emitter: settings = {} } = options
  assertInteger(count, 'emitters', 1)
  const directed = settings.ranker === 'randomDirection'
  const emitters = Array.from({ length: count }, () =>
    cmaMeEmitter(initial(random), settings, directed ? randomDirection(grid, random) : null),
  )
  let turn = 0
  return runGridSearch(
    grid,
    evaluate,
    { ...options, batchSize },
    size => askEmitter(emitters[turn], random, { ...settings, populationSize: size }),
    (solutions, evaluations, { archive, status, value }) => {
      const generation = {
        solutions,
        objectives: evaluations.map(({ objective }) => objective),
        measures: evaluations.map(({ measures }) => measures),
        status,
        value,
      }
      emitters[turn] = tellEmitter(emitters[turn], generation, archive.elites, random, settings, grid)
      turn = (turn + 1) % count
    },
  )
}

async function runGridSearch(
  grid: GridSpec,
  evaluate: EvaluateSolutions,
  options: GridSearchOptions,
  propose: (count: number, archive: GridArchive<Float64Array>) => Float64Array[],
  learn: (
    solutions: readonly Float64Array[],
    evaluations: readonly Evaluation[],
    addition: ReturnType<typeof addToGrid<Float64Array>>,
  ) => void = () => {},
): Promise<GridSearchResult> {
  const { budget, batchSize = 100, signal } = options
  assertInteger(budget, 'budget', 1)
  assertInteger(batchSize, 'batchSize', 1)
  let archive = emptyGridArchive<Float64Array>(grid, options)
  let spent = 0
  const history: GridSearchResult['history'][number][] = []
  while (spent < budget) {
    signal?.throwIfAborted()
    const solutions = propose(Math.min(batchSize, budget - spent), archive)
    const evaluations = await evaluated(evaluate, solutions)
    spent += solutions.length
    const addition = addToGrid(archive, {
      objectives: evaluations.map(({ objective }) => objective),
      measures: evaluations.map(({ measures }) => measures),
      solutions,
    })
    archive = addition.archive
    history.push({ ...archiveStatistics(archive), evaluations: spent })
    learn(solutions, evaluations, addition)
  }
  return { archive, evaluations: spent, history }
}

/** An individual of novelty search. */
export interface NovelIndividual {
  readonly genome: Float64Array
  readonly objective: number
  readonly measures: readonly number[]
}

/** Choices of `noveltySearch`. */
export interface NoveltySearchOptions {
  /** Evaluations in all, the first population included. */
  readonly budget: number
  /** Default 100. */
  readonly populationSize?: number
  /** Offspring of each parent. Default 2. */
  readonly offspring?: number
  /** Deviation of the mutation. Default 0.05. */
  readonly sigma?: number
  readonly bounds?: GenomeBounds
  /** Neighbours k. Default 15. */
  readonly neighbours?: number
  /** Offspring that enter the archive in a generation: λ, or all at least this novel. Default 5. */
  readonly archived?: number | { readonly threshold: number }
  /** Which λ offspring enter the archive. Default `random`. */
  readonly selection?: 'random' | 'best'
  readonly signal?: AbortSignal
}

/** Population and archive at the end of novelty search. */
export interface NoveltySearchResult {
  readonly population: readonly NovelIndividual[]
  readonly archive: readonly NovelIndividual[]
  readonly evaluations: number
  /** Everything ever evaluated, for coverage. */
  readonly visited: readonly NovelIndividual[]
}

/**
 * Novelty search: offspring by mutation; novelty of population and offspring against both and the archive; some offspring
 * enter the archive; the most novel survive. Draws a generation: the normals of each child, then the archive's choice.
 *
 * With a threshold, offspring enter by their novelty against the archive alone, everything while it is empty.
 *
 * Lehman & Stanley 2008, 2011.
 */
export async function noveltySearch(
  initial: InitialSolution,
  evaluate: EvaluateSolutions,
  options: NoveltySearchOptions,
  random: Random,
): Promise<NoveltySearchResult> {
  const { budget, populationSize = 100, offspring = 2, sigma = 0.05, neighbours = 15 } = options
  const { archived = 5, selection = 'random', bounds, signal } = options
  assertInteger(budget, 'budget', 1)
  assertInteger(populationSize, 'populationSize', 1)
  assertInteger(offspring, 'offspring', 1)
  const born = async (genomes: readonly Float64Array[]): Promise<NovelIndividual[]> =>
    (await evaluated(evaluate, genomes)).map((evaluation, i) => ({ genome: genomes[i], ...evaluation }))
  let population = await born(Array.from({ length: Math.min(populationSize, budget) }, () => initial(random)))
  let archive: readonly NovelIndividual[] = []
  const visited = [...population]
  while (visited.length < budget) {
    signal?.throwIfAborted()
    const genomes = population
      .flatMap(({ genome }) =>
        Array.from({ length: offspring }, () => gaussianVariation(genome, sigma, random, bounds)),
      )
      .slice(0, budget - visited.length)
    const children = await born(genomes)
    visited.push(...children)
    const everyone = [...population, ...children]
    const descriptors = everyone.map(({ measures }) => measures)
    const references = [...descriptors, ...archive.map(({ measures }) => measures)]
    const novelty = noveltyDropNearest(descriptors, references, { neighbours })
    const ofChildren = novelty.subarray(population.length)
    const entering =
      typeof archived === 'number'
        ? chosen(ofChildren, archived, selection, random)
        : aboveThreshold(children, archive, archived.threshold, neighbours)
    archive = [...archive, ...entering.map(i => children[i])]
    population = mostNovel(novelty, populationSize).map(i => everyone[i])
  }
  return { population, archive, evaluations: visited.length, visited }
}

function chosen(scores: Float64Array, count: number, selection: 'random' | 'best', random: Random): number[] {
  if (selection === 'best') return mostNovel(scores, count)
  return Array.from(random.permutation(scores.length)).slice(0, count)
}

function aboveThreshold(
  children: readonly NovelIndividual[],
  archive: readonly NovelIndividual[],
  threshold: number,
  neighbours: number,
): number[] {
  const novelty = archiveNovelty(
    children.map(({ measures }) => measures),
    archive.map(({ measures }) => measures),
    { neighbours, aloneNovelty: threshold },
  )
  return Array.from(novelty.keys()).filter(i => novelty[i] >= threshold)
}

function mostNovel(scores: Float64Array, count: number): number[] {
  return Array.from(scores.keys())
    .sort((a, b) => scores[b] - scores[a])
    .slice(0, count)
}

async function evaluated(
  evaluate: EvaluateSolutions,
  solutions: readonly Float64Array[],
): Promise<readonly Evaluation[]> {
  const evaluations = await evaluate(solutions)
  if (evaluations.length === solutions.length) return evaluations
  throw new GuerdonError(
    'shape_mismatch',
    `expected an evaluation for each of ${solutions.length} solutions; got ${evaluations.length}`,
    { path: ['evaluate'] },
  )
}
