import { assertFinite, assertInteger, assertOneOf, GuerdonError } from '@guerdon/core'
import { solveLinearSystem } from './linear-algebra.ts'

/** A behaviour descriptor: where an individual ended up, as numbers. */
export type Descriptor = ArrayLike<number>

/** Distances between descriptors. `minkowski` takes its exponent from `exponent`; `mahalanobis` pools both sets. */
export const noveltyMetrics = ['euclidean', 'manhattan', 'minkowski', 'mahalanobis'] as const
/** Name of a distance between behaviours. */
export type NoveltyMetric = (typeof noveltyMetrics)[number]

/** Choices of the novelty scores. */
export interface NoveltyOptions {
  /** Neighbours averaged, fewer when there are fewer. Default 15. */
  readonly neighbours?: number
  /** Default `euclidean`. */
  readonly metric?: NoveltyMetric
  /** p of `minkowski`: (Σ|a − b|^p)^(1/p). Default 1. */
  readonly exponent?: number
}

/** Which entry of a sorted row of distances is not a neighbour. */
export interface NeighbourhoodOptions extends NoveltyOptions {
  /** Novelty of an individual that has no neighbour at all. Default 0. */
  readonly aloneNovelty?: number
}

/**
 * Mean distance to the k nearest members of a reference set, nothing left out: for individuals that are not in the set.
 * Lehman & Stanley 2011; the form of archives that stand apart from the population.
 *
 * @param queries [n][b]; @param references [m][b]
 * @returns [n] `aloneNovelty` when the set is empty
 */
export function archiveNovelty(
  queries: readonly Descriptor[],
  references: readonly Descriptor[],
  options: NeighbourhoodOptions = {},
): Float64Array {
  return meanNearest(queries, references, 0, options)
}

/**
 * Mean distance to the nearest members of a reference set after the very nearest is dropped. For members of the set that one
 * is the individual itself, at distance 0. For others (offspring of an emitter, candidates against the reward archive) the
 * released library drops their true nearest neighbour: use `archiveNovelty` for those unless its numbers are wanted.
 *
 * A lone individual has no neighbour: `aloneNovelty`, where the released code gives NaN.
 *
 * @param queries [n][b]; @param references [m][b]
 */
export function noveltyDropNearest(
  queries: readonly Descriptor[],
  references: readonly Descriptor[],
  options: NeighbourhoodOptions = {},
): Float64Array {
  return meanNearest(queries, references, 1, options)
}

/**
 * Novelty of each member of a population against the others and an archive: itself is left out by index, so a twin at
 * distance 0 counts as a neighbour. TAXONS' form.
 *
 * @param population [n][b]; @param archive [m][b]
 */
export function noveltySelfExcluded(
  population: readonly Descriptor[],
  archive: readonly Descriptor[],
  options: NeighbourhoodOptions = {},
): Float64Array {
  const rows = descriptorDistances(population, [...population, ...archive], options)
  return Float64Array.from(rows, (row, i) => {
    row[i] = Number.POSITIVE_INFINITY
    const nearest = smallest(row, Math.min(neighboursOf(options), row.length - 1))
    return meanOf(nearest, options.aloneNovelty)
  })
}

/** Novelty and the number of neighbours that do strictly worse. */
export interface LocalCompetition {
  readonly novelty: Float64Array
  readonly localCompetition: Int32Array
}

/**
 * Novelty with local competition: how many of the k nearest neighbours have a strictly lower reward. The first n references
 * must be the queries themselves, in order.
 *
 * Lehman & Stanley 2011 (NSLC).
 *
 * @param queries [n][b]; @param references [m][b], m ≥ n; @param rewards [m]
 */
