import { type Attributes, node, type Operator, type Tensor } from '../graph.ts'
import type { Emitter } from '../lower/emitter.ts'
import { allocate, isFloat, type NdArray, sizeOf } from '../ndarray.ts'
import { normalizeAxes, normalizeAxis, reducedShape, shapeError, stridedOffsets, stridesOf } from '../shape.ts'
import { div, mul, sub } from './binary.ts'
import { equal, greater, where } from './compare.ts'
import { ones } from './fill.ts'
import { broadcastTo, concat, reshape, slice, transpose } from './layout.ts'
import { cast, like, toFloat, toTensor } from './operands.ts'
import type { Operand } from './source.ts'
import { abs, exp, sqrt, square } from './unary.ts'

/** Which axes to reduce (all when left out; negative ones count from the back) and whether to keep them with extent 1. */
export interface ReduceOptions {
  readonly axis?: number | readonly number[]
  readonly keepDims?: boolean
}

interface ReduceAttributes extends Attributes {
  axes: readonly number[]
  keepDims: boolean
}

type Reduction = Operator<ReduceAttributes>

/** The values of each reduced cell, gathered for a kernel. */
function evaluateReduction(
  node: Tensor<ReduceAttributes>,
  x: NdArray,
  reduce: (values: Float64Array) => number,
): NdArray {
  const { axes } = node.attributes
  const strides = stridesOf(x.shape)
  const kept = x.shape.map((_, axis) => axis).filter(axis => !axes.includes(axis))
  const pick = (list: readonly number[], from: readonly number[]) => list.map(axis => from[axis])
  const bases = stridedOffsets(pick(kept, x.shape), pick(kept, strides))
  const offsets = stridedOffsets(pick(axes, x.shape), pick(axes, strides))
  const data = allocate(node.dtype, bases.length)
  const values = new Float64Array(offsets.length)
  for (let i = 0; i < bases.length; i++) {
    for (let j = 0; j < offsets.length; j++) values[j] = x.data[bases[i] + offsets[j]]
    data[i] = reduce(values)
  }
  return like(node as Tensor, data)
}

/** A reduced value or cotangent with its axes back as extent 1, so that it broadcasts against the input. */
function restore(reduced: Tensor, y: Tensor<ReduceAttributes>): Tensor {
  return reshape(reduced, reducedShape(y.inputs[0].shape, y.attributes.axes, true))
}

function countOf(y: Tensor<ReduceAttributes>): number {
  return sizeOf(y.attributes.axes.map(axis => y.inputs[0].shape[axis]))
}

function defineReduction(
  name: string,
  onnx: string,
  reduce: (values: Float64Array) => number,
  pullback: (x: Tensor, y: Tensor<ReduceAttributes>, cotangent: Tensor) => Tensor,
): Reduction {
  return {
    name,
    vjp: (y, cotangent) => [pullback(y.inputs[0], y, restore(cotangent, y))],
    evaluate: (node, [x]) => evaluateReduction(node, x, reduce),
    lower(node, [x], emit) {
      const { axes, keepDims } = node.attributes
      if (onnx === 'ReduceSum' && isFloat(node.dtype) && isLeading(axes, node.inputs[0].shape)) {
        return sumOfRows(node, x, emit)
      }
      const keepdims = { int: Number(keepDims) }
      // At opset 17 only ReduceSum takes its axes as an input.
      return onnx === 'ReduceSum'
        ? emit.one(onnx, [x, emit.ints(axes)], { keepdims })
        : emit.one(onnx, [x], { axes: { ints: axes }, keepdims })
    },
  }
}

/** True when all axes but the last are summed. */
function isLeading(axes: readonly number[], shape: readonly number[]): boolean {
  return axes.length > 0 && axes.length === shape.length - 1 && axes.every((axis, i) => axis === i)
}

