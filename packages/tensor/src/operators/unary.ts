import { type Attributes, node, type Operator, type Tensor } from '../graph.ts'
import type { Emitter } from '../lower/emitter.ts'
import { allocate, type DType } from '../ndarray.ts'
import { add, div, mul, sub } from './binary.ts'
import { greater, where } from './compare.ts'
import { erfLowered, erfScalar } from './erf.ts'
import { cast, like, toFloat, toTensor } from './operands.ts'
import type { Operand } from './source.ts'

interface UnaryDefinition<A extends Attributes> {
  name: string
  /** The function on one number. */
  kernel: (x: number, attributes: A) => number
  /** Cotangent of x from that of y = f(x); absent where the derivative is zero almost everywhere. */
  pullback?: (x: Tensor, y: Tensor, cotangent: Tensor, attributes: A) => Tensor
  /** Name of the ONNX operator, or how to compose it. */
  onnx: string | ((node: Tensor<A>, x: string, emit: Emitter) => string)
}

function defineUnary<A extends Attributes = Attributes>(definition: UnaryDefinition<A>): Operator<A> {
  const { name, kernel, pullback, onnx } = definition
  return {
    name,
    elementwise: true,
    ...(pullback === undefined
      ? {}
      : { vjp: (y: Tensor<A>, cotangent: Tensor) => [pullback(y.inputs[0], y as Tensor, cotangent, y.attributes)] }),
    evaluate(node, [x]) {
      const data = allocate(node.dtype, x.data.length)
      for (let i = 0; i < data.length; i++) data[i] = kernel(x.data[i], node.attributes)
      return like(node as Tensor, data)
    },
    lower: (node, [x], emit) => (typeof onnx === 'string' ? emit.one(onnx, [x]) : onnx(node, x, emit)),
  }
}

/** Half-way cases go to the even neighbour, as in IEEE 754 and ONNX. */
function roundHalfEven(x: number): number {
  const rounded = Math.round(x)
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded
}

/** log(u)·x/(u − 1) with u = 1 + x cancels the rounding of u; where u is 1 the answer is x. */
function log1pLowered(x: string, dtype: DType, emit: Emitter): string {
  const one = emit.scalar(1, dtype)
  const u = emit.one('Add', [one, x])
  const quotient = emit.one('Div', [emit.one('Mul', [emit.one('Log', [u]), x]), emit.one('Sub', [u, one])])
  return emit.one('Where', [emit.one('Equal', [u, one]), x, quotient])
}

/** ½(1 + erf x); HardSigmoid is the fastest way to scale and shift, and its bounds change nothing here. */
function halfErfLowered(x: string, dtype: DType, emit: Emitter): string {
  if (dtype === 'float32') {
    return emit.one('HardSigmoid', [emit.one('Erf', [x])], { alpha: { float: 0.5 }, beta: { float: 0.5 } })
  }
  return emit.one('Mul', [
    emit.scalar(0.5, dtype),
    emit.one('Add', [emit.scalar(1, dtype), erfLowered(x, dtype, emit)]),
  ])
}

/** e^(−x²)/√π, the derivative of {@link halfErf}. */
function bell(x: Tensor): Tensor {
  return exp(sub(-0.5 * Math.log(Math.PI), mul(x, x)))
}

/** ½(1 + erf x), the normal distribution function at x√2. */
function halfErf(x: Tensor): Tensor {
  return apply(operators.halfErf, x, {})
}

