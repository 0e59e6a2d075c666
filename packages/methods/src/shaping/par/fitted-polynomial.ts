import { assertInteger, GuerdonError, sigmoid } from '@guerdon/core'

/** Where and how finely the logistic function is fitted. */
export interface FitOptions {
  /** Default −5. */
  readonly minimum?: number
  /** Default 5. */
  readonly maximum?: number
  /** Number of equally spaced points, both ends included. Default 100. */
  readonly points?: number
  /** Default 5. */
  readonly degree?: number
}

/** A polynomial that stands in for the logistic function on (minimum, maximum). */
export interface FittedSigmoid {
  /** [degree+1] highest power first. */
  readonly coefficients: Float64Array
  readonly minimum: number
  readonly maximum: number
}

/**
 * Least-squares fit of a polynomial to σ(x) = 1/(1 + e^{−x}) on equally spaced points of [minimum, maximum], by Householder
 * reflections (no normal equations).
 *
 * @throws invalid_option for an empty range or fewer points than coefficients
 */
export function fitSigmoid(options: FitOptions = {}): FittedSigmoid {
  const { minimum = -5, maximum = 5, points = 100, degree = 5 } = options
  assertInteger(degree, 'degree')
  assertInteger(points, 'points', degree + 1)
  if (!(minimum < maximum)) {
    throw new GuerdonError('invalid_option', `expected minimum < maximum; got ${minimum} and ${maximum}`, {
      path: ['minimum'],
    })
  }
  const columns = degree + 1
  const scale = Math.max(Math.abs(minimum), Math.abs(maximum))
  const rows: Float64Array[] = []
  const target = new Float64Array(points)
  for (let i = 0; i < points; i++) {
    const x = points === 1 ? minimum : minimum + ((maximum - minimum) * i) / (points - 1)
    rows.push(Float64Array.from({ length: columns }, (_, power) => (x / scale) ** (degree - power)))
    target[i] = sigmoid(x)
  }
  const scaled = leastSquares(rows, target, columns)
  return { coefficients: scaled.map((value, power) => value / scale ** (degree - power)), minimum, maximum }
}

/**
 * The fitted stand-in for σ(x): the polynomial inside (minimum, maximum), 0 at and below, 1 at and above.
 *
 * Kept for comparison only: it jumps at both ends and overshoots 1 just below the upper one (≈ 1.0108 for the default fit).
 */
export function fittedSigmoid(x: number, fit: FittedSigmoid): number {
  if (x <= fit.minimum) return 0
  if (x >= fit.maximum) return 1
  let value = 0
  for (let i = 0; i < fit.coefficients.length; i++) value = value * x + fit.coefficients[i]
  return value
}

/** Solves min ‖A·w − y‖² by Householder QR; overwrites both arguments. */
function leastSquares(rows: Float64Array[], y: Float64Array, columns: number): Float64Array {
  for (let k = 0; k < columns; k++) {
    let norm = 0
    for (let i = k; i < rows.length; i++) norm += rows[i][k] ** 2
    norm = Math.sqrt(norm)
    const diagonal = rows[k][k] > 0 ? -norm : norm
    const reflector = rows.slice(k).map(row => row[k])
    reflector[0] -= diagonal
    const length = reflector.reduce((total, value) => total + value * value, 0)
    for (let j = k; j < columns; j++) {
      let product = 0
      for (let i = k; i < rows.length; i++) product += reflector[i - k] * rows[i][j]
      for (let i = k; i < rows.length; i++) rows[i][j] -= (2 * product * reflector[i - k]) / length
    }
    let product = 0
    for (let i = k; i < rows.length; i++) product += reflector[i - k] * y[i]
    for (let i = k; i < rows.length; i++) y[i] -= (2 * product * reflector[i - k]) / length
  }
  const solution = new Float64Array(columns)
  for (let k = columns - 1; k >= 0; k--) {
    let rest = y[k]
    for (let j = k + 1; j < columns; j++) rest -= rows[k][j] * solution[j]
    solution[k] = rest / rows[k][k]
  }
  return solution
}
