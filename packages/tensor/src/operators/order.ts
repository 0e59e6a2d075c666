import { node, type Operator, type Tensor } from '../graph.ts'
import { type NdArray, sizeOf } from '../ndarray.ts'
import { normalizeAxis, shapeError, stridedOffsets, stridesOf } from '../shape.ts'
import { takeAlongAxis } from './indexing.ts'
import { like } from './operands.ts'

interface TopKAttributes {
  readonly [name: string]: number | boolean
  axis: number
  k: number
  largest: boolean
}

/** Positions of the k largest or smallest elements along an axis, best first, ties in order of position. */
export const topKOperator: Operator<TopKAttributes> = {
  name: 'topK',
  evaluate(node, [x]) {
    const { axis, k, largest } = node.attributes
    const data = new Int32Array(sizeOf(node.shape))
    eachLine(node, x, axis, (values, at) => {
      const order = Array.from(values, (_, index) => index)
      order.sort((i, j) => (largest ? values[j] - values[i] : values[i] - values[j]) || i - j)
      for (let rank = 0; rank < k; rank++) data[at(rank)] = order[rank]
    })
    return like(node as Tensor, data)
  },
  lower(node, [x], emit) {
    const { axis, k, largest } = node.attributes
    const attributes = { axis: { int: axis }, largest: { int: Number(largest) }, sorted: { int: 1 } }
    return emit.cast(emit.many('TopK', [x, emit.ints([k])], 2, attributes)[1], 'int32')
  },
}

interface ArgAttributes {
  readonly [name: string]: number | boolean
  axis: number
  keepDims: boolean
  largest: boolean
}

/** Position of the largest or smallest element along an axis, the first where several tie. */
export const argOperator: Operator<ArgAttributes> = {
  name: 'argMax',
  evaluate(node, [x]) {
    const { axis, largest } = node.attributes
    const data = new Int32Array(sizeOf(node.shape))
    eachLine(node, x, axis, (values, at) => {
      let best = 0
      for (let i = 1; i < values.length; i++) {
        if (largest ? values[i] > values[best] : values[i] < values[best]) best = i
      }
      data[at(0)] = best
    })
    return like(node as Tensor, data)
  },
  lower(node, [x], emit) {
    const { axis, keepDims, largest } = node.attributes
    const found = emit.one(largest ? 'ArgMax' : 'ArgMin', [x], {
      axis: { int: axis },
      keepdims: { int: Number(keepDims) },
      select_last_index: { int: 0 },
    })
    return emit.cast(found, 'int32')
  },
}

/** Operators of this file, for tables and tests. */
export const orderOperators = [topKOperator, argOperator] as unknown as Operator[]

/** Calls back with the values of every line along `axis` and where results of that line are stored. */
function eachLine(
  node: { readonly shape: readonly number[] },
  x: NdArray,
  axis: number,
  visit: (values: Float64Array, at: (rank: number) => number) => void,
): void {
  const strides = stridesOf(x.shape)
  const lines = x.shape.map((extent, a) => (a === axis ? 1 : extent))
  const kept = node.shape.length === x.shape.length ? node.shape : lines
  const outStrides = stridesOf(kept)
  const bases = stridedOffsets(lines, strides)
  const outBases = stridedOffsets(lines, outStrides)
  const values = new Float64Array(x.shape[axis])
  for (let line = 0; line < bases.length; line++) {
    for (let i = 0; i < values.length; i++) values[i] = x.data[bases[line] + i * strides[axis]]
    visit(values, rank => outBases[line] + rank * outStrides[axis])
  }
}

/** The k largest (or, `largest: false`, smallest) elements along `axis` (default the last), best first, and their int32 positions. */
export function topK(
  x: Tensor,
  options: { k: number; axis?: number; largest?: boolean },
): { values: Tensor; indices: Tensor } {
  const axis = normalizeAxis('topK', options.axis ?? -1, x.shape.length)
  const { k, largest = true } = options
  if (!Number.isInteger(k) || k < 1 || k > x.shape[axis]) {
    throw shapeError('topK', `k in [1, ${x.shape[axis]}], the extent of axis ${axis}`, `${k}`)
  }
  const shape = x.shape.map((extent, a) => (a === axis ? k : extent))
  const indices = node(topKOperator, [x], { axis, k, largest }, shape, 'int32')
  return { values: takeAlongAxis(x, indices, { axis }), indices }
}

/** x sorted along `axis` (default the last), ascending unless `descending`; the gradient follows the elements. */
export function sort(x: Tensor, options: { axis?: number; descending?: boolean } = {}): Tensor {
  return takeAlongAxis(x, argSort(x, options), { axis: options.axis ?? -1 })
}

/** int32 positions that sort x along `axis` (default the last); equal elements keep their order. */
export function argSort(x: Tensor, options: { axis?: number; descending?: boolean } = {}): Tensor {
  const axis = normalizeAxis('sort', options.axis ?? -1, x.shape.length)
  return topK(x, { k: x.shape[axis], axis, largest: options.descending ?? false }).indices
}

function argExtreme(x: Tensor, options: { axis?: number; keepDims?: boolean }, largest: boolean): Tensor {
  const axis = normalizeAxis('argMax', options.axis ?? -1, x.shape.length)
  const keepDims = options.keepDims ?? false
  const shape = x.shape.flatMap((extent, a) => (a !== axis ? [extent] : keepDims ? [1] : []))
  return node(argOperator, [x], { axis, keepDims, largest }, shape, 'int32')
}

/** int32 position of the largest element along `axis` (default the last); the first of equals. */
export function argMax(x: Tensor, options: { axis?: number; keepDims?: boolean } = {}): Tensor {
  return argExtreme(x, options, true)
}

/** int32 position of the smallest element along `axis` (default the last); the first of equals. */
export function argMin(x: Tensor, options: { axis?: number; keepDims?: boolean } = {}): Tensor {
  return argExtreme(x, options, false)
}