const operators = {
  neg: defineUnary({ name: 'neg', kernel: x => -x, pullback: (_x, _y, g) => neg(g), onnx: 'Neg' }),
  exp: defineUnary({ name: 'exp', kernel: Math.exp, pullback: (_x, y, g) => mul(g, y), onnx: 'Exp' }),
  log: defineUnary({ name: 'log', kernel: Math.log, pullback: (x, _y, g) => div(g, x), onnx: 'Log' }),
  log1p: defineUnary({
    name: 'log1p',
    kernel: Math.log1p,
    pullback: (x, _y, g) => div(g, add(x, 1)),
    onnx: (node, x, emit) => log1pLowered(x, node.dtype, emit),
  }),
  expm1: defineUnary({
    name: 'expm1',
    kernel: Math.expm1,
    pullback: (_x, y, g) => mul(g, add(y, 1)),
    onnx: (node, x, emit) => {
      // exp(x) − 1 = tanh(x/2)·(exp(x) + 1), which does not cancel near zero.
      const half = emit.one('Tanh', [emit.one('Mul', [x, emit.scalar(0.5, node.dtype)])])
      return emit.one('Mul', [half, emit.one('Add', [emit.one('Exp', [x]), emit.scalar(1, node.dtype)])])
    },
  }),
  sqrt: defineUnary({ name: 'sqrt', kernel: Math.sqrt, pullback: (_x, y, g) => div(mul(g, 0.5), y), onnx: 'Sqrt' }),
  abs: defineUnary({ name: 'abs', kernel: Math.abs, pullback: (x, _y, g) => mul(g, sign(x)), onnx: 'Abs' }),
  sign: defineUnary({ name: 'sign', kernel: Math.sign, onnx: 'Sign' }),
  floor: defineUnary({ name: 'floor', kernel: Math.floor, onnx: 'Floor' }),
  ceil: defineUnary({ name: 'ceil', kernel: Math.ceil, onnx: 'Ceil' }),
  round: defineUnary({ name: 'round', kernel: roundHalfEven, onnx: 'Round' }),
  sin: defineUnary({ name: 'sin', kernel: Math.sin, pullback: (x, _y, g) => mul(g, cos(x)), onnx: 'Sin' }),
  cos: defineUnary({ name: 'cos', kernel: Math.cos, pullback: (x, _y, g) => neg(mul(g, sin(x))), onnx: 'Cos' }),
  tanh: defineUnary({
    name: 'tanh',
    kernel: Math.tanh,
    pullback: (_x, y, g) => mul(g, sub(1, mul(y, y))),
    onnx: 'Tanh',
  }),
  sigmoid: defineUnary({
    name: 'sigmoid',
    kernel: x => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
    pullback: (_x, y, g) => mul(g, mul(y, sub(1, y))),
    onnx: 'Sigmoid',
  }),
  softplus: defineUnary({
    name: 'softplus',
    kernel: x => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    pullback: (x, _y, g) => mul(g, sigmoid(x)),
    onnx: (node, x, emit) => {
      if (node.dtype === 'float32') return emit.one('Softplus', [x])
      const tail = emit.one('Exp', [emit.one('Neg', [emit.one('Abs', [x])])])
      return emit.one('Add', [emit.one('Relu', [x]), log1pLowered(tail, node.dtype, emit)])
    },
  }),
  erf: defineUnary({
    name: 'erf',
    kernel: erfScalar,
    pullback: (x, _y, g) => mul(g, mul(2 / Math.sqrt(Math.PI), exp(neg(mul(x, x))))),
    onnx: (node, x, emit) => (node.dtype === 'float32' ? emit.one('Erf', [x]) : erfLowered(x, node.dtype, emit)),
  }),
  halfErf: defineUnary({
    name: 'halfErf',
    kernel: x => 0.5 * (1 + erfScalar(x)),
    pullback: (x, _y, g) => mul(g, bell(x)),
    onnx: (node, x, emit) => halfErfLowered(x, node.dtype, emit),
  }),
  gelu: defineUnary({
    name: 'gelu',
    kernel: x => 0.5 * x * (1 + erfScalar(x * Math.SQRT1_2)),
    pullback: (x, _y, g) => {
      const scaled = mul(x, Math.SQRT1_2)
      return mul(g, add(halfErf(scaled), mul(scaled, bell(scaled))))
    },
    onnx: (node, x, emit) => {
      // The fused kernel is the fastest, unless the gradient needs the distribution function anyway.
      if (node.dtype === 'float32' && !emit.portable && !emit.has('halfErf'))
        return emit.one('Gelu', [x], {}, 'com.microsoft')
      const scaled = emit.one('Mul', [x, emit.scalar(Math.SQRT1_2, node.dtype)])
      return emit.one('Mul', [x, halfErfLowered(scaled, node.dtype, emit)])
    },
  }),
  relu: defineUnary({
    name: 'relu',
    kernel: x => Math.max(x, 0),
    // By the result rather than x, so that the sign of x need not be kept.
    pullback: (_x, y, g) => mul(g, cast(greater(y, 0), y.dtype)),
    onnx: 'Relu',
  }),
  leakyRelu: defineUnary<{ slope: number }>({
    name: 'leakyRelu',
    kernel: (x, { slope }) => (x > 0 ? x : slope * x),
    pullback: (x, _y, g, { slope }) => where(greater(x, 0), g, mul(g, slope)),
    onnx: (node, x, emit) => {
      const scaled = emit.one('Mul', [x, emit.scalar(node.attributes.slope, node.dtype)])
      return emit.one('Where', [emit.one('Greater', [x, emit.scalar(0, node.dtype)]), x, scaled])
    },
  }),
}

