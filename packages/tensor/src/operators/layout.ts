import { node, type Operator, type Tensor } from '../graph.ts'
import { allocate, type NdArray, sizeOf } from '../ndarray.ts'
import {
  aroundAxis,
  broadcastShapes,
  broadcastStrides,
  normalizeAxes,
  normalizeAxis,
  type Shape,
  sameShape,
  shapeError,
  stridedOffsets,
  stridesOf,
} from '../shape.ts'
import { unbroadcast } from './binary.ts'
import { like, toTensor, unify } from './operands.ts'
import type { Operand } from './source.ts'

function pick(node: Tensor, x: NdArray, offsets: Int32Array): NdArray {
  const data = allocate(node.dtype, offsets.length)
  for (let i = 0; i < data.length; i++) data[i] = x.data[offsets[i]]
  return like(node, data)
}

/** Gives the same elements another shape. */
export const reshapeOperator: Operator = {
  name: 'reshape',
  vjp: (y, cotangent) => [reshape(cotangent, y.inputs[0].shape)],
  evaluate: (node, [x]) => like(node, x.data),
  lower: (node, [x], emit) => emit.one('Reshape', [x, emit.ints(node.shape)], { allowzero: { int: 1 } }),
}

/** The same elements in another shape; one extent may be −1 and is then worked out. */
export function reshape(x: Operand, shape: Shape): Tensor {
  const source = toTensor(x)
  const size = sizeOf(source.shape)
  const free = shape.indexOf(-1)
  const known = sizeOf(shape.filter(extent => extent !== -1))
  const target = free < 0 ? shape : shape.map((extent, axis) => (axis === free ? size / known : extent))
  if (sizeOf(target) !== size || target.some(extent => !Number.isInteger(extent) || extent < 0)) {
    throw shapeError('reshape', `a shape of ${size} elements, the size of [${source.shape}]`, `[${shape}]`)
  }
  if (sameShape(source.shape, target)) return source
  return node(reshapeOperator, [source], {}, target, source.dtype)
}

/** Reorders axes. */
export const transposeOperator: Operator<{ permutation: readonly number[] }> = {
  name: 'transpose',
  vjp(y, cotangent) {
    const inverse = y.attributes.permutation.map((_, axis) => y.attributes.permutation.indexOf(axis))
    return [transpose(cotangent, inverse)]
  },
  evaluate(node, [x]) {
    const strides = stridesOf(x.shape)
    return pick(
      node as Tensor,
      x,
      stridedOffsets(
        node.shape,
        node.attributes.permutation.map(axis => strides[axis]),
      ),
    )
  },
  lower: (node, [x], emit) => emit.one('Transpose', [x], { perm: { ints: node.attributes.permutation } }),
}

/** Axis i of the result is axis `permutation[i]` of x; by default all axes in reverse order. */
export function transpose(x: Tensor, permutation?: readonly number[]): Tensor {
  const rank = x.shape.length
  const axes = (permutation ?? x.shape.map((_, axis) => rank - 1 - axis)).map(axis =>
    normalizeAxis('transpose', axis, rank),
  )
  if (axes.length !== rank || new Set(axes).size !== rank) {
    throw shapeError('transpose', `a permutation of ${rank} axes`, `[${permutation}]`)
  }
  if (axes.every((axis, i) => axis === i)) return x
  return node(
    transposeOperator,
    [x],
    { permutation: axes },
    axes.map(axis => x.shape[axis]),
    x.dtype,
  )
}

/** Repeats elements along axes of extent 1 and new leading axes. */
export const broadcastOperator: Operator = {
  name: 'broadcastTo',
  vjp: (y, cotangent) => [unbroadcast(cotangent, y.inputs[0].shape)],
  evaluate: (node, [x]) => pick(node, x, stridedOffsets(node.shape, broadcastStrides(x.shape, node.shape))),
  lower: (node, [x], emit) => emit.one('Expand', [x, emit.ints(node.shape)]),
}

