import { assertFinite, assertInteger, assertProbability, assertSameLength, GuerdonError } from '@guerdon/core'

/** The shape of a grid archive. */
export interface GridSpec {
  /** [m] cells along each measure. */
  readonly dims: readonly number[]
  /** [m] */
  readonly lower: readonly number[]
  /** [m] */
  readonly upper: readonly number[]
  /** Nudges measures that lie on an edge into the upper cell. Default 1e-6. */
  readonly epsilon?: number
}

/** Choices of an archive beside its shape. */
export interface GridArchiveOptions {
  /** α of CMA-MAE: how far a cell's threshold follows what enters it. 1 (default) is MAP-Elites. */
  readonly learningRate?: number
  /** First threshold of a cell (CMA-MAE); null (default) lets anything into an empty cell. */
  readonly thresholdMin?: number | null
  /** Subtracted from each objective in the QD score; a lower bound of the objective keeps it monotone. Default 0. */
  readonly qdScoreOffset?: number
}

/** The best solution of a cell. */
export interface Elite<Solution = null> {
  /** Row-major index of the cell. */
  readonly cell: number
  readonly objective: number
  /** What the next solution has to exceed. */
  readonly threshold: number
  readonly measures: readonly number[]
  readonly solution: Solution
}

/** A grid archive: plain data, replaced and never changed. */
export interface GridArchive<Solution = null> {
  readonly grid: Required<GridSpec>
  readonly learningRate: number
  readonly thresholdMin: number | null
  readonly qdScoreOffset: number
  /** By cell, ascending. */
  readonly elites: readonly Elite<Solution>[]
  /** Highest objective ever stored; null before the first. */
  readonly bestObjective: number | null
}

/** What became of each solution of a batch. */
export interface GridAddition<Solution> {
  readonly archive: GridArchive<Solution>
  /** [n] 2 new cell, 1 improves its cell, 0 rejected. */
  readonly status: Uint8Array
  /** [n] objective for a new cell, objective − threshold otherwise (negative when rejected). */
  readonly value: Float64Array
}

/** How full and how good an archive is. */
export interface ArchiveStatistics {
  readonly eliteCount: number
  /** Share of cells that are filled. */
  readonly coverage: number
  /** Σ (objective − offset) over the elites. */
  readonly qdScore: number
  /** qdScore over the number of cells. */
  readonly normalisedQdScore: number
  /** null while empty. */
  readonly bestObjective: number | null
  /** null while empty. */
  readonly meanObjective: number | null
}

/**
 * Cell of each row of measures, clipped into the grid: ⌊(dims·(measure − lower) + ε)/(upper − lower)⌋ on each axis.
 *
 * pyribs `GridArchive.index_of`.
 *
 * @param measures [n][m]
 * @returns cell coordinates [n][m] and row-major indices [n]
 */
export function gridIndex(
  measures: readonly ArrayLike<number>[],
  grid: GridSpec,
): { readonly cells: Int32Array[]; readonly flat: Int32Array } {
  const { dims, lower, upper, epsilon } = checkedGrid(grid)
  const cells = measures.map((row, i) => {
    assertSameLength(dims, 'dims', row, `measures[${i}]`)
    assertFinite(row, 'measures', ['measures', i])
    return Int32Array.from(dims, (size, d) => {
      const index = Math.floor((size * (row[d] - lower[d]) + epsilon) / (upper[d] - lower[d]))
      return Math.min(Math.max(index, 0), size - 1)
    })
  })
  return { cells, flat: Int32Array.from(cells, cell => cell.reduce((flat, index, d) => flat * dims[d] + index, 0)) }
}

/** An archive with no elites. */
export function emptyGridArchive<Solution = null>(
  grid: GridSpec,
  options: GridArchiveOptions = {},
): GridArchive<Solution> {
  const { learningRate = 1, thresholdMin = null, qdScoreOffset = 0 } = options
  assertProbability(learningRate, 'learningRate')
  if (thresholdMin === null && learningRate !== 1) {
    throw new GuerdonError('invalid_option', `expected a thresholdMin with learningRate ${learningRate}; got none`, {
      path: ['thresholdMin'],
      hint: 'thresholds that follow slowly need somewhere to start: set a lower bound of the objective',
    })
  }
  return { grid: checkedGrid(grid), learningRate, thresholdMin, qdScoreOffset, elites: [], bestObjective: null }
}

