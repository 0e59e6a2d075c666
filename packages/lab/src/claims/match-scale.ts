import { GuerdonError } from '@guerdon/core'

/**
 * Rescales advantages in place to the root mean square of a reference: A ← A · √(Σ R² / n_R) / √(Σ A² / n_A). An estimator
 * that merely multiplies the gradient is not better; with matched scales it can only win by direction. Advantages that are
 * all 0 stay so.
 *
 * @param advantages [n_A] entries that are trained on
 * @param reference [n_R] the plain estimator's, for the same rollouts
 * @returns the factor
 * @throws not_finite when either has NaN or ±Infinity
 */
export function matchScale(advantages: Float64Array | Float32Array, reference: ArrayLike<number>): number {
  const own = rootMeanSquare(advantages, 'advantages')
  const target = rootMeanSquare(reference, 'reference')
  const factor = own === 0 ? 1 : target / own
  for (let i = 0; i < advantages.length; i++) advantages[i] *= factor
  return factor
}

function rootMeanSquare(values: ArrayLike<number>, name: string): number {
  let total = 0
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new GuerdonError('not_finite', `expected finite ${name}; got ${values[i]} at ${i}`, { path: [name, i] })
    }
    total += values[i] * values[i]
  }
  return values.length === 0 ? 0 : Math.sqrt(total / values.length)
}
