import { assertInteger, assertSameRagged, GuerdonError } from '@guerdon/core'
import { dotProduct, euclideanNorm } from '../../shared/linear-algebra.ts'

/**
 * Positive pointwise mutual information of a co-occurrence table: max(0, log(n_wc·N / (n_w·n_c))); 0 where a count is
 * 0.
 *
 * @param counts [W][C] how often word w occurred near context c, ≥ 0
 * @returns [W][C]
 */
export function positivePmi(counts: readonly ArrayLike<number>[]): Float64Array[] {
  if (counts.length === 0) throw new GuerdonError('empty', 'expected counts of at least one word; got none')
  const like = counts.map(() => counts[0])
  assertSameRagged(counts, 'counts', like, 'counts of the first word')
  const columns = new Float64Array(counts[0].length)
  const rows = new Float64Array(counts.length)
  let total = 0
  counts.forEach((row, w) => {
    for (let c = 0; c < row.length; c++) {
      rows[w] += row[c]
      columns[c] += row[c]
      total += row[c]
    }
  })
  return counts.map((row, w) =>
    Float64Array.from(row, (count, c) =>
      count > 0 ? Math.max(0, Math.log((count * total) / (rows[w] * columns[c]))) : 0,
    ),
  )
}

/**
 * Unit word vectors from co-occurrences: PPMI, truncated singular value decomposition (left vectors times singular
 * values), rows scaled to length 1. Words with like contexts get like vectors, so synonyms do. Deterministic; O(W²·C +
 * W³), for vocabularies of some hundred words. Words that never occurred get zeros.
 *
 * @param counts [W][C]
 * @returns [W][min(dimension, W)]
 */
export function wordVectors(
  counts: readonly ArrayLike<number>[],
  options: { readonly dimension?: number } = {},
): Float64Array[] {
  const { dimension = 32 } = options
  assertInteger(dimension, 'dimension', 1)
  const table = positivePmi(counts)
  const gram = table.map(row => Float64Array.from(table, other => dotProduct(row, other)))
  const { values, vectors } = symmetricEigen(gram)
  const order = Array.from(values, (_, k) => k).sort((a, b) => values[b] - values[a])
  const kept = order.slice(0, dimension)
  return table.map((_, w) => {
    const vector = Float64Array.from(kept, k => vectors[w][k] * Math.sqrt(Math.max(0, values[k])))
    const norm = euclideanNorm(vector)
    return norm > 1e-12 ? vector.map(value => value / norm) : vector.fill(0)
  })
}

/** Mean of word vectors: the embedding of a text as word numbers. Zeros for no words. */
export function meanOfWords(words: ArrayLike<number>, vectors: readonly ArrayLike<number>[]): Float64Array {
  const mean = new Float64Array(vectors[0]?.length ?? 0)
  for (let i = 0; i < words.length; i++) {
    const vector = vectors[words[i]]
    if (vector === undefined) {
      throw new GuerdonError('invalid_input', `expected words in [0, ${vectors.length}); got ${words[i]}`, {
        path: ['words', i],
      })
    }
    for (let k = 0; k < mean.length; k++) mean[k] += vector[k] / words.length
  }
  return mean
}

/** Eigenvalues and eigenvectors (columns) of a symmetric matrix by cyclic Jacobi rotations. */
function symmetricEigen(matrix: readonly Float64Array[]): { values: Float64Array; vectors: Float64Array[] } {
  const n = matrix.length
  const a = matrix.map(row => row.slice())
  const v = matrix.map((_, i) => Float64Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)))
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0
    let diagonal = 0
    for (let i = 0; i < n; i++) {
      diagonal += a[i][i] ** 2
      for (let j = i + 1; j < n; j++) off += a[i][j] ** 2
    }
    if (off <= 1e-26 * diagonal) break
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) if (a[p][q] !== 0) rotate(a, v, p, q)
  }
  return { values: Float64Array.from(a, (row, i) => row[i]), vectors: v }
}

function rotate(a: Float64Array[], v: Float64Array[], p: number, q: number): void {
  const theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
  const c = 1 / Math.sqrt(t * t + 1)
  const s = t * c
  for (let k = 0; k < a.length; k++) {
    const [kp, kq] = [a[k][p], a[k][q]]
    a[k][p] = c * kp - s * kq
    a[k][q] = s * kp + c * kq
  }
  for (let k = 0; k < a.length; k++) {
    const [pk, qk] = [a[p][k], a[q][k]]
    a[p][k] = c * pk - s * qk
    a[q][k] = s * pk + c * qk
    const [vp, vq] = [v[k][p], v[k][q]]
    v[k][p] = c * vp - s * vq
    v[k][q] = s * vp + c * vq
  }
}