/** x stretched to `shape` by the broadcasting rule. */
export function broadcastTo(x: Operand, shape: Shape): Tensor {
  const tensor = toTensor(x)
  if (sameShape(tensor.shape, shape)) return tensor
  if (!sameShape(broadcastShapes('broadcastTo', tensor.shape, shape), shape)) {
    throw shapeError('broadcastTo', `a shape that broadcasts to [${shape}]`, `[${tensor.shape}]`)
  }
  return node(broadcastOperator, [tensor], {}, shape, tensor.dtype)
}

/** x without the given axes of extent 1; without all of them by default. */
export function squeeze(x: Tensor, options: { axis?: number | readonly number[] } = {}): Tensor {
  const all = x.shape.flatMap((extent, axis) => (extent === 1 ? [axis] : []))
  const axes = options.axis === undefined ? all : normalizeAxes('squeeze', options.axis, x.shape.length)
  if (axes.some(axis => x.shape[axis] !== 1)) {
    throw shapeError('squeeze', `extent 1 at axes [${axes}]`, `shape [${x.shape}]`)
  }
  return reshape(
    x,
    x.shape.filter((_, axis) => !axes.includes(axis)),
  )
}

/** x with new axes of extent 1; the axes are those of the result. */
export function expandDims(x: Operand, options: { axis: number | readonly number[] }): Tensor {
  const tensor = toTensor(x)
  const count = typeof options.axis === 'number' ? 1 : options.axis.length
  const axes = normalizeAxes('expandDims', options.axis, tensor.shape.length + count)
  const shape = [...tensor.shape]
  for (const axis of axes) shape.splice(axis, 0, 1)
  return reshape(tensor, shape)
}

/** Joins arrays along an axis. */
export const concatOperator: Operator<{ axis: number }> = {
  name: 'concat',
  vjp(y, cotangent, wanted) {
    const { axis } = y.attributes
    let position = 0
    return y.inputs.map((input, i) => {
      const start = position
      position += input.shape[axis]
      return wanted[i] ? sliceAxis(cotangent, axis, start, position) : null
    })
  },
  evaluate(node, inputs) {
    const { outer, extent, inner } = aroundAxis(node.shape, node.attributes.axis)
    const data = allocate(node.dtype, sizeOf(node.shape))
    let position = 0
    for (const x of inputs) {
      const width = x.shape[node.attributes.axis] * inner
      for (let o = 0; o < outer; o++) {
        data.set(x.data.subarray(o * width, (o + 1) * width), o * extent * inner + position)
      }
      position += width
    }
    return like(node as Tensor, data)
  },
  lower: (node, inputs, emit) => emit.one('Concat', inputs, { axis: { int: node.attributes.axis } }),
}

/** Arrays joined along `axis` (default 0); all other extents must agree. */
export function concat(parts: readonly Operand[], options: { axis?: number } = {}): Tensor {
  if (parts.length === 0) throw shapeError('concat', 'at least one array', 'none')
  const tensors = unify(...parts)
  const [first] = tensors
  const axis = normalizeAxis('concat', options.axis ?? 0, first.shape.length)
  for (const tensor of tensors) {
    const fits = tensor.shape.length === first.shape.length
    if (!fits || tensor.shape.some((extent, a) => a !== axis && extent !== first.shape[a])) {
      throw shapeError('concat', `shapes equal but for axis ${axis}`, tensors.map(t => `[${t.shape}]`).join(', '))
    }
  }
  if (tensors.length === 1) return first
  const joined = tensors.reduce((length, tensor) => length + tensor.shape[axis], 0)
  return node(
    concatOperator,
    tensors,
    { axis },
    first.shape.map((e, a) => (a === axis ? joined : e)),
    first.dtype,
  )
}

/** Arrays of one shape along a new `axis` (default 0). */
export function stack(parts: readonly Operand[], options: { axis?: number } = {}): Tensor {
  const axis = options.axis ?? 0
  return concat(
    unify(...parts).map(part => expandDims(part, { axis })),
    { axis },
  )
}

/** Consecutive parts of x along `axis` (default 0): a number of equal parts, or the extents of the parts. */
export function split(x: Tensor, parts: number | readonly number[], options: { axis?: number } = {}): Tensor[] {
  const axis = normalizeAxis('split', options.axis ?? 0, x.shape.length)
  const extent = x.shape[axis]
  const sizes = typeof parts === 'number' ? new Array<number>(parts).fill(extent / parts) : parts
  if (sizes.some(size => !Number.isInteger(size)) || sizes.reduce((a, b) => a + b, 0) !== extent) {
    throw shapeError('split', `parts that add up to extent ${extent} of axis ${axis}`, `${parts}`)
  }
  let position = 0
  return sizes.map(size => sliceAxis(x, axis, position, (position += size)))
}

