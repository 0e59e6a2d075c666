import { assertFinite, assertInteger, assertSameLength, GuerdonError, Random } from '@guerdon/core'
import {
  addToGrid,
  type Elite,
  emptyGridArchive,
  type GridArchive,
  type GridArchiveOptions,
  type GridSpec,
  gridIndex,
} from '@guerdon/methods/exploration/baselines-qd-diffusion'
import type { Settings } from '../run/learner.ts'
import { type QdArchive, summarise } from './archive.ts'
import { type Individual, packIndividuals, packRows, unpackIndividuals } from './problem.ts'

/** A division of the behaviour space. */
interface Cells {
  readonly count: number
  readonly settings: Settings
  /** Cell of each descriptor. */
  of(descriptors: readonly ArrayLike<number>[]): ArrayLike<number>
}

/**
 * An archive over a grid: the best of each box. Descriptors outside fall into border cells.
 *
 * With `thresholdMin` and `learningRate` below 1 it is CMA-MAE's. The rules of adding are those of `addToGrid`.
 */
export function gridArchive(grid: GridSpec, options: GridArchiveOptions = {}): QdArchive {
  const { dims, lower, upper } = grid
  const cells = {
    count: dims.reduce((product, size) => product * size, 1),
    settings: { archive: 'grid', dims, lower, upper },
    of: (descriptors: readonly ArrayLike<number>[]) => gridIndex(descriptors, grid).flat,
  }
  return cellArchive(cells, options)
}

/** Where the centroids of a CVT archive come from. */
export interface CvtOptions extends GridArchiveOptions {
  /** Cells k. Default 1000. */
  readonly cells?: number
  /** [b] */
  readonly lower: readonly number[]
  /** [b] */
  readonly upper: readonly number[]
  /** Uniform points the centroids are fitted to. Default 10 a cell. */
  readonly samples?: number
  /** Rounds of k-means. Default 20. */
  readonly rounds?: number
  /** Decides the centroids: archives that are compared need the same. Default 0. */
  readonly seed?: number
}

/**
 * An archive over a centroidal Voronoi tessellation: k cells of about equal size in any number of dimensions, an individual
 * belongs to the nearest centroid. Centroids are those of k-means (Lloyd) on uniform points.
 *
 * Vassiliades, Chatzilygeroudis & Mouret, arXiv 1610.05729.
 */
export function cvtArchive(options: CvtOptions): QdArchive {
  const { cells: count = 1000, lower, upper, samples = 10 * count, rounds = 20, seed = 0 } = options
  assertInteger(count, 'cells', 1)
  assertInteger(samples, 'samples', count)
  assertInteger(rounds, 'rounds')
  assertSameLength(lower, 'lower', upper, 'upper')
  const random = new Random(seed)
  const points = Array.from({ length: samples }, () =>
    Float64Array.from(lower, (low, d) => random.uniform(low, upper[d])),
  )
  const centroids = points.slice(0, count).map(point => point.slice())
  for (let round = 0; round < rounds; round++) moveCentroids(centroids, points)
  const of = (descriptors: readonly ArrayLike<number>[]) =>
    Int32Array.from(descriptors, (descriptor, i) => {
      assertSameLength(lower, 'lower', descriptor, `descriptors[${i}]`)
      assertFinite(descriptor, 'descriptors', ['descriptors', i])
      return nearestRow(centroids, descriptor)
    })
  const settings = { archive: 'cvt', cells: count, lower, upper, samples, rounds, archiveSeed: seed }
  return cellArchive({ count, settings, of }, options)
}

/** One round of k-means; a centroid without points stays. */
function moveCentroids(centroids: Float64Array[], points: readonly Float64Array[]): void {
  const sums = centroids.map(centroid => new Float64Array(centroid.length))
  const counts = new Int32Array(centroids.length)
  for (const point of points) {
    const cell = nearestRow(centroids, point)
    counts[cell]++
    for (let d = 0; d < point.length; d++) sums[cell][d] += point[d]
  }
  for (const [cell, centroid] of centroids.entries()) {
    if (counts[cell] > 0) for (let d = 0; d < centroid.length; d++) centroid[d] = sums[cell][d] / counts[cell]
  }
}

/** Index of the nearest row, the first on ties. */
export function nearestRow(rows: readonly ArrayLike<number>[], point: ArrayLike<number>): number {
  let best = 0
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < rows.length; i++) {
    let distance = 0
    for (let d = 0; d < point.length; d++) distance += (rows[i][d] - point[d]) ** 2
    if (distance >= least) continue
    least = distance
    best = i
  }
  return best
}

/** An archive of cells, kept by the methods package as a grid of one axis over their numbers. */
function cellArchive(cells: Cells, options: GridArchiveOptions): QdArchive {
  const { learningRate = 1, thresholdMin = null, qdScoreOffset = 0 } = options
  const line = { dims: [cells.count], lower: [0], upper: [cells.count] }
  const middles = (batch: readonly Individual[]) =>
    Array.from(cells.of(batch.map(({ descriptor }) => descriptor)), cell => [cell + 0.5])
  let archive: GridArchive<Individual> = emptyGridArchive(line, options)
  const elites = (): Individual[] => archive.elites.map(({ solution }) => solution)
  return {
    settings: { ...cells.settings, learningRate, thresholdMin, qdScoreOffset },
    elites,
    add(batch) {
      const addition = addToGrid(archive, {
        objectives: batch.map(({ fitness }) => fitness),
        measures: middles(batch),
        solutions: batch,
      })
      archive = addition.archive
      return addition
    },
    summary: () => ({
      ...summarise(elites(), { places: cells.count, offset: qdScoreOffset }),
      bestFitness: archive.bestObjective,
    }),
    save: () => ({
      ...packIndividuals(elites()),
      thresholds: packRows(archive.elites.map(({ threshold }) => [threshold])),
      best: packRows(archive.bestObjective === null ? [] : [[archive.bestObjective]]),
    }),
    restore(arrays) {
      const individuals = unpackIndividuals(arrays)
      const thresholds = arrays['thresholds'].data
      const measures = middles(individuals)
      const restored = individuals.map(
        (solution, i): Elite<Individual> => ({
          cell: Math.floor(measures[i][0]),
          objective: solution.fitness,
          threshold: thresholds[i],
          measures: measures[i],
          solution,
        }),
      )
      if (restored.some(({ cell }, i) => i > 0 && cell <= restored[i - 1].cell)) {
        throw new GuerdonError('shape_mismatch', 'expected one elite a cell, by rising cell; got others', {
          path: ['archive'],
          hint: 'the state belongs to an archive of another shape',
        })
      }
      archive = {
        ...emptyGridArchive<Individual>(line, options),
        elites: restored,
        bestObjective: arrays['best'].data[0] ?? null,
      }
    },
  }
}
