import { node, type Operator, Tensor } from '../graph.ts'
import { allocate, type NdArray } from '../ndarray.ts'
import { broadcastShapes, broadcastStrides, type Shape, sameShape, stridedOffsets } from '../shape.ts'
import { equal, greater, where } from './compare.ts'
import { onesLike } from './fill.ts'
import { reshape } from './layout.ts'
import { like, toFloat, unify, unifyFloats, unifyNumbers } from './operands.ts'
import { sum } from './reduce.ts'
import type { Operand } from './source.ts'
import { log, neg, sqrt, square } from './unary.ts'

/** Sums a cotangent over the axes along which an operand of `shape` was stretched. */
export function unbroadcast(cotangent: Tensor, shape: Shape): Tensor {
  if (sameShape(cotangent.shape, shape)) return cotangent
  const lead = cotangent.shape.length - shape.length
  const axes = cotangent.shape.flatMap((extent, axis) =>
    axis < lead || (shape[axis - lead] === 1 && extent !== 1) ? [axis] : [],
  )
  return reshape(axes.length === 0 ? cotangent : sum(cotangent, { axis: axes }), shape)
}

/** Applies a function of two numbers to arrays that broadcast to `node.shape`. */
export function evaluateBinary(
  node: Tensor,
  a: NdArray,
  b: NdArray,
  kernel: (x: number, y: number) => number,
): NdArray {
  const offsetsOf = (x: NdArray) =>
    sameShape(x.shape, node.shape) ? undefined : stridedOffsets(node.shape, broadcastStrides(x.shape, node.shape))
  const atA = offsetsOf(a)
  const atB = offsetsOf(b)
  const data = allocate(
    node.dtype,
    node.shape.reduce((product, extent) => product * extent, 1),
  )
  for (let i = 0; i < data.length; i++) {
    data[i] = kernel(a.data[atA === undefined ? i : atA[i]], b.data[atB === undefined ? i : atB[i]])
  }
  return like(node, data)
}

interface BinaryDefinition {
  name: string
  onnx: string
  kernel: (x: number, y: number) => number
  /** Cotangents of both operands before the sums over stretched axes. */
  pullback: (a: Tensor, b: Tensor, y: Tensor, cotangent: Tensor) => [() => Tensor, () => Tensor]
}

function defineBinary({ name, onnx, kernel, pullback }: BinaryDefinition): Operator {
  return {
    name,
    elementwise: true,
    vjp(y, cotangent, wanted) {
      const parts = pullback(y.inputs[0], y.inputs[1], y, cotangent)
      return parts.map((part, i) => (wanted[i] ? unbroadcast(part(), y.inputs[i].shape) : null))
    },
    evaluate: (node, [a, b]) => evaluateBinary(node, a, b, kernel),
    lower: (_node, inputs, emit) => emit.one(onnx, inputs),
  }
}

/** Half of the cotangent to each operand where they tie. */
function chosen(a: Tensor, b: Tensor, cotangent: Tensor): Tensor {
  return where(greater(a, b), cotangent, where(equal(a, b), mul(cotangent, 0.5), 0))
}

const operators = {
  add: defineBinary({
    name: 'add',
    onnx: 'Add',
    kernel: (x, y) => x + y,
    pullback: (_a, _b, _y, g) => [() => g, () => g],
  }),
  sub: defineBinary({
    name: 'sub',
    onnx: 'Sub',
    kernel: (x, y) => x - y,
    pullback: (_a, _b, _y, g) => [() => g, () => neg(g)],
  }),
  mul: defineBinary({
    name: 'mul',
    onnx: 'Mul',
    kernel: (x, y) => x * y,
    pullback: (a, b, _y, g) => [() => mul(g, b), () => mul(g, a)],
  }),
  div: defineBinary({
    name: 'div',
    onnx: 'Div',
    kernel: (x, y) => x / y,
    pullback: (_a, b, y, g) => [() => div(g, b), () => neg(div(mul(g, y), b))],
  }),
  pow: defineBinary({
    name: 'pow',
    onnx: 'Pow',
    kernel: (x, y) => x ** y,
    pullback: (a, b, y, g) => [
      () => mul(g, where(equal(b, 0), 0, mul(b, pow(a, sub(b, 1))))),
      () => mul(g, mul(y, log(where(greater(a, 0), a, 1)))),
    ],
  }),
  maximum: defineBinary({
    name: 'maximum',
    onnx: 'Max',
    kernel: Math.max,
    pullback: (a, b, _y, g) => [() => chosen(a, b, g), () => chosen(b, a, g)],
  }),
  minimum: defineBinary({
    name: 'minimum',
    onnx: 'Min',
    kernel: Math.min,
    pullback: (a, b, _y, g) => [() => chosen(b, a, g), () => chosen(a, b, g)],
  }),
}

