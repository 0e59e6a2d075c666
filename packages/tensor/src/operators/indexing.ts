import { GuerdonError } from '@guerdon/core'
import { node, type Operator, type Tensor } from '../graph.ts'
import type { Emitter } from '../lower/emitter.ts'
import { allocate, type DType, type NdArray, sizeOf } from '../ndarray.ts'
import { aroundAxis, normalizeAxis, sameShape, shapeError, stridedOffsets, stridesOf } from '../shape.ts'
import { equal } from './compare.ts'
import { zerosLike } from './fill.ts'
import { expandDims } from './layout.ts'
import { cast, expectDtype, like, toFloat, unify } from './operands.ts'
import { arange } from './source.ts'

function position(operator: string, index: number, extent: number): number {
  const result = index < 0 ? index + extent : index
  if (result >= 0 && result < extent) return result
  throw new GuerdonError(
    'invalid_input',
    `${operator}: expected indices in [${-extent}, ${extent - 1}]; got ${index}`,
    {
      path: [operator, 'indices'],
    },
  )
}

/** Calls back with the flat positions (in x, in the gathered array) of every pair that gather connects. */
function eachGathered(
  operator: string,
  xShape: readonly number[],
  axis: number,
  indices: NdArray,
  visit: (inX: number, inY: number) => void,
): void {
  const { outer, extent, inner } = aroundAxis(xShape, axis)
  const count = indices.data.length
  for (let j = 0; j < count; j++) {
    const index = position(operator, indices.data[j], extent)
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) visit((o * extent + index) * inner + i, (o * count + j) * inner + i)
    }
  }
}

/** The same for indices that name one element along the axis for every position. */
function eachAlongAxis(
  operator: string,
  xShape: readonly number[],
  axis: number,
  indices: NdArray,
  visit: (inX: number, inY: number) => void,
): void {
  const strides = stridesOf(xShape)
  const bases = stridedOffsets(
    indices.shape,
    strides.map((stride, a) => (a === axis ? 0 : stride)),
  )
  for (let j = 0; j < bases.length; j++) {
    visit(bases[j] + position(operator, indices.data[j], xShape[axis]) * strides[axis], j)
  }
}

type Connections = typeof eachGathered

function take(node: Tensor<{ axis: number }>, [x, indices]: readonly NdArray[], each: Connections): NdArray {
  const data = allocate(node.dtype, sizeOf(node.shape))
  each(node.op.name, x.shape, node.attributes.axis, indices, (inX, inY) => {
    data[inY] = x.data[inX]
  })
  return like(node as Tensor, data)
}

function putAdd(node: Tensor<{ axis: number }>, inputs: readonly NdArray[], each: Connections): NdArray {
  const [x, indices, updates] = inputs
  const data = x.data.slice()
  each(node.op.name, x.shape, node.attributes.axis, indices, (inX, inY) => {
    data[inX] += updates.data[inY]
  })
  return like(node as Tensor, data)
}

type AxisOperator = Operator<{ axis: number }>

/** Takes whole slices at indices along an axis. */
export const gatherOperator: AxisOperator = {
  name: 'gather',
  vjp(y, cotangent) {
    const [x, indices] = y.inputs
    return [scatterAdd(zerosLike(x), indices, cotangent, y.attributes), null]
  },
  evaluate: (node, inputs) => take(node, inputs, eachGathered),
  lower: (node, inputs, emit) => emit.one('Gather', inputs, { axis: { int: node.attributes.axis } }),
}

/** Adds whole slices at indices along an axis: the transpose of gather. Slices that meet add up. */
export const scatterAddOperator: AxisOperator = {
  name: 'scatterAdd',
  vjp(y, cotangent) {
    return [cotangent, null, gather(cotangent, y.inputs[1], y.attributes)]
  },
  evaluate: (node, inputs) => putAdd(node, inputs, eachGathered),
  lower(node, [x, indices, updates], emit) {
    const { axis } = node.attributes
    const [source, indexTensor, updateTensor] = node.inputs
    const count = sizeOf(indexTensor.shape)
    const flat = [...source.shape.slice(0, axis), count, ...source.shape.slice(axis + 1)]
    const rows = sameShape(flat, updateTensor.shape) ? updates : emit.one('Reshape', [updates, emit.ints(flat)])
    if (emit.singleThread && axis === 0) {
      const rowIndices = emit.one('Reshape', [emit.cast(indices, 'int64'), emit.ints([count, 1])])
      return emit.one('ScatterND', [x, rowIndices, rows], { reduction: { string: 'add' } })
    }
    const column = flat.map((_, a) => (a === axis ? count : 1))
    const spread = emit.one('Expand', [
      emit.one('Reshape', [emit.cast(indices, 'int64'), emit.ints(column)]),
      emit.ints(flat),
    ])
    return scatterElements(x, spread, rows, axis, emit)
  },
}

function scatterElements(x: string, indices: string, updates: string, axis: number, emit: Emitter): string {
  return emit.one('ScatterElements', [x, indices, updates], { axis: { int: axis }, reduction: { string: 'add' } })
}

