import { GuerdonError } from '@guerdon/core'

/** Element types of arrays and tensors. Booleans are stored as bytes 0 and 1. */
export type DType = 'float32' | 'float64' | 'int32' | 'bool'

/** The typed arrays that hold elements. */
export type TypedData = Float32Array | Float64Array | Int32Array | Uint8Array

/** Numbers nested to any depth; all lists of one level must have the same length. */
export type NestedNumbers = number | readonly NestedNumbers[]

/** A dense array: row-major `data`, one element per entry of the product of `shape`. `shape` `[]` is a scalar. */
export interface NdArray {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: TypedData
}

/** What {@link ndarray} may be told. */
export interface NdArrayOptions {
  /** Default: the nesting of the lists; `[length]` for a typed array; `[]` for a number. */
  readonly shape?: readonly number[]
  /** Default: that of the typed array; `'float64'` for plain numbers, which loses nothing of a JavaScript number. */
  readonly dtype?: DType
}

/** Number of elements of a shape: the product of its entries, 1 for `[]`. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1
  for (const extent of shape) size *= extent
  return size
}

/** True for the two floating-point types, the only ones that carry gradients. */
export function isFloat(dtype: DType): dtype is 'float32' | 'float64' {
  return dtype === 'float32' || dtype === 'float64'
}

/** Zeroed storage of the right typed array. */
export function allocate(dtype: DType, size: number): TypedData {
  if (dtype === 'float32') return new Float32Array(size)
  if (dtype === 'float64') return new Float64Array(size)
  return dtype === 'int32' ? new Int32Array(size) : new Uint8Array(size)
}

/** The element type a typed array stands for; `Uint8Array` is bool. */
export function dtypeOf(data: TypedData): DType {
  if (data instanceof Float32Array) return 'float32'
  if (data instanceof Float64Array) return 'float64'
  return data instanceof Int32Array ? 'int32' : 'bool'
}

/** True for the typed arrays of {@link TypedData}. */
export function isTypedData(value: unknown): value is TypedData {
  return (
    value instanceof Float32Array ||
    value instanceof Float64Array ||
    value instanceof Int32Array ||
    value instanceof Uint8Array
  )
}

/** True for objects of the form `{ dtype, shape, data }`. */
export function isNdArray(value: unknown): value is NdArray {
  return typeof value === 'object' && value !== null && 'dtype' in value && 'shape' in value && 'data' in value
    ? isTypedData(value.data)
    : false
}

/**
 * Makes an {@link NdArray} of a number, of nested lists of numbers, or of a typed array (not copied unless the type changes).
 *
 * Errors: `shape_mismatch` when lists are ragged or `shape` does not fit the number of elements.
 */
export function ndarray(data: NestedNumbers | TypedData, options: NdArrayOptions = {}): NdArray {
  if (isTypedData(data)) {
    const shape = options.shape ?? [data.length]
    checkSize(data.length, shape)
    const dtype = options.dtype ?? dtypeOf(data)
    return { dtype, shape, data: convert(data, dtype) }
  }
  const nested: number[] = []
  for (let level = data; Array.isArray(level); level = level[0] as NestedNumbers) {
    nested.push(level.length)
    if (level.length === 0) break
  }
  const dtype = options.dtype ?? 'float64'
  const values = allocate(dtype, sizeOf(nested))
  let position = 0
  const fill = (level: NestedNumbers, depth: number): void => {
    if (typeof level === 'number') {
      if (depth !== nested.length) throw ragged(nested)
      values[position++] = dtype === 'bool' ? Number(level !== 0) : level
      return
    }
    if (!Array.isArray(level) || depth >= nested.length || level.length !== nested[depth]) throw ragged(nested)
    for (const entry of level) fill(entry, depth + 1)
  }
  fill(data, 0)
  const shape = options.shape ?? nested
  checkSize(values.length, shape)
  return { dtype, shape, data: values }
}

/** The same elements as another type; the storage itself when nothing changes. Anything but zero becomes `true`. */
export function convert(data: TypedData, dtype: DType): TypedData {
  if (dtypeOf(data) === dtype) return data
  const result = allocate(dtype, data.length)
  if (dtype === 'bool') for (let i = 0; i < data.length; i++) result[i] = data[i] !== 0 ? 1 : 0
  else result.set(data)
  return result
}

function checkSize(length: number, shape: readonly number[]): void {
  if (sizeOf(shape) === length) return
  throw new GuerdonError(
    'shape_mismatch',
    `ndarray: expected ${sizeOf(shape)} elements for shape [${shape}]; got ${length}`,
    { path: ['shape'] },
  )
}

function ragged(shape: readonly number[]): GuerdonError {
  return new GuerdonError(
    'shape_mismatch',
    `ndarray: expected nested lists of numbers of shape [${shape}], the lengths of the first lists; got a list of another length or depth`,
    { hint: 'pad the lists to one length' },
  )
}