/**
 * Adds a batch to an archive. All are judged against the archive *before* the batch: two newcomers of one empty cell both
 * count as new; a solution enters when its objective strictly exceeds the threshold of its cell. Of those that may enter one
 * cell the highest objective is stored, the first on ties.
 *
 * Thresholds follow the stored objective; with `thresholdMin` they follow CMA-MAE's batch rule
 * t ← (1 − α)ⁿ·t + mean(objectives)·(1 − (1 − α)ⁿ) over the n that entered.
 *
 * Mouret & Clune, arXiv 1504.04909; Fontaine & Nikolaidis, arXiv 2205.10752; pyribs `GridArchive.add`.
 *
 * @param batch objectives [n], measures [n][m], solutions [n] (optional)
 * @throws not_finite for NaN or ±Infinity
 */
export function addToGrid<Solution = null>(
  archive: GridArchive<Solution>,
  batch: {
    readonly objectives: ArrayLike<number>
    readonly measures: readonly ArrayLike<number>[]
    readonly solutions?: readonly Solution[]
  },
): GridAddition<Solution> {
  const { objectives, measures, solutions } = batch
  assertSameLength(objectives, 'objectives', measures, 'measures')
  if (solutions !== undefined) assertSameLength(objectives, 'objectives', solutions, 'solutions')
  assertFinite(objectives, 'objectives')
  const { flat } = gridIndex(measures, archive.grid)
  const cells = new Map(archive.elites.map(elite => [elite.cell, elite]))
  const entering = new Map<number, number[]>()
  const status = new Uint8Array(objectives.length)
  const value = new Float64Array(objectives.length)
  for (let i = 0; i < objectives.length; i++) {
    const elite = cells.get(flat[i])
    const threshold = elite?.threshold ?? archive.thresholdMin ?? Number.NEGATIVE_INFINITY
    value[i] = objectives[i] - (Number.isFinite(threshold) ? threshold : 0)
    if (objectives[i] <= threshold) continue
    status[i] = elite === undefined ? 2 : 1
    const rivals = entering.get(flat[i])
    if (rivals === undefined) entering.set(flat[i], [i])
    else rivals.push(i)
  }
  let best = archive.bestObjective
  for (const [cell, members] of entering) {
    const winner = members.reduce((top, i) => (objectives[i] > objectives[top] ? i : top))
    const objective = objectives[winner]
    if (best === null || objective > best) best = objective
    const threshold = thresholdAfter(
      archive,
      cells.get(cell)?.threshold,
      members.map(i => objectives[i]),
    )
    const solution = solutions === undefined ? (null as Solution) : solutions[winner]
    cells.set(cell, { cell, objective, threshold, measures: Array.from(measures[winner]), solution })
  }
  const elites = [...cells.values()].sort((a, b) => a.cell - b.cell)
  return { archive: { ...archive, elites, bestObjective: best }, status, value }
}

/** Counts, coverage and QD score of an archive; `bestObjective` is the best ever stored. */
export function archiveStatistics(archive: GridArchive<unknown>): ArchiveStatistics {
  const cellCount = archive.grid.dims.reduce((product, size) => product * size, 1)
  const eliteCount = archive.elites.length
  const total = archive.elites.reduce((sum, elite) => sum + elite.objective, 0)
  const qdScore = total - eliteCount * archive.qdScoreOffset
  return {
    eliteCount,
    coverage: eliteCount / cellCount,
    qdScore,
    normalisedQdScore: qdScore / cellCount,
    bestObjective: archive.bestObjective,
    meanObjective: eliteCount === 0 ? null : total / eliteCount,
  }
}

function thresholdAfter(
  archive: GridArchive<unknown>,
  before: number | undefined,
  objectives: readonly number[],
): number {
  if (archive.thresholdMin === null) return Math.max(...objectives)
  const kept = (1 - archive.learningRate) ** objectives.length
  const mean = objectives.reduce((sum, objective) => sum + objective, 0) / objectives.length
  return kept * (before ?? archive.thresholdMin) + mean * (1 - kept)
}

function checkedGrid(grid: GridSpec): Required<GridSpec> {
  const { dims, lower, upper, epsilon = 1e-6 } = grid
  assertSameLength(dims, 'dims', lower, 'lower')
  assertSameLength(dims, 'dims', upper, 'upper')
  for (const [d, size] of dims.entries()) {
    assertInteger(size, `dims[${d}]`, 1)
    if (!(upper[d] > lower[d])) {
      throw new GuerdonError('invalid_option', `expected lower < upper on axis ${d}; got ${lower[d]} and ${upper[d]}`, {
        path: ['upper', d],
      })
    }
  }
  return { dims, lower, upper, epsilon }
}