/** Operators of this file, for tables and tests. */
export const binaryOperators = Object.values(operators)

function apply(op: Operator, [a, b]: Tensor[]): Tensor {
  return node(op, [a, b], {}, broadcastShapes(op.name, a.shape, b.shape), a.dtype)
}

/** a + b, broadcasting. */
export function add(a: Operand, b: Operand): Tensor {
  return apply(operators.add, unifyNumbers(a, b))
}

/** a − b, broadcasting. */
export function sub(a: Operand, b: Operand): Tensor {
  return apply(operators.sub, unifyNumbers(a, b))
}

/** a·b element by element, broadcasting. */
export function mul(a: Operand, b: Operand): Tensor {
  return apply(operators.mul, unifyNumbers(a, b))
}

/** a/b, broadcasting; the quotient of integers is float. */
export function div(a: Operand, b: Operand): Tensor {
  return apply(operators.div, unifyFloats(a, b))
}

/** aᵇ, broadcasting; float. The gradient for b is 0 where a ≤ 0. */
export function pow(a: Operand, b: Operand): Tensor {
  if (a instanceof Tensor && typeof b === 'number') {
    if (b === 0) return onesLike(toFloat(a))
    if (b === 1) return toFloat(a)
    if (b === 2) return square(toFloat(a))
    if (b === 0.5) return sqrt(a)
    if (b === -1) return div(1, a)
  }
  return apply(operators.pow, unifyFloats(a, b))
}

/** Larger of a and b; where they tie each gets half of the gradient. */
export function maximum(a: Operand, b: Operand): Tensor {
  return apply(operators.maximum, unifyNumbers(a, b))
}

/** Smaller of a and b; where they tie each gets half of the gradient. */
export function minimum(a: Operand, b: Operand): Tensor {
  return apply(operators.minimum, unifyNumbers(a, b))
}

/** x held inside [minimum, maximum]; the gradient is 1 inside and on the bounds, 0 outside. Either bound may be left out. */
export const clipOperator: Operator<{ minimum: number; maximum: number }> = {
  name: 'clip',
  elementwise: true,
  vjp(y, cotangent) {
    const [x] = y.inputs
    const { minimum: low, maximum: high } = y.attributes
    let result = cotangent
    if (low !== -Infinity) result = where(greater(low, x), 0, result)
    if (high !== Infinity) result = where(greater(x, high), 0, result)
    return [result]
  },
  evaluate(node, [x]) {
    const { minimum: low, maximum: high } = node.attributes
    const data = allocate(node.dtype, x.data.length)
    for (let i = 0; i < data.length; i++) data[i] = Math.min(Math.max(x.data[i], low), high)
    return like(node as Tensor, data)
  },
  lower(node, [x], emit) {
    const { minimum: low, maximum: high } = node.attributes
    return emit.one('Clip', [
      x,
      low === -Infinity ? '' : emit.scalar(low, node.dtype),
      high === Infinity ? '' : emit.scalar(high, node.dtype),
    ])
  },
}

/** See {@link clipOperator}. */
export function clip(x: Operand, options: { minimum?: number; maximum?: number }): Tensor {
  const [tensor] = unify(x)
  const attributes = { minimum: options.minimum ?? -Infinity, maximum: options.maximum ?? Infinity }
  return node(clipOperator, [tensor], attributes, tensor.shape, tensor.dtype)
}