/** Operators of this file, for tables and tests. */
export const unaryOperators = Object.values(operators) as unknown as Operator[]

function apply<A extends Attributes>(op: Operator<A>, x: Operand, attributes: A): Tensor {
  const tensor = toFloat(x)
  return node(op, [tensor], attributes, tensor.shape, tensor.dtype)
}

/** −x; integers stay integers. */
export function neg(x: Operand): Tensor {
  const tensor = toTensor(x)
  return tensor.dtype === 'int32'
    ? node(operators.neg, [tensor], {}, tensor.shape, 'int32')
    : apply(operators.neg, x, {})
}

/** eˣ */
export function exp(x: Operand): Tensor {
  return apply(operators.exp, x, {})
}

/** ln x; −Inf at 0, NaN below. */
export function log(x: Operand): Tensor {
  return apply(operators.log, x, {})
}

/** ln(1 + x), exact for small x. Finite x > −1. */
export function log1p(x: Operand): Tensor {
  return apply(operators.log1p, x, {})
}

/** eˣ − 1, exact for small x. */
export function expm1(x: Operand): Tensor {
  return apply(operators.expm1, x, {})
}

/** √x; the gradient at 0 is infinite. */
export function sqrt(x: Operand): Tensor {
  return apply(operators.sqrt, x, {})
}

/** 1/√x */
export function rsqrt(x: Operand): Tensor {
  return div(1, sqrt(x))
}

/** x² */
export function square(x: Operand): Tensor {
  const tensor = toTensor(x)
  return mul(tensor, tensor)
}

/** |x|; the gradient at 0 is 0. */
export function abs(x: Operand): Tensor {
  const tensor = toTensor(x)
  return tensor.dtype === 'int32'
    ? node(operators.abs, [tensor], {}, tensor.shape, 'int32')
    : apply(operators.abs, x, {})
}

/** −1, 0 or 1; gradient zero. */
export function sign(x: Operand): Tensor {
  return apply(operators.sign, x, {})
}

/** Largest integer ≤ x, as float; gradient zero. */
export function floor(x: Operand): Tensor {
  return apply(operators.floor, x, {})
}

/** Smallest integer ≥ x, as float; gradient zero. */
export function ceil(x: Operand): Tensor {
  return apply(operators.ceil, x, {})
}

/** Nearest integer, halves to even, as float; gradient zero. */
export function round(x: Operand): Tensor {
  return apply(operators.round, x, {})
}

/** sin x, radians. */
export function sin(x: Operand): Tensor {
  return apply(operators.sin, x, {})
}

/** cos x, radians. */
export function cos(x: Operand): Tensor {
  return apply(operators.cos, x, {})
}

/** tanh x */
export function tanh(x: Operand): Tensor {
  return apply(operators.tanh, x, {})
}

/** 1/(1 + e⁻ˣ) */
export function sigmoid(x: Operand): Tensor {
  return apply(operators.sigmoid, x, {})
}

/** ln σ(x) = −softplus(−x), without overflow. */
export function logSigmoid(x: Operand): Tensor {
  return neg(softplus(neg(x)))
}

/** ln(1 + eˣ), without overflow. */
export function softplus(x: Operand): Tensor {
  return apply(operators.softplus, x, {})
}

/** The error function 2/√π·∫₀ˣ e^(−t²) dt. */
export function erf(x: Operand): Tensor {
  return apply(operators.erf, x, {})
}

/** max(x, 0); the gradient at 0 is 0. */
export function relu(x: Operand): Tensor {
  return apply(operators.relu, x, {})
}

/** x where positive, `slope`·x elsewhere. `slope` defaults to 0.01. */
export function leakyRelu(x: Operand, options: { slope?: number } = {}): Tensor {
  return apply(operators.leakyRelu, x, { slope: options.slope ?? 0.01 })
}

/** x·σ(x) */
export function silu(x: Operand): Tensor {
  const tensor = toFloat(x)
  return mul(tensor, sigmoid(tensor))
}

/** x·Φ(x) with the normal distribution function Φ; `approximate: 'tanh'` is 0.5x(1 + tanh(√(2/π)(x + 0.044715x³))). */
export function gelu(x: Operand, options: { approximate?: 'none' | 'tanh' } = {}): Tensor {
  const tensor = toFloat(x)
  if (options.approximate === 'tanh') {
    const inner = mul(Math.sqrt(2 / Math.PI), mul(tensor, add(1, mul(0.044715, mul(tensor, tensor)))))
    return mul(mul(0.5, tensor), add(1, tanh(inner)))
  }
  return apply(operators.gelu, tensor, {})
}
