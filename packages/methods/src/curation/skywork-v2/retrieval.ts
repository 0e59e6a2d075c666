import { assertInRange, assertInteger, assertSameLength, GuerdonError, type Random, sigmoid } from '@guerdon/core'

/** How sure a reward model is of each pair's label, and how many similar pool items that calls for. */
export interface RetrievalPlan {
  /** [N] p = σ(r(chosen) − r(rejected)); 0 where a score is not a number. */
  readonly p: Float64Array
  /** [N] items to retrieve. */
  readonly k: Int32Array
  /** [N] 1 where a score was not finite: counted as incorrect. */
  readonly flagged: Uint8Array
}

/**
 * Confidence of a reward model in the labels of verified pairs, and the retrieval count that follows: annotate most where the
 * model is wrong.
 *
 * @param options maxCount k_max, default 8
 */
export function retrievalPlan(
  chosenRewards: ArrayLike<number>,
  rejectedRewards: ArrayLike<number>,
  options: { readonly maxCount?: number } = {},
): RetrievalPlan {
  assertSameLength(chosenRewards, 'chosenRewards', rejectedRewards, 'rejectedRewards')
  const flagged = new Uint8Array(chosenRewards.length)
  const p = Float64Array.from(chosenRewards, (chosen, i) => {
    const difference = chosen - rejectedRewards[i]
    if (!Number.isNaN(difference)) return sigmoid(difference)
    flagged[i] = 1
    return 0
  })
  return { p, k: retrievalCounts(p, options), flagged }
}

/** k = k_max for p ≤ ½ (an equal score is incorrect), else ⌈k_max·(1 − p)⌉: at least 1 unless p is exactly 1. */
export function retrievalCounts(p: ArrayLike<number>, options: { readonly maxCount?: number } = {}): Int32Array {
  const { maxCount = 8 } = options
  assertInteger(maxCount, 'maxCount')
  return Int32Array.from(p, (confidence, i) => {
    if (Number.isNaN(confidence)) return maxCount
    assertInRange(confidence, `p[${i}]`, 0, 1)
    return confidence <= 0.5 ? maxCount : Math.ceil(maxCount * (1 - confidence))
  })
}

/** Pool items found for each query, and all of them once. */
export interface Retrieved {
  /** [Q][kᵢ] most similar first. */
  readonly perQuery: readonly number[][]
  /** Every item once, in the order first seen: an item found by several queries is labelled once. */
  readonly union: number[]
}

/**
 * The pool items most similar to each query by cosine, ties to the lower index; all of a pool smaller than k. A zero vector is
 * similar to nothing (cosine 0).
 *
 * @param queries [Q][d] embeddings of (conversation, attributes)
 * @param counts [Q] k of each query
 * @param pool [M][d]
 */
export function retrieveSimilar(
  queries: readonly ArrayLike<number>[],
  counts: ArrayLike<number>,
  pool: readonly ArrayLike<number>[],
): Retrieved {
  assertSameLength(queries, 'queries', counts, 'counts')
  const norms = pool.map(norm)
  const perQuery = queries.map((query, q) => {
    const length = norm(query)
    const similarities = pool.map((item, i) => {
      assertSameLength(query, `queries[${q}]`, item, `pool[${i}]`)
      const scale = length * norms[i]
      return scale === 0 ? 0 : dot(query, item) / scale
    })
    const order = similarities.map((_, i) => i).sort((a, b) => similarities[b] - similarities[a] || a - b)
    return order.slice(0, counts[q])
  })
  return { perQuery, union: [...new Set(perQuery.flat())] }
}

/**
 * Adds `extra` random pool items that no query found, so that a confident model still meets something new.
 *
 * @returns the union, then the new items in the order drawn
 */
export function exploreRandomly(union: readonly number[], poolSize: number, extra: number, random: Random): number[] {
  assertInteger(extra, 'extra')
  const known = new Set(union)
  const rest = Array.from({ length: poolSize }, (_, i) => i).filter(i => !known.has(i))
  return [...union, ...random.shuffle(rest).slice(0, extra)]
}

/** Pool indices left after some were labelled; a labelled item must leave, or verified data leaks into training data. */
export function remainingPool(poolSize: number, labelled: readonly number[]): number[] {
  const gone = new Set(labelled)
  return Array.from({ length: poolSize }, (_, i) => i).filter(i => !gone.has(i))
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < a.length; i++) total += a[i] * b[i]
  return total
}

function norm(vector: ArrayLike<number>): number {
  const length = Math.sqrt(dot(vector, vector))
  if (Number.isFinite(length)) return length
  throw new GuerdonError('not_finite', `expected finite embeddings; got one of length ${length}`, {
    path: ['embeddings'],
  })
}
