import { describeValue, GuerdonError } from '@guerdon/core'
import type { NdArray } from './ndarray.ts'
import { broken, type Entry, elementSize } from './safetensors-header.ts'

/** The array of one entry: a view of the file where the element type allows it and the position is aligned. */
export function readArray(file: Uint8Array, start: number, entry: Entry): NdArray {
  const { dtype, shape } = entry
  const size = elementSize[dtype]
  const count = (entry.end - entry.begin) / size
  const at = file.byteOffset + start + entry.begin
  const aligned = at % size === 0
  const buffer = aligned ? file.buffer : file.slice(start + entry.begin, start + entry.end).buffer
  const offset = aligned ? at : 0
  switch (dtype) {
    case 'F32':
      return { dtype: 'float32', shape, data: new Float32Array(buffer, offset, count) }
    case 'F64':
      return { dtype: 'float64', shape, data: new Float64Array(buffer, offset, count) }
    case 'I32':
      return { dtype: 'int32', shape, data: new Int32Array(buffer, offset, count) }
    case 'BOOL':
      return { dtype: 'bool', shape, data: readBooleans(new Uint8Array(buffer, offset, count), entry.name) }
    case 'F16':
      return { dtype: 'float32', shape, data: Float32Array.from(new Uint16Array(buffer, offset, count), halfToFloat) }
    case 'BF16':
      return { dtype: 'float32', shape, data: brainToFloat(new Uint16Array(buffer, offset, count)) }
    default:
      return { dtype: 'int32', shape, data: toInt32(integers(dtype, buffer, offset, count), entry) }
  }
}

function readBooleans(data: Uint8Array, name: string): Uint8Array {
  const wrong = data.find(byte => byte > 1)
  if (wrong !== undefined) throw broken(`booleans to be 0 or 1; got ${wrong} in ${describeValue(name)}`, name)
  return data
}

function integers(dtype: string, buffer: ArrayBufferLike, offset: number, count: number) {
  switch (dtype) {
    case 'I8':
      return new Int8Array(buffer, offset, count)
    case 'U8':
      return new Uint8Array(buffer, offset, count)
    case 'I16':
      return new Int16Array(buffer, offset, count)
    case 'U16':
      return new Uint16Array(buffer, offset, count)
    case 'U32':
      return new Uint32Array(buffer, offset, count)
    case 'I64':
      return new BigInt64Array(buffer, offset, count)
    default:
      return new BigUint64Array(buffer, offset, count)
  }
}

function toInt32(values: ArrayLike<number | bigint>, entry: Entry): Int32Array {
  const data = new Int32Array(values.length)
  for (let i = 0; i < data.length; i++) {
    data[i] = Number(values[i])
    if (data[i] !== Number(values[i])) {
      throw new GuerdonError(
        'unsupported',
        `safetensors: expected integers of 32 bits; got ${values[i]} at ${i} of ${describeValue(entry.name)} (${entry.dtype})`,
        {
          path: [entry.name, i],
          hint: 'save the array with a smaller integer type or as F64',
        },
      )
    }
  }
  return data
}

/** IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** bfloat16 is the upper half of a float32. */
function brainToFloat(values: Uint16Array): Float32Array {
  const bits = Uint32Array.from(values, value => value << 16)
  return new Float32Array(bits.buffer)
}
