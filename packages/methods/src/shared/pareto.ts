import { assertFinite, assertSameLength } from '@guerdon/core'

/**
 * Non-dominated fronts of points under objectives to be maximised, best first. Point p dominates q when it is at least as
 * good everywhere and better somewhere; equal points share a front.
 *
 * Deb et al. 2002 (NSGA-II).
 *
 * @param objectives [m][n]: one list of n values for each objective
 * @returns indices of each front, ascending
 */
export function paretoFronts(objectives: readonly ArrayLike<number>[]): number[][] {
  const size = objectives[0]?.length ?? 0
  for (const [m, values] of objectives.entries()) {
    assertSameLength(objectives[0], 'objectives[0]', values, `objectives[${m}]`)
    assertFinite(values, 'objectives', ['objectives', m])
  }
  const dominates = (p: number, q: number) =>
    objectives.every(values => values[p] >= values[q]) && objectives.some(values => values[p] > values[q])
  let left = Array.from({ length: size }, (_, i) => i)
  const fronts: number[][] = []
  while (left.length > 0) {
    const front = left.filter(q => !left.some(p => dominates(p, q)))
    fronts.push(front)
    left = left.filter(i => !front.includes(i))
  }
  return fronts
}

/**
 * Crowding distance of the points of one front: Σ over objectives of the gap between the two neighbours in that objective,
 * as a share of its range; +∞ for the extremes. An objective in which all are equal adds nothing.
 *
 * Each objective is sorted on its own and its gaps go to the points they belong to; the released code of STAX adds them in
 * sort order, which mixes the points up.
 *
 * @param objectives [m][n]
 * @returns [n]
 */
export function crowdingDistance(objectives: readonly ArrayLike<number>[]): Float64Array {
  const size = objectives[0]?.length ?? 0
  const distance = new Float64Array(size)
  for (const [m, values] of objectives.entries()) {
    assertSameLength(objectives[0], 'objectives[0]', values, `objectives[${m}]`)
    assertFinite(values, 'objectives', ['objectives', m])
    const order = Array.from({ length: size }, (_, i) => i).sort((a, b) => values[a] - values[b])
    if (size === 0) continue
    const range = values[order[size - 1]] - values[order[0]]
    distance[order[0]] = Number.POSITIVE_INFINITY
    distance[order[size - 1]] = Number.POSITIVE_INFINITY
    if (range === 0) continue
    for (let k = 1; k < size - 1; k++) distance[order[k]] += (values[order[k + 1]] - values[order[k - 1]]) / range
  }
  return distance
}

/**
 * NSGA-II survival: whole fronts while they fit, then the least crowded of the next; ties go to the earlier point.
 *
 * @param objectives [m][n] to be maximised
 * @returns indices of the `count` survivors, best front first
 */
export function nondominatedSurvivors(objectives: readonly ArrayLike<number>[], count: number): number[] {
  const survivors: number[] = []
  for (const front of paretoFronts(objectives)) {
    const room = count - survivors.length
    if (room <= 0) break
    if (front.length <= room) {
      survivors.push(...front)
      continue
    }
    const crowding = crowdingDistance(objectives.map(values => front.map(i => values[i])))
    const order = front
      .map((_, k) => k)
      .sort((a, b) => (crowding[b] === crowding[a] ? a - b : crowding[b] - crowding[a]))
    survivors.push(...order.slice(0, room).map(k => front[k]))
  }
  return survivors
}
