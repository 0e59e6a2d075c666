import type { Random } from '@guerdon/core'
import type { Tensor } from '../graph.ts'
import { type NdArray, sizeOf } from '../ndarray.ts'
import { add, mul } from '../operators/binary.ts'
import { equal, less, where } from '../operators/compare.ts'
import { concat, reshape, sliceAxis, transpose } from '../operators/layout.ts'
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
  // Adding costs no work in the gradient; a finite floor keeps rows without any permitted position from becoming NaN.
  const scores = mask === undefined ? raw : add(raw, where(mask, 0, -1e30))
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
 * Causal self-attention of one further position: x `[B][1][width]` at `position` (int32 scalar) against the cache, whose
 * places from `position` on are not read. Equal to the row `position` of {@link attention} over the whole sequence.
 *
 * Returns the new key and value as `entry`, to be put into the cache's arrays with {@link extendCache}, and, for callers
 * that do not write into arrays, the whole extended `cache`; what is not used is not computed. Copying whole caches out
 * of every step costs more than the step.
 */
export function attentionStep(
  parameters: Attention,
  x: Tensor,
  cache: AttentionCache,
  position: Tensor,
  options: { heads: number },
): { output: Tensor; cache: AttentionCache; entry: AttentionCache } {
  const [query, key, value] = project(parameters, x, options.heads)
  const [batch, heads, length, perHead] = cache.keys.shape
  const places = arange(length)
  const scaled = mul(query, 1 / Math.sqrt(perHead))
  const earlier = add(matmul(scaled, cache.keys, { transposeB: true }), where(less(places, position), 0, -1e30))
  const weights = softmax(concat([earlier, matmul(scaled, key, { transposeB: true })], { axis: -1 }))
  const recalled = matmul(sliceAxis(weights, 3, 0, length), cache.values)
  const mixed = add(recalled, mul(sliceAxis(weights, 3, length, length + 1), value))
  const here = reshape(equal(places, position), [-1, 1])
  return {
    output: dense(parameters.output, reshape(mixed, [batch, 1, heads * perHead])),
    cache: { keys: where(here, key, cache.keys), values: where(here, value, cache.values) },
    entry: { keys: key, values: value },
  }
}

/** Writes the entry that {@link attentionStep} gave for `position` into the arrays of the cache, in place. */
export function extendCache(cache: AttentionCache<NdArray>, entry: AttentionCache<NdArray>, position: number): void {
  const [, , length, perHead] = cache.keys.shape
  if (!(position >= 0 && position < length)) {
    throw shapeError('extendCache', `a position in [0, ${length - 1}]`, `${position}`, 'make the cache longer')
  }
  for (const part of ['keys', 'values'] as const) {
    const [target, source] = [cache[part].data, entry[part].data]
    for (let from = 0, to = position * perHead; from < source.length; from += perHead, to += length * perHead) {
      for (let i = 0; i < perHead; i++) target[to + i] = source[from + i]
    }
  }
}