/** A row of ones times the matrix of rows: several times as fast as ONNX Runtime's sum over the first axis. */
function sumOfRows(node: Tensor<ReduceAttributes>, x: string, emit: Emitter): string {
  const source = node.inputs[0].shape
  const width = source[source.length - 1]
  const rows = sizeOf(source) / Math.max(1, width)
  const matrix = source.length === 2 ? x : emit.one('Reshape', [x, emit.ints([rows, width])])
  const row = emit.constant({ dtype: node.dtype, shape: [1, rows], data: allocate(node.dtype, rows).fill(1) })
  return emit.one('Reshape', [emit.one('MatMul', [row, matrix]), emit.ints(node.shape)])
}

function total(values: Float64Array): number {
  let result = 0
  for (const value of values) result += value
  return result
}

/** The cotangent shared evenly among the elements equal to the extreme. */
function toExtremes(x: Tensor, y: Tensor<ReduceAttributes>, cotangent: Tensor): Tensor {
  const hits = cast(equal(x, restore(y as Tensor, y)), cotangent.dtype)
  return mul(hits, div(cotangent, sum(hits, { axis: y.attributes.axes, keepDims: true })))
}

const operators = {
  sum: defineReduction('sum', 'ReduceSum', total, (x, _y, g) => broadcastTo(g, x.shape)),
  mean: defineReduction(
    'mean',
    'ReduceMean',
    values => total(values) / values.length,
    (x, y, g) => broadcastTo(mul(g, 1 / countOf(y)), x.shape),
  ),
  max: defineReduction('max', 'ReduceMax', values => values.reduce((a, b) => Math.max(a, b)), toExtremes),
  min: defineReduction('min', 'ReduceMin', values => values.reduce((a, b) => Math.min(a, b)), toExtremes),
  logSumExp: defineReduction(
    'logSumExp',
    'ReduceLogSumExp',
    values => {
      const largest = values.reduce((a, b) => Math.max(a, b))
      if (!Number.isFinite(largest)) return largest
      let result = 0
      for (const value of values) result += Math.exp(value - largest)
      return largest + Math.log(result)
    },
    (x, y, g) => mul(g, exp(sub(x, restore(y as Tensor, y)))),
  ),
}

/** Operators of this file, for tables and tests. */
export const reduceOperators = Object.values(operators) as unknown as Operator[]

function apply(op: Reduction, x: Tensor, { axis, keepDims = false }: ReduceOptions): Tensor {
  const axes = normalizeAxes(op.name, axis, x.shape.length)
  const shape = reducedShape(x.shape, axes, keepDims)
  if (axes.length === 0) return x
  if (op.name !== 'sum' && sizeOf(axes.map(a => x.shape[a])) === 0) {
    throw shapeError(op.name, 'at least one element', `shape [${x.shape}]`)
  }
  return node(op, [x], { axes, keepDims }, shape, x.dtype)
}

/** Σ x over `axis`; booleans are counted as int32. */
export function sum(x: Operand, options: ReduceOptions = {}): Tensor {
  const tensor = toTensor(x)
  return apply(operators.sum, tensor.dtype === 'bool' ? cast(tensor, 'int32') : tensor, options)
}

/** (1/n)·Σ x over `axis`, float. */
export function mean(x: Operand, options: ReduceOptions = {}): Tensor {
  return apply(operators.mean, toFloat(x), options)
}

/** Largest element over `axis`; elements that tie share the gradient evenly. */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  return apply(operators.max, x, options)
}

/** Smallest element over `axis`; elements that tie share the gradient evenly. */
export function min(x: Tensor, options: ReduceOptions = {}): Tensor {
  return apply(operators.min, x, options)
}

/** ln Σ eˣ over `axis`, without overflow. */
export function logSumExp(x: Operand, options: ReduceOptions = {}): Tensor {
  const tensor = toFloat(x)
  return tensor.shape.length === 0 ? tensor : apply(operators.logSumExp, tensor, options)
}

