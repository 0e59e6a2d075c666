import { GuerdonError } from '@guerdon/core'
import { Tensor } from './graph.ts'
import {
  convert,
  type DType,
  isFloat,
  isNdArray,
  isTypedData,
  type NdArray,
  type NestedNumbers,
  ndarray,
  type TypedData,
} from './ndarray.ts'
import { cast, toTensor } from './operators/operands.ts'
import { placeholder } from './operators/source.ts'
import { type MapLeaves, treeLeaves, treeMap, treePaths } from './tree.ts'

/**
 * What stands for a tensor when a function is run: an array, a typed array (one axis), a number, or nested lists of numbers.
 * A list of numbers or of such lists is always one array; a list of arrays is written with {@link ndarray} or typed arrays.
 */
export type TensorLike = NdArray | TypedData | NestedNumbers

/** The arguments of a function on tensors with every tensor replaced by something that can be turned into an array. */
export type Concrete<A> = { [Key in keyof A]: MapLeaves<A[Key], Tensor, TensorLike> }

/** The result of a function on tensors with every tensor replaced by an array. */
export type Evaluated<R> = MapLeaves<R, Tensor, NdArray>

/** A function turned into a graph. */
export interface Trace {
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  /** Path of each input in the arguments, such as `0.layers.1.weight`. */
  readonly inputNames: readonly string[]
  /** Path of each output in the result; `''` when the result is one tensor. */
  readonly outputNames: readonly string[]
  /** Puts arrays in the place of the result's tensors. */
  readonly rebuild: (arrays: readonly NdArray[]) => unknown
}

function isNestedNumbers(value: unknown): value is NestedNumbers {
  return typeof value === 'number' || (Array.isArray(value) && value.length > 0 && value.every(isNestedNumbers))
}

function isTensorLike(value: unknown): value is TensorLike {
  return isNdArray(value) || isTypedData(value) || isNestedNumbers(value)
}

function isOutput(value: unknown): value is Tensor | number {
  return value instanceof Tensor || typeof value === 'number'
}

function toArray(value: TensorLike, dtype: 'float32' | 'float64'): NdArray {
  const array = isNdArray(value) ? value : ndarray(value)
  return isFloat(array.dtype) && array.dtype !== dtype
    ? { dtype, shape: array.shape, data: convert(array.data, dtype) }
    : array
}

/** The arrays of concrete arguments in order, floats converted to `dtype`. */
export function argumentArrays(args: readonly unknown[], dtype: 'float32' | 'float64'): NdArray[] {
  return args.flatMap(argument => treeLeaves(argument, isTensorLike)).map(value => toArray(value, dtype))
}

/** What a compiled function depends on: the form of the arguments with shape and type of every leaf. */
export function signatureOf(args: readonly unknown[], arrays: readonly NdArray[]): string {
  const paths = args.flatMap((argument, i) => treePaths(argument, isTensorLike).map(({ path }) => `${i}.${path}`))
  return arrays.map((array, i) => `${paths[i]}:${array.dtype}[${array.shape}]`).join(';')
}

/** Runs a function on placeholders shaped as `args` and returns the graph. */
export function trace(f: (...args: never[]) => unknown, args: readonly unknown[], dtype: 'float32' | 'float64'): Trace {
  const inputs: Tensor[] = []
  const inputNames: string[] = []
  const symbols = args.map((argument, position) =>
    treeMap(argument, isTensorLike, (leaf, path) => {
      const array = toArray(leaf, dtype)
      const name = [position, ...path].join('.')
      const input = placeholder(name, array.shape, array.dtype as DType)
      inputs.push(input)
      inputNames.push(name)
      return input
    }),
  )
  const result = f(...(symbols as never[]))
  if (result instanceof Promise) {
    throw new GuerdonError('invalid_input', 'expected a function that returns tensors; got a promise', {
      hint: 'build the graph synchronously',
    })
  }
  const found = treePaths(result, isOutput)
  const outputs = found.map(({ leaf }) => {
    const tensor = toTensor(leaf)
    return tensor.weak ? cast(tensor, dtype) : tensor
  })
  const rebuild = (arrays: readonly NdArray[]) => {
    let position = 0
    return treeMap(result, isOutput, () => arrays[position++])
  }
  return { inputs, outputs, inputNames, outputNames: found.map(({ path }) => path), rebuild }
}