interface SliceAttributes {
  readonly [name: string]: readonly number[]
  starts: readonly number[]
  steps: readonly number[]
}

/** Takes every step-th element of a range along each axis. */
export const sliceOperator: Operator<SliceAttributes> = {
  name: 'slice',
  vjp(y, cotangent) {
    const { starts, steps } = y.attributes
    const [x] = y.inputs
    const forward = steps.flatMap((step, axis) => (step < 0 ? [axis] : []))
    let spread = forward.length === 0 ? cotangent : flip(cotangent, { axis: forward })
    for (let axis = 0; axis < steps.length; axis++) spread = dilate(spread, axis, Math.abs(steps[axis]))
    const before = starts.map((start, axis) => (steps[axis] < 0 ? start + (y.shape[axis] - 1) * steps[axis] : start))
    const after = before.map((count, axis) => x.shape[axis] - count - spread.shape[axis])
    return [pad(spread, { before: y.shape.includes(0) ? x.shape.map(() => 0) : before, after })]
  },
  evaluate(node, [x]) {
    const { starts, steps } = node.attributes
    const strides = stridesOf(x.shape)
    const base = starts.reduce((offset, start, axis) => offset + start * strides[axis], 0)
    return pick(
      node as Tensor,
      x,
      stridedOffsets(
        node.shape,
        strides.map((s, axis) => s * steps[axis]),
        base,
      ),
    )
  },
  lower(node, [x], emit) {
    const { starts, steps } = node.attributes
    const source = node.inputs[0].shape
    const axes = source.flatMap((extent, axis) => (node.shape[axis] === extent && steps[axis] === 1 ? [] : [axis]))
    // A range that runs backwards past the first element ends at "before everything", which ONNX writes as a huge negative.
    const end = (axis: number) => {
      const last = starts[axis] + node.shape[axis] * steps[axis]
      return last < 0 ? -(2 ** 31) : last
    }
    return emit.one('Slice', [
      x,
      emit.ints(axes.map(axis => starts[axis])),
      emit.ints(axes.map(end)),
      emit.ints(axes),
      emit.ints(axes.map(axis => steps[axis])),
    ])
  },
}

/** Zeros between neighbours along an axis: extent n becomes (n − 1)·step + 1. */
export function dilate(x: Tensor, axis: number, step: number): Tensor {
  if (step === 1 || x.shape[axis] === 0) return x
  const spread = expandDims(x, { axis: axis + 1 })
  const padded = pad(spread, {
    before: spread.shape.map(() => 0),
    after: spread.shape.map((_, a) => (a === axis + 1 ? step - 1 : 0)),
  })
  const extent = x.shape[axis]
  const joined = reshape(
    padded,
    x.shape.map((e, a) => (a === axis ? e * step : e)),
  )
  return sliceAxis(joined, axis, 0, (extent - 1) * step + 1)
}

/**
 * `x[starts[i] : ends[i] : steps[i]]` along each axis, Python's rule: negative positions count from the back, positions
 * beyond the ends are cut. `axes` names the axes meant (default the first ones); `steps` default to 1 and may be negative
 * (then `ends: -Infinity` means down to the first element).
 */
export function slice(
  x: Tensor,
  options: {
    starts: readonly number[]
    ends?: readonly number[]
    axes?: readonly number[]
    steps?: readonly number[]
  },
): Tensor {
  const starts = x.shape.map(() => 0)
  const steps = x.shape.map(() => 1)
  const shape = [...x.shape]
  const axes = (options.axes ?? options.starts.map((_, axis) => axis)).map(a =>
    normalizeAxis('slice', a, x.shape.length),
  )
  axes.forEach((axis, i) => {
    const extent = x.shape[axis]
    const step = options.steps?.[i] ?? 1
    if (!Number.isInteger(step) || step === 0) throw shapeError('slice', 'integer steps other than 0', `${step}`)
    const low = step > 0 ? 0 : -1
    const high = step > 0 ? extent : extent - 1
    const bound = (position: number) => Math.min(Math.max(position < 0 ? position + extent : position, low), high)
    const start = bound(options.starts[i])
    const end = bound(options.ends?.[i] ?? (step > 0 ? extent : -Infinity))
    starts[axis] = start
    steps[axis] = step
    shape[axis] = Math.max(0, Math.ceil((end - start) / step))
  })
  if (sameShape(shape, x.shape) && steps.every(step => step === 1)) return x
  return node(sliceOperator, [x], { starts, steps }, shape, x.dtype)
}

