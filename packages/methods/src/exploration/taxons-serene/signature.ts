import { assertFinite, assertInteger, assertNotEmpty, assertSameLength } from '@guerdon/core'

/**
 * Signature of a piecewise linear path through observations, levels 1 … N one after another, each row-major: iterated
 * integrals S^{i₁…i_m} = ∫_{s₁<…<s_m} dX^{i₁}⋯dX^{i_m}. A piece with increment Δ has levels Δ^{⊗m}/m!; pieces are joined by
 * Chen's identity S_m(γ∗δ) = Σ_j S_j(γ)⊗S_{m−j}(δ).
 *
 * Independent of speed and of length, blind to a stretch walked forth and back; add a time column (`withTime`) where that
 * matters. A path of one point, or one that stands still, has signature 0.
 *
 * Paolo, arXiv 2203.01027; order of entries as in iisignature.
 *
 * @param path [n][d]
 * @param options.depth N ≥ 1, default 2
 * @returns [d + d² + … + d^N]
 */
export function signature(path: readonly ArrayLike<number>[], options: { readonly depth?: number } = {}): Float64Array {
  const { depth = 2 } = options
  assertInteger(depth, 'depth', 1)
  const size = checkedPath(path)
  let levels: readonly Float64Array[] = Array.from({ length: depth }, (_, m) => new Float64Array(size ** (m + 1)))
  for (let step = 1; step < path.length; step++) {
    levels = chen(levels, pieceLevels(path[step - 1], path[step], depth))
  }
  const result = new Float64Array(levels.reduce((sum, level) => sum + level.length, 0))
  let offset = 0
  for (const level of levels) {
    result.set(level, offset)
    offset += level.length
  }
  return result
}

/**
 * Log-signature at depth 2: the total increment [d], then the signed areas A^{ij} = ½(S^{ij} − S^{ji}) for i < j in the order
 * (0,1), (0,2), …: what tells a clockwise path from a counter-clockwise one with the same end.
 *
 * @param path [n][d]
 * @returns [d + d(d − 1)/2]
 */
export function logSignature(path: readonly ArrayLike<number>[]): Float64Array {
  const size = checkedPath(path)
  const levels = signature(path, { depth: 2 })
  const areas: number[] = []
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++) areas.push((levels[size + i * size + j] - levels[size + j * size + i]) / 2)
  }
  return Float64Array.of(...levels.subarray(0, size), ...areas)
}

/** Time and length of a path. */
export interface PathTime {
  /** Steps of the trajectory the observations were taken from. Default their number. */
  readonly length?: number
  /** Longest possible trajectory T_max. */
  readonly longest: number
}

/** n evenly spaced times from 0 to length/T_max, [n]. */
export function timeColumn(observations: number, time: PathTime): Float64Array {
  const { length = observations, longest } = time
  assertInteger(longest, 'longest', 1)
  return Float64Array.from({ length: observations }, (_, i) =>
    observations === 1 ? 0 : ((i / (observations - 1)) * length) / longest,
  )
}

/** The path with a time column behind it, [n][d + 1]: signatures then see speed and tell all paths apart. */
export function withTime(path: readonly ArrayLike<number>[], time: PathTime): Float64Array[] {
  const times = timeColumn(path.length, time)
  return path.map((point, i) => Float64Array.of(...Array.from(point), times[i]))
}

function checkedPath(path: readonly ArrayLike<number>[]): number {
  assertNotEmpty(path, 'path')
  for (const [i, point] of path.entries()) {
    assertSameLength(path[0], 'path[0]', point, `path[${i}]`)
    assertFinite(point, 'path', ['path', i])
  }
  return path[0].length
}

/** Δ^{⊗m}/m! for m = 1 … depth. */
function pieceLevels(from: ArrayLike<number>, to: ArrayLike<number>, depth: number): Float64Array[] {
  const increment = Float64Array.from(from, (value, d) => to[d] - value)
  const levels = [increment]
  for (let m = 2; m <= depth; m++) {
    levels.push(tensorProduct(levels[m - 2], increment).map(value => value / m))
  }
  return levels
}

function chen(first: readonly Float64Array[], second: readonly Float64Array[]): Float64Array[] {
  return first.map((level, index) => {
    const joined = level.map((value, k) => value + second[index][k])
    for (let j = 0; j < index; j++) {
      const product = tensorProduct(first[j], second[index - 1 - j])
      for (let k = 0; k < joined.length; k++) joined[k] += product[k]
    }
    return joined
  })
}

function tensorProduct(a: Float64Array, b: Float64Array): Float64Array {
  const product = new Float64Array(a.length * b.length)
  for (let i = 0; i < a.length; i++) for (let j = 0; j < b.length; j++) product[i * b.length + j] = a[i] * b[j]
  return product
}
