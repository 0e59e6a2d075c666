import { GuerdonError } from '@guerdon/core'

/**
 * One-to-one assignment of rows to columns with the least total cost (Hungarian method with potentials; Kuhn 1955, in
 * the shortest-augmenting-path form of Jonker and Volgenant 1987). min(m, n) pairs are made. O(min² · max).
 *
 * @param costs [m][n], every entry finite
 * @returns [m] the column of each row, −1 where a row stays alone (only when m > n)
 * @throws not_finite for NaN or ±Infinity, shape_mismatch for ragged rows
 */
export function assignRows(costs: readonly ArrayLike<number>[]): Int32Array {
  const rows = costs.length
  const columns = rows === 0 ? 0 : costs[0].length
  for (let i = 0; i < rows; i++) {
    if (costs[i].length !== columns) {
      throw new GuerdonError('shape_mismatch', `expected ${columns} costs in row ${i}; got ${costs[i].length}`, {
        path: ['costs', i],
      })
    }
    for (let j = 0; j < columns; j++) {
      if (!Number.isFinite(costs[i][j])) {
        throw new GuerdonError('not_finite', `expected finite costs; got ${costs[i][j]} in row ${i}, column ${j}`, {
          path: ['costs', i, j],
        })
      }
    }
  }
  const assigned = new Int32Array(rows).fill(-1)
  if (rows === 0 || columns === 0) return assigned
  if (rows <= columns) {
    const owners = shortestPaths(rows, columns, (i, j) => costs[i][j])
    for (let j = 0; j < columns; j++) if (owners[j] !== -1) assigned[owners[j]] = j
  } else {
    const owners = shortestPaths(columns, rows, (i, j) => costs[j][i])
    for (let j = 0; j < rows; j++) assigned[j] = owners[j]
  }
  return assigned
}

/**
 * Owner row of each column, −1 for none, when there are no more rows than columns. Index 0 stands for "none" inside.
 */
function shortestPaths(rows: number, columns: number, cost: (row: number, column: number) => number): Int32Array {
  const rowPotential = new Float64Array(rows + 1)
  const columnPotential = new Float64Array(columns + 1)
  const owner = new Int32Array(columns + 1)
  const previous = new Int32Array(columns + 1)
  const distance = new Float64Array(columns + 1)
  const visited = new Uint8Array(columns + 1)
  for (let row = 1; row <= rows; row++) {
    owner[0] = row
    distance.fill(Number.POSITIVE_INFINITY)
    visited.fill(0)
    let column = 0
    do {
      visited[column] = 1
      const current = owner[column]
      let step = Number.POSITIVE_INFINITY
      let next = 0
      for (let j = 1; j <= columns; j++) {
        if (visited[j]) continue
        const reduced = cost(current - 1, j - 1) - rowPotential[current] - columnPotential[j]
        if (reduced < distance[j]) {
          distance[j] = reduced
          previous[j] = column
        }
        if (distance[j] < step) {
          step = distance[j]
          next = j
        }
      }
      for (let j = 0; j <= columns; j++) {
        if (visited[j]) {
          rowPotential[owner[j]] += step
          columnPotential[j] -= step
        } else distance[j] -= step
      }
      column = next
    } while (owner[column] !== 0)
    while (column !== 0) {
      owner[column] = owner[previous[column]]
      column = previous[column]
    }
  }
  return Int32Array.from(owner.subarray(1), given => given - 1)
}