/** Takes one element along an axis for every position of the indices. */
export const takeAlongAxisOperator: AxisOperator = {
  name: 'takeAlongAxis',
  vjp(y, cotangent) {
    const [x, indices] = y.inputs
    return [scatterAddAlongAxis(zerosLike(x), indices, cotangent, y.attributes), null]
  },
  evaluate: (node, inputs) => take(node, inputs, eachAlongAxis),
  lower: (node, inputs, emit) => emit.one('GatherElements', inputs, { axis: { int: node.attributes.axis } }),
}

/** Adds one element along an axis for every position of the indices: the transpose of takeAlongAxis. */
export const scatterAddAlongAxisOperator: AxisOperator = {
  name: 'scatterAddAlongAxis',
  vjp(y, cotangent) {
    return [cotangent, null, takeAlongAxis(cotangent, y.inputs[1], y.attributes)]
  },
  evaluate: (node, inputs) => putAdd(node, inputs, eachAlongAxis),
  lower: (node, [x, indices, updates], emit) => scatterElements(x, indices, updates, node.attributes.axis, emit),
}

/** Operators of this file, for tables and tests. */
export const indexingOperators = [
  gatherOperator,
  scatterAddOperator,
  takeAlongAxisOperator,
  scatterAddAlongAxisOperator,
] as unknown as Operator[]

/**
 * Slices of x at `indices` (int32, any shape) along `axis` (default 0): the axis is replaced by the axes of the indices,
 * `x[V][d]`, `indices[B][T]` → `[B][T][d]`. Negative indices count from the back; indices beyond the ends are an error.
 */
export function gather(x: Tensor, indices: Tensor, options: { axis?: number } = {}): Tensor {
  expectDtype('gather', 'indices', indices, 'int32')
  const axis = normalizeAxis('gather', options.axis ?? 0, x.shape.length)
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)]
  return node(gatherOperator, [x, indices], { axis }, shape, x.dtype)
}

/**
 * x with `updates` added to its slices at `indices` along `axis` (default 0); slices that meet add up. `updates` has the
 * shape that `gather(x, indices, { axis })` would have: for segment sums give `x` zeros `[S]`, `indices` and `updates` `[N]`.
 */
export function scatterAdd(x: Tensor, indices: Tensor, updates: Tensor, options: { axis?: number } = {}): Tensor {
  expectDtype('scatterAdd', 'indices', indices, 'int32')
  const [target, added] = unify(x, updates)
  const axis = normalizeAxis('scatterAdd', options.axis ?? 0, x.shape.length)
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)]
  if (!sameShape(added.shape, shape)) {
    throw shapeError('scatterAdd', `updates of shape [${shape}]`, `[${added.shape}]`)
  }
  return node(scatterAddOperator, [target, indices, added], { axis }, x.shape, target.dtype)
}

function checkAlongAxis(operator: string, x: Tensor, indices: Tensor, axis: number): number {
  expectDtype(operator, 'indices', indices, 'int32')
  const at = normalizeAxis(operator, axis, x.shape.length)
  const fits = indices.shape.length === x.shape.length
  if (!fits || indices.shape.some((extent, a) => a !== at && extent !== x.shape[a])) {
    throw shapeError(operator, `indices shaped as [${x.shape}] but for axis ${at}`, `[${indices.shape}]`)
  }
  return at
}

/** y[…, j, …] = x[…, indices[…, j, …], …] along `axis` (default the last); indices int32, shaped as x but for that axis. */
export function takeAlongAxis(x: Tensor, indices: Tensor, options: { axis?: number } = {}): Tensor {
  const axis = checkAlongAxis('takeAlongAxis', x, indices, options.axis ?? -1)
  return node(takeAlongAxisOperator, [x, indices], { axis }, indices.shape, x.dtype)
}

/** x with `updates` (shaped as `indices`) added at the elements that `takeAlongAxis(x, indices)` would read. */
export function scatterAddAlongAxis(
  x: Tensor,
  indices: Tensor,
  updates: Tensor,
  options: { axis?: number } = {},
): Tensor {
  const axis = checkAlongAxis('scatterAddAlongAxis', x, indices, options.axis ?? -1)
  const [target, added] = unify(x, updates)
  if (!sameShape(added.shape, indices.shape)) {
    throw shapeError('scatterAddAlongAxis', `updates of shape [${indices.shape}]`, `[${added.shape}]`)
  }
  return node(scatterAddAlongAxisOperator, [target, indices, added], { axis }, x.shape, target.dtype)
}

/** 1 at the position of each index and 0 elsewhere: `[…]` → `[…][depth]`; all 0 where an index is outside [0, depth). */
export function oneHot(indices: Tensor, options: { depth: number; dtype?: DType }): Tensor {
  expectDtype('oneHot', 'indices', indices, 'int32')
  const hits = equal(expandDims(indices, { axis: indices.shape.length }), arange(options.depth))
  return options.dtype === undefined ? toFloat(hits) : cast(hits, options.dtype)
}
