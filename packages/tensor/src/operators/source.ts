import { GuerdonError } from '@guerdon/core'
import { type Operator, Tensor } from '../graph.ts'
import {
  convert,
  type DType,
  isFloat,
  isNdArray,
  type NdArray,
  type NestedNumbers,
  ndarray,
  type TypedData,
} from '../ndarray.ts'
import type { Shape } from '../shape.ts'

/** What operators accept where a tensor is meant: a number takes the type of the other operand. */
export type Operand = Tensor | number

/** A graph input: filled in when the graph runs. */
export const inputOperator: Operator<{ name: string }> = {
  name: 'input',
  evaluate(node) {
    throw new GuerdonError('internal', `input '${node.attributes.name}' has no value`)
  },
  lower(node) {
    throw new GuerdonError('internal', `input '${node.attributes.name}' is not among the inputs of the graph`)
  },
}

/** A value known when the graph is built. Floats are held in double precision and rounded where they are used. */
export const constantOperator: Operator<{ array: NdArray }> = {
  name: 'constant',
  evaluate(node) {
    return { dtype: node.dtype, shape: node.shape, data: convert(node.attributes.array.data, node.dtype) }
  },
  lower(node, _inputs, emit) {
    return emit.constant({
      dtype: node.dtype,
      shape: node.shape,
      data: convert(node.attributes.array.data, node.dtype),
    })
  },
}

/** A named graph input of the given shape and type. */
export function placeholder(name: string, shape: Shape, dtype: DType): Tensor {
  return new Tensor(inputOperator, [], { name }, shape, dtype) as Tensor
}

/**
 * A constant. Without `dtype`, floats are *weak*: they take the type of the floats they are combined with, so that one
 * function serves both precisions; alone they are float32. Integers and booleans of an {@link NdArray} keep their type.
 */
export function constant(
  value: NestedNumbers | TypedData | NdArray,
  options: { dtype?: DType; shape?: Shape } = {},
): Tensor {
  const array = isNdArray(value) ? value : ndarray(value, options.shape === undefined ? {} : { shape: options.shape })
  const dtype = options.dtype ?? (isFloat(array.dtype) ? 'float32' : array.dtype)
  const weak = options.dtype === undefined && isFloat(array.dtype)
  const held = isFloat(dtype) ? array : ndarray(array.data, { shape: array.shape, dtype })
  return new Tensor(constantOperator, [], { array: held }, array.shape, dtype, weak) as Tensor
}

/** `[0, 1, …, count − 1]`, times `step`, plus `start`; int32 unless `dtype` is given. */
export function arange(count: number, options: { start?: number; step?: number; dtype?: DType } = {}): Tensor {
  const { start = 0, step = 1, dtype = 'int32' } = options
  return constant(
    Float64Array.from({ length: count }, (_, index) => start + index * step),
    { dtype },
  )
}