/** Positions `start … end − 1` along one axis. */
export function sliceAxis(x: Tensor, axis: number, start: number, end: number): Tensor {
  return slice(x, { starts: [start], ends: [end], axes: [axis] })
}

/** x with its elements in reverse order along the given axes (default all). */
export function flip(x: Tensor, options: { axis?: number | readonly number[] } = {}): Tensor {
  const axes = normalizeAxes('flip', options.axis, x.shape.length).filter(axis => x.shape[axis] > 1)
  if (axes.length === 0) return x
  return slice(x, { starts: axes.map(() => -1), axes, steps: axes.map(() => -1) })
}

interface PadAttributes {
  readonly [name: string]: readonly number[] | number
  before: readonly number[]
  after: readonly number[]
  value: number
}

/** Adds elements of one value around an array. */
export const padOperator: Operator<PadAttributes> = {
  name: 'pad',
  vjp(y, cotangent) {
    const { before } = y.attributes
    const extents = y.inputs[0].shape
    return [slice(cotangent, { starts: before, ends: before.map((start, axis) => start + extents[axis]) })]
  },
  evaluate(node, [x]) {
    const { before, value } = node.attributes
    const strides = stridesOf(node.shape)
    const base = before.reduce((offset, count, axis) => offset + count * strides[axis], 0)
    const offsets = stridedOffsets(x.shape, strides, base)
    const data = allocate(node.dtype, sizeOf(node.shape)).fill(value)
    for (let i = 0; i < offsets.length; i++) data[offsets[i]] = x.data[i]
    return like(node as Tensor, data)
  },
  lower(node, [x], emit) {
    const { before, after, value } = node.attributes
    const source = node.dtype === 'bool' ? emit.cast(x, 'int32') : x
    const filler = emit.scalar(value, node.dtype === 'bool' ? 'int32' : node.dtype)
    const padded = emit.one('Pad', [source, emit.ints([...before, ...after]), filler], { mode: { string: 'constant' } })
    return node.dtype === 'bool' ? emit.cast(padded, 'bool') : padded
  },
}

/** x with `before[i]` and `after[i]` elements of `value` (default 0) added along axis i. */
export function pad(
  x: Tensor,
  options: { before: readonly number[]; after: readonly number[]; value?: number },
): Tensor {
  const { before, after, value = 0 } = options
  const counts = [...before, ...after]
  if (counts.length !== 2 * x.shape.length || counts.some(count => !Number.isInteger(count) || count < 0)) {
    throw shapeError('pad', `${x.shape.length} counts ≥ 0 before and after`, `[${before}] and [${after}]`)
  }
  if (counts.every(count => count === 0)) return x
  const shape = x.shape.map((extent, axis) => extent + before[axis] + after[axis])
  return node(padOperator, [x], { before, after, value }, shape, x.dtype)
}

/** x repeated `repeats[i]` times along axis i. */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  if (repeats.length !== x.shape.length) throw shapeError('tile', `${x.shape.length} repeats`, `[${repeats}]`)
  const spread = reshape(
    x,
    x.shape.flatMap(extent => [1, extent]),
  )
  const stretched = broadcastTo(
    spread,
    x.shape.flatMap((extent, axis) => [repeats[axis], extent]),
  )
  return reshape(
    stretched,
    x.shape.map((extent, axis) => extent * repeats[axis]),
  )
}

/** Operators of this file, for tables and tests. */
export const layoutOperators = [
  reshapeOperator,
  transposeOperator,
  broadcastOperator,
  concatOperator,
  sliceOperator,
  padOperator,
] as unknown as Operator[]