export function localCompetition(
  queries: readonly Descriptor[],
  references: readonly Descriptor[],
  rewards: ArrayLike<number>,
  options: NeighbourhoodOptions = {},
): LocalCompetition {
  assertFinite(rewards, 'rewards')
  if (rewards.length !== references.length || queries.length > references.length) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected a reward for each of ${references.length} references, the ${queries.length} queries first; got ${rewards.length} rewards`,
      { path: ['rewards'] },
    )
  }
  const rows = descriptorDistances(queries, references, options)
  const counts = rows.map((row, i) => {
    const order = nearestFirst(row)
    const self = order.indexOf(i)
    order[self] = order[0]
    return order.slice(1, neighboursOf(options) + 1).filter(j => rewards[j] < rewards[i]).length
  })
  return { novelty: noveltyDropNearest(queries, references, options), localCompetition: Int32Array.from(counts) }
}

/**
 * Local competition against an archive that does not hold the queries: neighbours with strictly lower objective.
 *
 * @param objectives [n] of the queries; @param archiveObjectives [m]
 * @returns [n] 0 for an empty archive
 */
export function archiveLocalCompetition(
  queries: readonly Descriptor[],
  references: readonly Descriptor[],
  objectives: ArrayLike<number>,
  archiveObjectives: ArrayLike<number>,
  options: NoveltyOptions = {},
): Int32Array {
  const rows = descriptorDistances(queries, references, options)
  const better = (row: Float64Array, i: number) =>
    nearestFirst(row)
      .slice(0, neighboursOf(options))
      .filter(j => archiveObjectives[j] < objectives[i]).length
  return Int32Array.from(rows, better)
}

/**
 * Distances between all queries and all references, [n][m].
 *
 * @throws shape_mismatch for descriptors of different length, not_finite for NaN or ±Infinity
 */
export function descriptorDistances(
  queries: readonly Descriptor[],
  references: readonly Descriptor[],
  options: NoveltyOptions = {},
): Float64Array[] {
  const { metric = 'euclidean', exponent = 1 } = options
  assertOneOf(metric, 'metric', noveltyMetrics)
  const size = (queries[0] ?? references[0])?.length ?? 0
  checkDescriptors(queries, 'queries', size)
  checkDescriptors(references, 'references', size)
  const whiten = metric === 'mahalanobis' ? pooledCovariance([...queries, ...references], size) : undefined
  const distance = (a: Descriptor, b: Descriptor): number => {
    let total = 0
    if (whiten !== undefined) {
      const difference = Float64Array.from({ length: size }, (_, d) => a[d] - b[d])
      const solved = solveLinearSystem(whiten, difference)
      for (let d = 0; d < size; d++) total += difference[d] * solved[d]
      return Math.sqrt(total)
    }
    const power = metric === 'euclidean' ? 2 : metric === 'manhattan' ? 1 : exponent
    for (let d = 0; d < size; d++) total += power === 2 ? (a[d] - b[d]) ** 2 : Math.abs(a[d] - b[d]) ** power
    return power === 2 ? Math.sqrt(total) : total ** (1 / power)
  }
  return queries.map(query => Float64Array.from(references, reference => distance(query, reference)))
}

function meanNearest(
  queries: readonly Descriptor[],
  references: readonly Descriptor[],
  dropped: number,
  options: NeighbourhoodOptions,
): Float64Array {
  const count = neighboursOf(options)
  return Float64Array.from(descriptorDistances(queries, references, options), row =>
    meanOf(smallest(row, dropped + count).subarray(dropped), options.aloneNovelty),
  )
}

/** The `count` smallest values (fewer when there are fewer), rising: one pass with insertion, for small counts. */
function smallest(values: Float64Array, count: number): Float64Array {
  const kept = new Float64Array(Math.min(count, values.length)).fill(Number.POSITIVE_INFINITY)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (!(value < kept[kept.length - 1])) continue
    let place = kept.length - 1
    while (place > 0 && kept[place - 1] > value) {
      kept[place] = kept[place - 1]
      place--
    }
    kept[place] = value
  }
  return kept
}

function meanOf(distances: Float64Array, alone = 0): number {
  if (distances.length === 0) return alone
  let total = 0
  for (let i = 0; i < distances.length; i++) total += distances[i]
  return total / distances.length
}

function nearestFirst(row: Float64Array): number[] {
  return Array.from(row.keys()).sort((a, b) => row[a] - row[b])
}

function neighboursOf(options: NoveltyOptions): number {
  const { neighbours = 15 } = options
  assertInteger(neighbours, 'neighbours', 1)
  return neighbours
}

function checkDescriptors(rows: readonly Descriptor[], name: string, size: number): void {
  for (const [i, row] of rows.entries()) {
    if (row.length !== size) {
      throw new GuerdonError(
        'shape_mismatch',
        `expected descriptors of length ${size}; got ${row.length} at ${name}[${i}]`,
        {
          path: [name, i],
          hint: 'never mix descriptors of different encoders',
        },
      )
    }
    assertFinite(row, name, [name, i])
  }
}

/** Unbiased covariance of all descriptors, [b·b]. */
function pooledCovariance(rows: readonly Descriptor[], size: number): Float64Array {
  const means = Float64Array.from({ length: size }, (_, d) => rows.reduce((sum, row) => sum + row[d], 0) / rows.length)
  const covariance = new Float64Array(size * size)
  for (const row of rows) {
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        covariance[i * size + j] += ((row[i] - means[i]) * (row[j] - means[j])) / (rows.length - 1)
      }
    }
  }
  return covariance
}
