import { GuerdonError } from '@guerdon/core'

/**
 * Solves A·X = B by Gaussian elimination with partial pivoting.
 *
 * @param matrix [n·n] row by row; not changed
 * @param right [n·columns] row by row; not changed
 * @returns [n·columns]
 * @throws invalid_input when A is singular to working precision
 */
export function solveLinearSystem(matrix: Float64Array, right: Float64Array, columns = 1): Float64Array {
  const n = right.length / columns
  if (!Number.isInteger(n) || matrix.length !== n * n) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected an n×n matrix and a right-hand side of n×${columns}; got ${matrix.length} and ${right.length} entries`,
    )
  }
  const a = matrix.slice()
  const x = right.slice()
  for (let k = 0; k < n; k++) {
    let pivot = k
    for (let i = k + 1; i < n; i++) if (Math.abs(a[i * n + k]) > Math.abs(a[pivot * n + k])) pivot = i
    if (!(Math.abs(a[pivot * n + k]) > 1e-13)) {
      throw new GuerdonError(
        'invalid_input',
        `expected a regular matrix; column ${k} has no pivot (a loop that never ends, or a discount of 1?)`,
      )
    }
    if (pivot !== k) {
      swapRows(a, n, pivot, k)
      swapRows(x, columns, pivot, k)
    }
    const inverse = 1 / a[k * n + k]
    for (let i = k + 1; i < n; i++) {
      const factor = a[i * n + k] * inverse
      if (factor === 0) continue
      for (let j = k + 1; j < n; j++) a[i * n + j] -= factor * a[k * n + j]
      for (let j = 0; j < columns; j++) x[i * columns + j] -= factor * x[k * columns + j]
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    for (let j = 0; j < columns; j++) {
      let value = x[k * columns + j]
      for (let i = k + 1; i < n; i++) value -= a[k * n + i] * x[i * columns + j]
      x[k * columns + j] = value / a[k * n + k]
    }
  }
  return x
}

function swapRows(matrix: Float64Array, width: number, first: number, second: number): void {
  for (let j = 0; j < width; j++) {
    const held = matrix[first * width + j]
    matrix[first * width + j] = matrix[second * width + j]
    matrix[second * width + j] = held
  }
}

/** Σ aᵢ·bᵢ */
export function dotProduct(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < a.length; i++) total += a[i] * b[i]
  return total
}

/** ‖a‖₂ */
export function euclideanNorm(a: ArrayLike<number>): number {
  return Math.sqrt(dotProduct(a, a))
}
