import { assertFinite, assertSameLength } from '@guerdon/core'
import { dotProduct, euclideanNorm } from './linear-algebra.ts'

/**
 * Cosine of two vectors, a·b / (‖a‖·‖b‖ + ε) ∈ [−1, 1]. A vector of zeros gives 0. ε = 0 unless told; a positive one
 * stands beside the product of the norms and shrinks the cosine of tiny vectors.
 *
 * @throws shape_mismatch for unequal lengths, not_finite for NaN or ±Infinity
 */
export function cosineSimilarity(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: { readonly epsilon?: number } = {},
): number {
  const { epsilon = 0 } = options
  assertSameLength(a, 'a', b, 'b')
  assertFinite(a, 'a')
  assertFinite(b, 'b')
  const norms = euclideanNorm(a) * euclideanNorm(b)
  return norms === 0 ? 0 : dotProduct(a, b) / (norms + epsilon)
}
