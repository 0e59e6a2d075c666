import { assertOneOf, assertSameLength, GuerdonError, type Random } from '@guerdon/core'
import { type CmaState, cmaSample, cmaState, cmaStop, cmaUpdate, defaultCmaPopulation } from './cma-es.ts'
import type { Elite } from './grid-archive.ts'

/**
 * Indices ranked by status (2 new, 1 improves, 0 rejected), then by value, both falling: new cells first. The order of exact
 * ties is the order given.
 */
export function twoStageImprovementRank(status: ArrayLike<number>, value: ArrayLike<number>): number[] {
  assertSameLength(status, 'status', value, 'value')
  return indicesOf(status).sort((a, b) => status[b] - status[a] || value[b] - value[a])
}

/** Indices by falling value: improvement, or any score. */
export function rankDescending(values: ArrayLike<number>): number[] {
  return indicesOf(values).sort((a, b) => values[b] - values[a])
}

/** A random direction in measure space: N(0, 1) scaled by the range of each measure. Draws one normal a measure. */
export function randomDirection(
  grid: { readonly lower: readonly number[]; readonly upper: readonly number[] },
  random: Random,
): Float64Array {
  return Float64Array.from(grid.lower, (lower, d) => random.normal() * (grid.upper[d] - lower))
}

/**
 * Indices by falling projection of their measures on a direction.
 *
 * @param measures [n][m]; @param direction [m]
 */
export function randomDirectionRank(
  measures: readonly ArrayLike<number>[],
  direction: ArrayLike<number>,
): { readonly order: number[]; readonly projection: Float64Array } {
  const projection = Float64Array.from(measures, (row, i) => {
    assertSameLength(direction, 'direction', row, `measures[${i}]`)
    let total = 0
    for (let d = 0; d < direction.length; d++) total += row[d] * direction[d]
    return total
  })
  return { order: rankDescending(projection), projection }
}

/** What the offspring of an emitter are ranked by. `density` puts the least visited first. */
export const emitterRankers = ['twoStageImprovement', 'improvement', 'objective', 'randomDirection', 'density'] as const
/** Name of a way in which an emitter ranks its offspring. */
export type EmitterRanker = (typeof emitterRankers)[number]

/** A generation after it met the archive. */
export interface EmitterGeneration {
  /** [λ][D] */
  readonly solutions: readonly ArrayLike<number>[]
  /** [λ] */
  readonly objectives: ArrayLike<number>
  /** [λ][m] */
  readonly measures: readonly ArrayLike<number>[]
  /** [λ] */
  readonly status: ArrayLike<number>
  /** [λ] */
  readonly value: ArrayLike<number>
  /** [λ] how often the neighbourhood was visited; only for `density`. */
  readonly density?: ArrayLike<number>
}

/** Choices of a CMA-ME emitter. */
export interface CmaMeOptions {
  /** Default `twoStageImprovement`. */
  readonly ranker?: EmitterRanker
  /** Parents: those the archive took (`filter`, default) or the better half (`mu`). */
  readonly parents?: 'filter' | 'mu'
  /** λ. Default 4 + ⌊3·ln n⌋. */
  readonly populationSize?: number
  /** First step size. Default 0.5. */
  readonly sigma0?: number
  /** Bounds of each gene; none by default. */
  readonly bounds?: readonly [number, number]
  readonly compat?: 'released'
}

/** A local search that fills the archive. Plain data, replaced and never changed. */
export interface CmaMeEmitter {
  readonly cma: CmaState
  /** [m] the direction of `randomDirection`, drawn anew at each restart. */
  readonly direction: Float64Array | null
  readonly restarts: number
}

/** An emitter around `start`. */
export function cmaMeEmitter(
  start: ArrayLike<number>,
  options: CmaMeOptions = {},
  direction: Float64Array | null = null,
): CmaMeEmitter {
  return { cma: cmaState(start, options.sigma0 ?? 0.5), direction, restarts: 0 }
}

/** The next λ solutions of an emitter. */
export function askEmitter(emitter: CmaMeEmitter, random: Random, options: CmaMeOptions = {}): Float64Array[] {
  const count = options.populationSize ?? defaultCmaPopulation(emitter.cma.mean.length)
  return Array.from({ length: count }, () => cmaSample(emitter.cma, random, options.bounds))
}

/**
 * Learns from a generation: rank, take the parents, update CMA-ES; restart from a random elite (σ₀, C = I) when CMA-ES stops
 * or the archive took nothing. Draws: one integer for a restart, then the new direction when one is used.
 *
 * Fontaine et al., arXiv 1912.02400; pyribs `EvolutionStrategyEmitter`.
 *
 * @param elites the archive's elites after the generation was added; must not be empty
 */
export function tellEmitter(
  emitter: CmaMeEmitter,
  generation: EmitterGeneration,
  elites: readonly Elite<ArrayLike<number>>[],
  random: Random,
  options: CmaMeOptions = {},
  grid?: { readonly lower: readonly number[]; readonly upper: readonly number[] },
): CmaMeEmitter {
  const { ranker = 'twoStageImprovement', parents = 'filter', compat } = options
  assertOneOf(ranker, 'ranker', emitterRankers)
  const { solutions, status } = generation
  const { order, values } = rankGeneration(emitter, generation, ranker)
  const added = indicesOf(status).filter(i => status[i] > 0).length
  const count = parents === 'filter' ? added : Math.floor(solutions.length / 2)
  const chosen = order.slice(0, count).map(i => solutions[i])
  const cma = cmaUpdate(emitter.cma, chosen, {
    populationSize: solutions.length,
    ...(compat === undefined ? {} : { compat }),
  })
  const ranked = order.map(i => values[i])
  if (added > 0 && cmaStop(cma, ranked) === null) return { ...emitter, cma }
  if (elites.length === 0) {
    throw new GuerdonError('empty', 'expected an archive with elites to restart from; got an empty one', {
      path: ['elites'],
      hint: 'add the generation to the archive before telling the emitter',
    })
  }
  const start = random.choice(elites).solution
  const direction =
    ranker === 'randomDirection' && grid !== undefined ? randomDirection(grid, random) : emitter.direction
  return { cma: cmaState(start, options.sigma0 ?? 0.5), direction, restarts: emitter.restarts + 1 }
}

function rankGeneration(
  emitter: CmaMeEmitter,
  generation: EmitterGeneration,
  ranker: EmitterRanker,
): { order: number[]; values: ArrayLike<number> } {
  const { status, value, objectives, measures, density } = generation
  if (ranker === 'twoStageImprovement') return { order: twoStageImprovementRank(status, value), values: value }
  if (ranker === 'improvement') return { order: rankDescending(value), values: value }
  if (ranker === 'objective') return { order: rankDescending(objectives), values: objectives }
  if (ranker === 'density') {
    if (density === undefined) throw missing('density', 'how often the neighbourhood of each solution was visited')
    const values = Float64Array.from(density, entry => -entry)
    return { order: rankDescending(values), values }
  }
  if (emitter.direction === null) throw missing('direction', 'draw one with randomDirection when the emitter is made')
  const { order, projection } = randomDirectionRank(measures, emitter.direction)
  return { order, values: projection }
}

function missing(name: string, hint: string): GuerdonError {
  return new GuerdonError('invalid_input', `expected ${name} for this ranker; got none`, { path: [name], hint })
}

function indicesOf(values: ArrayLike<number>): number[] {
  return Array.from({ length: values.length }, (_, i) => i)
}
