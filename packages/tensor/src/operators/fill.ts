import type { Tensor } from '../graph.ts'
import type { DType, NdArray } from '../ndarray.ts'
import type { Shape } from '../shape.ts'
import { broadcastTo } from './layout.ts'
import { cast } from './operands.ts'
import { constant } from './source.ts'

/** An array filled with one value; weak float unless `dtype` is given. */
export function full(shape: Shape, value: number, options: { dtype?: DType } = {}): Tensor {
  return broadcastTo(constant(value, options), shape)
}

/** Zeros; weak float unless `dtype` is given. */
export function zeros(shape: Shape, options: { dtype?: DType } = {}): Tensor {
  return full(shape, 0, options)
}

/** Ones; weak float unless `dtype` is given. */
export function ones(shape: Shape, options: { dtype?: DType } = {}): Tensor {
  return full(shape, 1, options)
}

/** Zeros of the shape and type of x. */
export function zerosLike(x: Tensor): Tensor {
  return x.weak ? zeros(x.shape) : cast(zeros(x.shape), x.dtype)
}

/** Ones of the shape and type of x. */
export function onesLike(x: Tensor): Tensor {
  return x.weak ? ones(x.shape) : cast(ones(x.shape), x.dtype)
}

/** The number a tensor is filled with when that is known without running it; otherwise `undefined`. */
export function uniformValue(x: Tensor): number | undefined {
  let current = x
  while (current.op.name === 'broadcastTo' || current.op.name === 'reshape') current = current.inputs[0]
  if (current.op.name !== 'constant') return undefined
  const { data } = (current as Tensor<{ array: NdArray }>).attributes.array
  return data.length === 1 ? data[0] : undefined
}
