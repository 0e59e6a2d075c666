import { GuerdonError } from '@guerdon/core'

/** A symmetric matrix as B·diag(λ)·Bᵀ. */
export interface SymmetricEigen {
  /** [n] eigenvalues, in no particular order. */
  readonly values: Float64Array
  /** [n·n] row by row; column i is the unit eigenvector of `values[i]`. */
  readonly vectors: Float64Array
}

const sweeps = 60

/**
 * Eigenvalues and eigenvectors of a symmetric matrix by cyclic Jacobi rotations: slower than tridiagonal methods above some
 * hundred dimensions, accurate and simple below.
 *
 * @param matrix [n·n] row by row; not changed; only the upper half is trusted to equal the lower
 */
export function symmetricEigen(matrix: ArrayLike<number>): SymmetricEigen {
  const n = Math.round(Math.sqrt(matrix.length))
  if (n * n !== matrix.length) {
    throw new GuerdonError('shape_mismatch', `expected an n×n matrix; got ${matrix.length} entries`)
  }
  const a = Float64Array.from(matrix)
  const v = new Float64Array(n * n)
  for (let i = 0; i < n; i++) v[i * n + i] = 1
  for (let sweep = 0; sweep < sweeps && offDiagonal(a, n) > 0; sweep++) {
    for (let p = 0; p < n - 1; p++) for (let q = p + 1; q < n; q++) rotate(a, v, n, p, q)
  }
  return { values: Float64Array.from({ length: n }, (_, i) => a[i * n + i]), vectors: v }
}

/** Σ of what is left off the diagonal, 0 once it is below rounding beside the diagonal. */
function offDiagonal(a: Float64Array, n: number): number {
  let [outside, inside] = [0, 0]
  for (let i = 0; i < n; i++) {
    inside += a[i * n + i] ** 2
    for (let j = i + 1; j < n; j++) outside += a[i * n + j] ** 2
  }
  return outside <= 1e-36 * inside ? 0 : outside
}

function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const entry = a[p * n + q]
  if (entry === 0) return
  const theta = (a[q * n + q] - a[p * n + p]) / (2 * entry)
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
  const c = 1 / Math.sqrt(t * t + 1)
  const s = t * c
  for (let k = 0; k < n; k++) {
    const [kp, kq] = [a[k * n + p], a[k * n + q]]
    a[k * n + p] = c * kp - s * kq
    a[k * n + q] = s * kp + c * kq
  }
  for (let k = 0; k < n; k++) {
    const [pk, qk] = [a[p * n + k], a[q * n + k]]
    a[p * n + k] = c * pk - s * qk
    a[q * n + k] = s * pk + c * qk
    const [vp, vq] = [v[k * n + p], v[k * n + q]]
    v[k * n + p] = c * vp - s * vq
    v[k * n + q] = s * vp + c * vq
  }
  a[p * n + q] = 0
  a[q * n + p] = 0
}
