import type { Random } from '@guerdon/core'
import type { Tensor } from '../graph.ts'
import { type NdArray, sizeOf } from '../ndarray.ts'
import { mul } from '../operators/binary.ts'
import { equal, lessEqual, where } from '../operators/compare.ts'
import { reshape, sliceAxis, transpose } from '../operators/layout.ts'
import { causalMask } from '../operators/masks.ts'
import { matmul } from '../operators/matmul.ts'
import { softmax } from '../operators/softmax.ts'
import { arange } from '../operators/source.ts'
import { shapeError } from '../shape.ts'
import { type Dense, dense, denseParameters } from './dense.ts'

/** Parameters of {@link attention}: one matrix `[width][3·width]` for queries, keys and values, and the output's. */
export interface Attention<T = Tensor> {
  projection: Dense<T>
  output: Dense<T>
}

/** Keys and values of earlier positions, `[B][heads][T][width/heads]`, T the longest length. */
export interface AttentionCache<T = Tensor> {
  keys: T
  values: T
}

/** New parameters, uniform in ±1/√width. */
export function attentionParameters(random: Random, options: { width: number; bias?: boolean }): Attention<NdArray> {
  const { width, bias = true } = options
  return {
    projection: denseParameters(random, { inputs: width, outputs: 3 * width, bias }),
    output: denseParameters(random, { inputs: width, outputs: width, bias }),
  }
}

/** An empty cache. */
export function attentionCache(options: {
  batch: number
  heads: number
  length: number
  width: number
}): AttentionCache<NdArray> {
  const { batch, heads, length, width } = options
  const shape = [batch, heads, length, width / heads]
  const empty = (): NdArray => ({ dtype: 'float32', shape, data: new Float32Array(sizeOf(shape)) })
  return { keys: empty(), values: empty() }
}

/** Queries, keys and values, each `[B][heads][T][width/heads]`. */
function project(parameters: Attention, x: Tensor, heads: number): [Tensor, Tensor, Tensor] {
  const [batch, length, width] = x.shape
  if (x.shape.length !== 3 || width % heads !== 0) {
    throw shapeError('attention', `[B][T][width] with a width that ${heads} heads divide`, `[${x.shape}]`)
  }
  const all = reshape(dense(parameters.projection, x), [batch, length, 3, heads, width / heads])
  const apart = transpose(all, [2, 0, 3, 1, 4])
  const part = (i: number) => reshape(sliceAxis(apart, 0, i, i + 1), apart.shape.slice(1))
  return [part(0), part(1), part(2)]
}

function mix(parameters: Attention, query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | undefined): Tensor {
  const [batch, heads, length, perHead] = query.shape
  const raw = matmul(mul(query, 1 / Math.sqrt(perHead)), keys, { transposeB: true })
  // A finite floor keeps rows without any permitted position at uniform weights rather than NaN.
  const scores = mask === undefined ? raw : where(mask, raw, -1e30)
  const mixed = transpose(matmul(softmax(scores), values), [0, 2, 1, 3])
  return dense(parameters.output, reshape(mixed, [batch, length, heads * perHead]))
}

/**
 * Multi-head self-attention softmax(QKᵀ/√d_h)·V over x `[B][T][width]`. `causal` (default false) lets position t see
 * positions ≤ t; `mask` (bool, broadcasting to `[B][heads][T][T]`, true where permitted) replaces it.
 */
export function attention(
  parameters: Attention,
  x: Tensor,
  options: { heads: number; causal?: boolean; mask?: Tensor },
): Tensor {
  const [query, keys, values] = project(parameters, x, options.heads)
  const mask = options.mask ?? (options.causal ? causalMask(x.shape[1]) : undefined)
  return mix(parameters, query, keys, values, mask)
}

/**
 * Causal self-attention of one further position: x `[B][1][width]` at `position` (int32 scalar) against the cache, which
 * gets the new key and value. Equal to the row `position` of {@link attention} over the whole sequence.
 */
export function attentionStep(
  parameters: Attention,
  x: Tensor,
  cache: AttentionCache,
  position: Tensor,
  options: { heads: number },
): { output: Tensor; cache: AttentionCache } {
  const [query, key, value] = project(parameters, x, options.heads)
  const places = arange(cache.keys.shape[2])
  const here = reshape(equal(places, position), [-1, 1])
  const keys = where(here, key, cache.keys)
  const values = where(here, value, cache.values)
  return { output: mix(parameters, query, keys, values, lessEqual(places, position)), cache: { keys, values } }
}
