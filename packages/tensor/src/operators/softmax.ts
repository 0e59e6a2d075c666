import { node, type Operator, type Tensor } from '../graph.ts'
import { allocate, type NdArray } from '../ndarray.ts'
import { aroundAxis, normalizeAxis, shapeError } from '../shape.ts'
import { div, mul, sub } from './binary.ts'
import { oneHot } from './indexing.ts'
import { like, toFloat, unifyFloats } from './operands.ts'
import { mean, sum } from './reduce.ts'
import type { Operand } from './source.ts'
import { exp, neg } from './unary.ts'

type AxisOperator = Operator<{ axis: number }>

function evaluateLogSoftmax(
  node: Tensor<{ axis: number }>,
  x: NdArray,
  finish: (logProbability: number) => number,
): NdArray {
  const { outer, extent, inner } = aroundAxis(x.shape, node.attributes.axis)
  const data = allocate(node.dtype, x.data.length)
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const base = o * extent * inner + i
      let largest = -Infinity
      for (let k = 0; k < extent; k++) largest = Math.max(largest, x.data[base + k * inner])
      let total = 0
      for (let k = 0; k < extent; k++) total += Math.exp(x.data[base + k * inner] - largest)
      const normaliser = Math.log(total)
      for (let k = 0; k < extent; k++) {
        const at = base + k * inner
        data[at] = finish(x.data[at] - largest - normaliser)
      }
    }
  }
  return like(node as Tensor, data)
}

/** eˣ / Σ eˣ along an axis. */
export const softmaxOperator: AxisOperator = {
  name: 'softmax',
  vjp(y, cotangent) {
    const weighted = mul(cotangent, y as Tensor)
    return [sub(weighted, mul(y as Tensor, sum(weighted, { axis: y.attributes.axis, keepDims: true })))]
  },
  evaluate: (node, [x]) => evaluateLogSoftmax(node, x, Math.exp),
  lower: (node, [x], emit) => emit.one('Softmax', [x], { axis: { int: node.attributes.axis } }),
}

/** x − ln Σ eˣ along an axis. */
export const logSoftmaxOperator: AxisOperator = {
  name: 'logSoftmax',
  vjp(y, cotangent) {
    const total = sum(cotangent, { axis: y.attributes.axis, keepDims: true })
    return [sub(cotangent, mul(exp(y as Tensor), total))]
  },
  evaluate: (node, [x]) => evaluateLogSoftmax(node, x, value => value),
  lower: (node, [x], emit) => emit.one('LogSoftmax', [x], { axis: { int: node.attributes.axis } }),
}

/** Operators of this file, for tables and tests. */
export const softmaxOperators = [softmaxOperator, logSoftmaxOperator] as unknown as Operator[]

/** eˣ / Σ eˣ along `axis` (default the last), without overflow. A line of −Inf only gives NaN: mask with a large finite number. */
export function softmax(x: Operand, options: { axis?: number } = {}): Tensor {
  const tensor = toFloat(x)
  const axis = normalizeAxis('softmax', options.axis ?? -1, tensor.shape.length)
  return node(softmaxOperator, [tensor], { axis }, tensor.shape, tensor.dtype)
}

/** ln softmax(x) along `axis` (default the last), without overflow. */
export function logSoftmax(x: Operand, options: { axis?: number } = {}): Tensor {
  const tensor = toFloat(x)
  const axis = normalizeAxis('logSoftmax', options.axis ?? -1, tensor.shape.length)
  return node(logSoftmaxOperator, [tensor], { axis }, tensor.shape, tensor.dtype)
}

/**
 * Cross entropy −Σ_c t_c·ln softmax(logits)_c over the last axis. `targets` are int32 classes `[…]` or probabilities
 * `[…][C]`. `weights` `[…]` (or a mask) weigh the items; `reduction` is `'mean'` (Σ wℓ / Σ w, the default), `'sum'` or `'none'`.
 */
export function crossEntropy(
  logits: Tensor,
  targets: Tensor,
  options: { reduction?: 'mean' | 'sum' | 'none'; weights?: Tensor } = {},
): Tensor {
  const classes = logits.shape[logits.shape.length - 1]
  const probabilities = targets.dtype === 'int32' ? oneHot(targets, { depth: classes }) : targets
  if (probabilities.shape.length !== logits.shape.length) {
    throw shapeError(
      'crossEntropy',
      `targets of rank ${logits.shape.length - 1} (int32) or probabilities`,
      `[${targets.shape}]`,
    )
  }
  const losses = neg(sum(mul(logSoftmax(logits), probabilities), { axis: -1 }))
  const { reduction = 'mean', weights } = options
  const weighted = weights === undefined ? losses : mul(losses, weights)
  if (reduction === 'none') return weighted
  if (reduction === 'sum') return sum(weighted)
  return weights === undefined ? mean(weighted) : div(sum(weighted), sum(unifyFloats(weights, losses)[0]))
}
