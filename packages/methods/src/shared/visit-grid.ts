import { assertFinite, assertInteger, assertSameLength, GuerdonError } from '@guerdon/core'

/** Where visits are counted. */
export interface VisitGrid {
  /** Cells along each axis. Default 50. */
  readonly bins?: number
  /** [m] */
  readonly lower: ArrayLike<number>
  /** [m] */
  readonly upper: ArrayLike<number>
  /**
   * A point outside: clamped into the border cell (default), left out of the counts and counted apart, or an error as in
   * the released code.
   */
  readonly outside?: 'clamp' | 'ignore' | 'throw'
}

/** How widely and how evenly a space was visited. */
export interface VisitStatistics {
  /** Cell of each point; null for one left out. */
  readonly cells: readonly (readonly number[] | null)[]
  /** Share of cells with a visit, in [0, 1]. */
  readonly coverage: number
  /** 1 − Jensen–Shannon distance (natural logarithm, square root) of the visits to uniform, in [0, 1]. */
  readonly uniformity: number
  /** Points outside the grid. */
  readonly outside: number
}

/**
 * Coverage and uniformity of a set of visited points. A cell owns its upper edge: cell = max(first edge ≥ value, 1) − 1.
 *
 * For metrics only: ground-truth coordinates must not reach the search. Coverage of everything evaluated and of what an
 * archive keeps are different curves; name the one that is shown.
 *
 * @param points [n][m]
 * @throws empty for no points counted (their distribution is not defined)
 */
export function visitStatistics(points: readonly ArrayLike<number>[], grid: VisitGrid): VisitStatistics {
  const { bins = 50, lower, upper, outside = 'clamp' } = grid
  assertInteger(bins, 'bins', 1)
  assertSameLength(lower, 'lower', upper, 'upper')
  const axes = lower.length
  const edges = Array.from({ length: axes }, (_, d) => {
    if (!(upper[d] > lower[d])) {
      throw new GuerdonError('invalid_option', `expected lower < upper on axis ${d}; got ${lower[d]} and ${upper[d]}`, {
        path: ['upper', d],
      })
    }
    const step = (upper[d] - lower[d]) / bins
    return Float64Array.from({ length: bins + 1 }, (_, i) => (i === bins ? upper[d] : lower[d] + i * step))
  })
  const counts = new Float64Array(bins ** axes)
  let missed = 0
  const cells = points.map((point, i) => {
    assertSameLength(lower, 'lower', point, `points[${i}]`)
    assertFinite(point, 'points', ['points', i])
    const inside = edges.every((edge, d) => point[d] >= edge[0] && point[d] <= edge[bins])
    if (!inside) missed++
    if (!inside && outside === 'throw') {
      throw new GuerdonError('invalid_input', `expected points inside the grid; got [${Array.from(point)}] at ${i}`, {
        path: ['points', i],
      })
    }
    if (!inside && outside === 'ignore') return null
    const cell = edges.map((edge, d) => {
      const first = edge.findIndex(value => value >= point[d])
      return first < 0 ? bins - 1 : Math.max(first, 1) - 1
    })
    counts[cell.reduce((flat, index) => flat * bins + index, 0)]++
    return cell
  })
  const total = points.length - (outside === 'ignore' ? missed : 0)
  if (total === 0)
    throw new GuerdonError('empty', 'expected at least one point in the grid; got none', { path: ['points'] })
  const coverage = counts.filter(count => count > 0).length / counts.length
  return { cells, coverage, uniformity: 1 - distanceToUniform(counts, total), outside: missed }
}

/** √(½·KL(p‖m) + ½·KL(u‖m)), m = (p + u)/2, for the shares p of `counts` and the uniform u. */
function distanceToUniform(counts: Float64Array, total: number): number {
  const uniform = 1 / counts.length
  let divergence = 0
  for (let i = 0; i < counts.length; i++) {
    const share = counts[i] / total
    const middle = (share + uniform) / 2
    if (share > 0) divergence += share * Math.log(share / middle)
    divergence += uniform * Math.log(uniform / middle)
  }
  return Math.sqrt(Math.max(divergence / 2, 0))
}