/** Π x over `axis`, as a tree of pairwise products: the gradient is right where elements are zero too. */
export function prod(x: Tensor, options: ReduceOptions = {}): Tensor {
  const rank = x.shape.length
  const axes = normalizeAxes('prod', options.axis, rank)
  const kept = x.shape.map((_, axis) => axis).filter(axis => !axes.includes(axis))
  let count = sizeOf(axes.map(axis => x.shape[axis]))
  const outer = kept.map(axis => x.shape[axis])
  let rows = reshape(transpose(x, [...kept, ...axes]), [sizeOf(outer), count])
  if (count === 0) rows = concat([rows, cast(ones([sizeOf(outer), 1]), x.dtype)], { axis: 1 })
  while (count > 1) {
    const half = count >> 1
    const pairs = mul(
      slice(rows, { starts: [0, 0], ends: [sizeOf(outer), half] }),
      slice(rows, { starts: [0, half], ends: [sizeOf(outer), 2 * half] }),
    )
    rows =
      count % 2 === 0
        ? pairs
        : concat([pairs, slice(rows, { starts: [0, 2 * half], ends: [sizeOf(outer), count] })], { axis: 1 })
    count = rows.shape[1]
  }
  return reshape(rows, reducedShape(x.shape, axes, options.keepDims ?? false))
}

/** (1/(n − correction))·Σ(x − mean)² over `axis`; `correction` 0 (the default) or 1. */
export function variance(x: Operand, options: ReduceOptions & { correction?: number } = {}): Tensor {
  const tensor = toFloat(x)
  const { axis, correction = 0 } = options
  const centred = sub(tensor, mean(tensor, { ...(axis === undefined ? {} : { axis }), keepDims: true }))
  const squares = square(centred)
  if (correction === 0) return mean(squares, options)
  const axes = normalizeAxes('variance', axis, tensor.shape.length)
  return div(sum(squares, options), sizeOf(axes.map(a => tensor.shape[a])) - correction)
}

/** The 2-norm √Σx² (or `order: 1`, Σ|x|) over `axis`; the gradient at 0 is 0. */
export function norm(x: Operand, options: ReduceOptions & { order?: 1 | 2 } = {}): Tensor {
  if (options.order === 1) return sum(abs(toFloat(x)), options)
  const squares = sum(square(toFloat(x)), options)
  const positive = greater(squares, 0)
  return where(positive, sqrt(where(positive, squares, 1)), 0)
}

/** Running sums along an axis. */
export const cumsumOperator: Operator<{ axis: number; reverse: boolean; exclusive: boolean }> = {
  name: 'cumsum',
  vjp(y, cotangent) {
    const { axis, reverse, exclusive } = y.attributes
    return [cumsum(cotangent, { axis, reverse: !reverse, exclusive })]
  },
  evaluate(node, [x]) {
    const { axis, reverse, exclusive } = node.attributes
    const stride = stridesOf(x.shape)[axis]
    const extent = x.shape[axis]
    const others = x.shape.map((size, a) => (a === axis ? 1 : size))
    const data = allocate(node.dtype, x.data.length)
    for (const base of stridedOffsets(others, stridesOf(x.shape))) {
      let running = 0
      for (let step = 0; step < extent; step++) {
        const at = base + (reverse ? extent - 1 - step : step) * stride
        if (exclusive) data[at] = running
        running += x.data[at]
        if (!exclusive) data[at] = running
      }
    }
    return like(node as Tensor, data)
  },
  lower(node, [x], emit) {
    const { axis, reverse, exclusive } = node.attributes
    return emit.one('CumSum', [x, emit.scalar(axis, 'int64')], {
      exclusive: { int: Number(exclusive) },
      reverse: { int: Number(reverse) },
    })
  },
}

/** Running sums along `axis` (default the last): y_t = Σ_{k ≤ t} x_k; `exclusive` k < t; `reverse` k ≥ t. */
export function cumsum(x: Operand, options: { axis?: number; reverse?: boolean; exclusive?: boolean } = {}): Tensor {
  const tensor = toTensor(x)
  const { axis = -1, reverse = false, exclusive = false } = options
  const attributes = { axis: normalizeAxis('cumsum', axis, tensor.shape.length), reverse, exclusive }
  return node(cumsumOperator, [tensor], attributes, tensor.shape, tensor.dtype)
}
