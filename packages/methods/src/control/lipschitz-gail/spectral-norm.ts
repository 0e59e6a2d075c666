import { assertInteger } from '@guerdon/core'

/** Leading singular vectors and value of a matrix. */
export interface SpectralEstimate {
  /** [rows] */
  readonly left: Float64Array
  /** [columns] */
  readonly right: Float64Array
  readonly norm: number
}

/**
 * Power iteration for the spectral norm: v ← Wᵀu/‖·‖, u ← Wv/‖·‖, σ = uᵀWv. One iteration a training step suffices when
 * `left` is carried over.
 *
 * @param weight [rows·columns] row by row
 * @param left [rows] previous estimate; must not be orthogonal to the leading direction
 */
export function powerIteration(
  weight: ArrayLike<number>,
  left: ArrayLike<number>,
  options: { /** Default 1. */ readonly iterations?: number } = {},
): SpectralEstimate {
  const { iterations = 1 } = options
  assertInteger(iterations, 'iterations', 1)
  const rows = left.length
  const columns = weight.length / rows
  let u = unit(Float64Array.from(left))
  let v: Float64Array = new Float64Array(columns)
  for (let k = 0; k < iterations; k++) {
    v = unit(
      Float64Array.from({ length: columns }, (_, j) => {
        let total = 0
        for (let i = 0; i < rows; i++) total += weight[i * columns + j] * u[i]
        return total
      }),
    )
    u = unit(times(weight, v, rows))
  }
  const image = times(weight, v, rows)
  return { left: u, right: v, norm: u.reduce((total, value, i) => total + value * image[i], 0) }
}

function times(weight: ArrayLike<number>, v: Float64Array, rows: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => {
    let total = 0
    for (let j = 0; j < v.length; j++) total += weight[i * v.length + j] * v[j]
    return total
  })
}

function unit(vector: Float64Array): Float64Array {
  const size = Math.max(Math.hypot(...vector), 1e-12)
  return vector.map(value => value / size)
}
