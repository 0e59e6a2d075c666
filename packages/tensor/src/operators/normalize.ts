import { node, type Operator, type Tensor } from '../graph.ts'
import type { Emitter } from '../lower/emitter.ts'
import { allocate, sizeOf } from '../ndarray.ts'
import { sameShape, shapeError } from '../shape.ts'
import { add, mul, sub } from './binary.ts'
import { ones, zeros } from './fill.ts'
import { broadcastTo, reshape } from './layout.ts'
import { matmul } from './matmul.ts'
import { like, toFloat, unifyFloats } from './operands.ts'
import { mean, sum } from './reduce.ts'
import { rsqrt, square } from './unary.ts'

interface NormAttributes {
  readonly [name: string]: number
  epsilon: number
  /** Which result: 0 the normalised values, 1 the mean, 2 the inverse standard deviation, both `[…][1]`. */
  output: number
}

/**
 * Layer normalisation over the last axis with its by-products, which the gradient needs. The three results of one call
 * share one node in ONNX.
 */
export const layerNormOperator: Operator<NormAttributes> = {
  name: 'layerNorm',
  vjp(y, cotangent, wanted) {
    const [x, scale, bias] = y.inputs
    const { epsilon, output } = y.attributes
    const width = x.shape[x.shape.length - 1]
    const average = result(x, scale, bias, epsilon, 1)
    const inverse = result(x, scale, bias, epsilon, 2)
    const normalised = mul(sub(x, average), inverse)
    if (output === 1) return [broadcastTo(mul(cotangent, 1 / width), x.shape), null, null]
    if (output === 2) {
      const slope = mul(cotangent, mul(square(inverse), -1 / width))
      return [mul(slope, normalised), null, null]
    }
    const along = mul(cotangent, normalised)
    const column = reshape(mul(scale, 1 / width), [width, 1])
    const scaled = mul(cotangent, scale)
    const parallel = mul(normalised, matmul(along, column))
    const centred = sub(scaled, matmul(cotangent, column))
    const leading = x.shape.slice(0, -1).map((_, axis) => axis)
    const flat = (t: Tensor) => (leading.length === 0 ? t : sum(t, { axis: leading }))
    return [
      wanted[0] ? mul(inverse, sub(centred, parallel)) : null,
      wanted[1] ? flat(along) : null,
      wanted[2] ? flat(cotangent) : null,
    ]
  },
  evaluate(node, [x, scale, bias]) {
    const { epsilon, output } = node.attributes
    const width = x.shape[x.shape.length - 1]
    const data = allocate(node.dtype, sizeOf(node.shape))
    for (let row = 0; row * width < x.data.length; row++) {
      const values = x.data.subarray(row * width, (row + 1) * width)
      let average = 0
      for (const value of values) average += value / width
      let spread = 0
      for (const value of values) spread += (value - average) ** 2 / width
      const inverse = 1 / Math.sqrt(spread + epsilon)
      if (output === 0) {
        for (let i = 0; i < width; i++) {
          data[row * width + i] = (values[i] - average) * inverse * scale.data[i] + bias.data[i]
        }
      } else data[row] = output === 1 ? average : inverse
    }
    return like(node as Tensor, data)
  },
  lower(node, inputs, emit) {
    const { epsilon, output } = node.attributes
    // ONNX Runtime computes the by-products in float32 whatever the input is.
    if (node.dtype === 'float64') return composedLowering(inputs, epsilon, emit)[output]
    return emit.many('LayerNormalization', inputs, 3, { axis: { int: -1 }, epsilon: { float: epsilon } })[output]
  },
}

function composedLowering([x, scale, bias]: readonly string[], epsilon: number, emit: Emitter): string[] {
  const average = (value: string) => emit.one('ReduceMean', [value], { axes: { ints: [-1] }, keepdims: { int: 1 } })
  const center = average(x)
  const centred = emit.one('Sub', [x, center])
  const spread = emit.one('Add', [average(emit.one('Mul', [centred, centred])), emit.scalar(epsilon, 'float64')])
  const inverse = emit.one('Div', [emit.scalar(1, 'float64'), emit.one('Sqrt', [spread])])
  const scaled = emit.one('Mul', [emit.one('Mul', [centred, inverse]), scale])
  return [emit.one('Add', [scaled, bias]), center, inverse]
}

function result(x: Tensor, scale: Tensor, bias: Tensor, epsilon: number, output: number): Tensor {
  const shape = output === 0 ? x.shape : [...x.shape.slice(0, -1), 1]
  return node(layerNormOperator, [x, scale, bias], { epsilon, output }, shape, x.dtype)
}

/**
 * (x − mean)/√(variance + ε)·scale + bias over the last axis, with the population variance. `scale` and `bias` `[d]`
 * default to 1 and 0, `epsilon` to 1e-5.
 */
export function layerNorm(x: Tensor, options: { scale?: Tensor; bias?: Tensor; epsilon?: number } = {}): Tensor {
  const width = x.shape[x.shape.length - 1]
  const { scale = ones([width]), bias = zeros([width]), epsilon = 1e-5 } = options
  for (const parameter of [scale, bias]) {
    if (!sameShape(parameter.shape, [width])) {
      throw shapeError('layerNorm', `scale and bias of shape [${width}]`, `[${parameter.shape}]`)
    }
  }
  const [source, factor, shift] = unifyFloats(x, scale, bias)
  return result(source, factor, shift, epsilon, 0)
}

/** x/√(mean(x²) + ε)·scale over the last axis. `scale` `[d]` defaults to 1, `epsilon` to 1e-6. */
export function rmsNorm(x: Tensor, options: { scale?: Tensor; epsilon?: number } = {}): Tensor {
  const tensor = toFloat(x)
  const inverse = rsqrt(add(mean(square(tensor), { axis: -1, keepDims: true }), options.epsilon ?? 1e-6))
  const normalised = mul(tensor, inverse)
  return options.scale === undefined ? normalised : mul(normalised, options.scale)
}
