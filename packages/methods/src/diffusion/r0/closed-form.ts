import { assertSameLength } from '@guerdon/core'
import { dotProduct, euclideanNorm, solveLinearSystem } from '../../shared/linear-algebra.ts'

/** A quadratic reward r(θ) = −½(θ − p)ᵀQ(θ − p). */
export interface QuadraticReward {
  /** [n][n], positive semidefinite. */
  readonly curvature: readonly ArrayLike<number>[]
  /** [n] p */
  readonly peak: ArrayLike<number>
}

/** The maximiser of a quadratic reward under weight regularisation. */
export interface RegularizedMaximizer {
  /** [n] θ* = (Q + 2λI)⁻¹(Qp + 2λθ₀) */
  readonly parameters: Float64Array
  readonly rewardAtOptimum: number
  /** ‖θ* − θ₀‖₂ */
  readonly distanceFromReference: number
}

/**
 * Where regularised ascent must end: argmax r(θ) − λ‖θ − θ₀‖² in closed form. λ = 0 gives the peak, λ → ∞ the start.
 *
 * @throws invalid_input when Q + 2λI is singular
 */
export function regularizedMaximizer(
  reward: QuadraticReward,
  reference: ArrayLike<number>,
  lambda: number,
): RegularizedMaximizer {
  const { curvature, peak } = reward
  const size = peak.length
  assertSameLength(peak, 'peak', reference, 'reference')
  assertSameLength(peak, 'peak', curvature, 'curvature')
  const matrix = new Float64Array(size * size)
  const right = new Float64Array(size)
  for (let i = 0; i < size; i++) {
    assertSameLength(peak, 'peak', curvature[i], `curvature[${i}]`)
    for (let j = 0; j < size; j++) matrix[i * size + j] = curvature[i][j] + (i === j ? 2 * lambda : 0)
    right[i] = dotProduct(curvature[i], peak) + 2 * lambda * reference[i]
  }
  const parameters = solveLinearSystem(matrix, right)
  const offset = Float64Array.from(parameters, (value, i) => value - peak[i])
  const curved = Float64Array.from(curvature, row => dotProduct(row, offset))
  return {
    parameters,
    rewardAtOptimum: -0.5 * dotProduct(offset, curved),
    distanceFromReference: euclideanNorm(Float64Array.from(parameters, (value, i) => value - reference[i])),
  }
}
