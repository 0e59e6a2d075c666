import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type NdArray, ndarray } from './ndarray.ts'
import { nestNames, readSafetensors, safetensorsParts, writeSafetensors } from './safetensors.ts'

/** A file written by hand: the length, the header as it stands, the data. */
function file(header: unknown, data: ArrayLike<number> = []): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + json.length + data.length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true)
  bytes.set(json, 8)
  bytes.set(Array.from(data), 8 + json.length)
  return bytes
}

const bytesOf = (
  data: NdArray['data'] | Uint16Array | BigInt64Array | BigUint64Array | Uint32Array | Int16Array | Int8Array,
) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

const one = (dtype: string, shape: number[], data: Uint8Array) =>
  readSafetensors(file({ x: { dtype, shape, data_offsets: [0, data.length] } }, data)).tensors.x

const parameters = {
  embedding: ndarray(Float32Array.of(1, -2, 0.1, 3.5e38), { shape: [2, 2] }),
  blocks: [
    { weight: ndarray([Math.PI]), used: ndarray([1, 0, 1], { dtype: 'bool' }) },
    { weight: ndarray(-0), used: ndarray(new Uint8Array(), { shape: [0, 4] }) },
  ],
  update: ndarray([-(2 ** 31), 7], { dtype: 'int32' }),
}

describe('writeSafetensors and readSafetensors', () => {
  it('give back names, types, shapes, values and metadata', () => {
    const { tensors, metadata } = readSafetensors(
      writeSafetensors(parameters, { metadata: { method: 'par', 'run "1"': 'ä' } }),
    )
    expect(metadata).toEqual({ method: 'par', 'run "1"': 'ä' })
    // Largest elements first, then by name.
    expect(Object.keys(tensors)).toEqual([
      'blocks.0.weight',
      'blocks.1.weight',
      'embedding',
      'update',
      'blocks.0.used',
      'blocks.1.used',
    ])
    expect(nestNames(tensors)).toEqual(parameters)
  })

  it('round-trip any arrays and names', () => {
    const array = fc.oneof(
      fc.float32Array().map((data): NdArray => ({ dtype: 'float32', shape: [data.length], data })),
      fc.float64Array().map((data): NdArray => ({ dtype: 'float64', shape: [1, data.length], data })),
      fc.int32Array().map((data): NdArray => ({ dtype: 'int32', shape: [data.length, 1], data })),
    )
    fc.assert(
      fc.property(fc.dictionary(fc.string(), array), record => {
        fc.pre(!Object.keys(record).includes('__metadata__'))
        const { tensors } = readSafetensors(writeSafetensors(record))
        expect(tensors).toEqual({ ...record })
      }),
    )
  })

  it('aligns the header to 8 bytes and every array to its element size', () => {
    const bytes = writeSafetensors(parameters)
    const header = Number(new DataView(bytes.buffer).getBigUint64(0, true))
    expect(header % 8).toBe(0)
    for (const { data } of Object.values(readSafetensors(bytes).tensors)) {
      expect(data.buffer).toBe(bytes.buffer)
    }
  })

  it('writes without copying the arrays', () => {
    const parts = safetensorsParts(parameters)
    expect(parts[1].buffer).toBe(parameters.blocks[0].weight.data.buffer)
    expect(parts).toHaveLength(1 + 6)
    expect(parts.reduce((sum, part) => sum + part.length, 0)).toBe(writeSafetensors(parameters).length)
  })

  it('writes views of larger buffers', () => {
    const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3)
    const bytes = writeSafetensors({ x: { dtype: 'float32', shape: [2], data } })
    expect(Array.from(readSafetensors(bytes).tensors.x.data)).toEqual([2, 3])
  })

  it('refuse two arrays of one name and the reserved name', () => {
    const x: NdArray = { dtype: 'int32', shape: [], data: Int32Array.of(1) }
    expect(() => writeSafetensors({ 'a.b': x, a: { b: x } })).toThrow(/own name; got "a\.b" twice/)
    expect(() => writeSafetensors({ __metadata__: x })).toThrow(/own name/)
  })

  it('write an empty file', () => {
    expect(readSafetensors(writeSafetensors({}))).toEqual({ tensors: {}, metadata: {} })
  })
})

describe('readSafetensors', () => {
  it('reads a file as other programs write it: metadata first, any order, no padding', () => {
    const data = [...bytesOf(Uint8Array.of(1)), ...bytesOf(Float32Array.of(1.5, -2))]
    const bytes = file(
      {
        __metadata__: { format: 'pt' },
        b: { dtype: 'F32', shape: [2], data_offsets: [1, 9] },
        a: { dtype: 'BOOL', shape: [], data_offsets: [0, 1] },
      },
      data,
    )
    const { tensors, metadata } = readSafetensors(bytes)
    expect(metadata).toEqual({ format: 'pt' })
    expect(tensors).toEqual({
      b: { dtype: 'float32', shape: [2], data: Float32Array.of(1.5, -2) },
      a: { dtype: 'bool', shape: [], data: Uint8Array.of(1) },
    })
  })

  it('reads from the middle of a buffer', () => {
    const inner = writeSafetensors(parameters)
    for (const offset of [3, 8]) {
      const outer = new Uint8Array(inner.length + 20)
      outer.set(inner, offset)
      expect(nestNames(readSafetensors(outer.subarray(offset, offset + inner.length)).tensors)).toEqual(parameters)
    }
    expect(nestNames(readSafetensors(inner.buffer).tensors)).toEqual(parameters)
  })

  it('widens small floats', () => {
    // binary16: 1, −2, smallest subnormal 2⁻²⁴, largest 65504, ∞, −0, 1/3 rounded
    const half = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x8000, 0x3555)
    expect(Array.from(one('F16', [7], bytesOf(half)).data)).toEqual([
      1,
      -2,
      2 ** -24,
      65504,
      Number.POSITIVE_INFINITY,
      -0,
      0.333251953125,
    ])
    expect(one('F16', [1], bytesOf(Uint16Array.of(0x7e00))).data[0]).toBeNaN()
    // bfloat16: 1, −2, and 0x4049 = 3.140625
    expect(Array.from(one('BF16', [3], bytesOf(Uint16Array.of(0x3f80, 0xc000, 0x4049))).data)).toEqual([
      1, -2, 3.140625,
    ])
  })

  it('turns integers into int32', () => {
    const cases = [
      ['I8', Int8Array.of(-3)],
      ['U8', Uint8Array.of(200)],
      ['I16', Int16Array.of(-300)],
      ['U16', Uint16Array.of(65535)],
      ['U32', Uint32Array.of(2 ** 31 - 1)],
      ['I64', BigInt64Array.of(-(2n ** 31n))],
      ['U64', BigUint64Array.of(5n)],
    ] as const
    for (const [dtype, data] of cases) {
      const array = one(dtype, [1], bytesOf(data))
      expect(array.dtype).toBe('int32')
      expect(array.data[0]).toBe(Number(data[0]))
    }
    expect(() => one('U32', [1], bytesOf(Uint32Array.of(2 ** 31)))).toThrow(/32 bits; got 2147483648 at 0 of "x"/)
    expect(() => one('I64', [2], bytesOf(BigInt64Array.of(0n, 2n ** 53n + 1n)))).toThrow(/got 9007199254740993 at 1/)
  })

  it('keeps names that JavaScript treats specially', () => {
    const bytes = file('{"__proto__":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}', [9])
    expect(Object.keys(readSafetensors(bytes).tensors)).toEqual(['__proto__'])
  })

  const entry = (shape: number[], begin: number, end: number, dtype = 'U8') => ({
    dtype,
    shape,
    data_offsets: [begin, end],
  })
  const damaged: [string, Uint8Array, RegExp][] = [
    ['an empty file', new Uint8Array(), /8 bytes of the header's length; got 0/],
    ['a truncated header', file({ x: entry([1], 0, 1) }, [1]).subarray(0, 20), /ends \d+ bytes too early/],
    ['an absurd header length', new Uint8Array(16).fill(255), /at most 100000000 bytes/],
    ['a header that is not JSON', file('{"x":'), /JSON in UTF-8/],
    ['a header that is not UTF-8', file('"?"').map(byte => (byte === 0x3f ? 0xff : byte)), /JSON in UTF-8/],
    ['a header that is not an object', file([1]), /JSON object; got \[1\]/],
    ['metadata that is not text', file({ __metadata__: { a: 1 } }), /metadata to map names to texts/],
    [
      'an entry without a shape',
      file({ x: { dtype: 'U8', data_offsets: [0, 0] } }),
      /dtype, shape and two data_offsets.*"x"/,
    ],
    ['an entry that is null', file({ x: null }), /dtype, shape and two data_offsets/],
    ['a negative size', file({ x: entry([-1], 0, 0) }), /dtype, shape and two data_offsets/],
    ['an unknown dtype', file({ x: entry([1], 0, 1, 'F8_E4M3') }, [1]), /got dtype "F8_E4M3" in "x"/],
    [
      'offsets that do not fit the shape',
      file({ x: entry([3], 0, 2) }, [1, 2]),
      /3 bytes for U8 of shape \[3\]; got offsets 0 to 2/,
    ],
    [
      'overlapping arrays',
      file({ x: entry([2], 0, 2), y: entry([2], 1, 3) }, [1, 2, 3]),
      /"y" to begin at byte 2.*overlaps/,
    ],
    [
      'a gap between arrays',
      file({ x: entry([1], 0, 1), y: entry([1], 2, 3) }, [1, 2, 3]),
      /"y" to begin at byte 1.*gap/,
    ],
    ['missing data', file({ x: entry([4], 0, 4) }, [1, 2]), /4 bytes of data after the header; got 2/],
    ['data that belongs to nothing', file({ x: entry([1], 0, 1) }, [1, 2]), /1 bytes of data after the header; got 2/],
    [
      'a repeated name',
      file(
        '{"x":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"\\u0078":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}',
        [1],
      ),
      /every name once; got "x" twice/,
    ],
    ['a boolean of 2', file({ x: entry([1], 0, 1, 'BOOL') }, [2]), /booleans to be 0 or 1; got 2 in "x"/],
  ]
  it.each(damaged)('refuses %s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(message)
  })

  it('does not take a value for a repeated name', () => {
    const bytes = file(
      '{"__metadata__":{"a":"a","b":"a\\":{"},"x":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}',
      [1],
    )
    expect(readSafetensors(bytes).metadata).toEqual({ a: 'a', b: 'a":{' })
  })
})

describe('nestNames', () => {
  const x: NdArray = { dtype: 'int32', shape: [], data: Int32Array.of(1) }
  it('makes lists of keys 0 to n − 1 only', () => {
    expect(nestNames({ 'a.0': x, 'a.1': x, 'b.1': x, 'b.2': x })).toEqual({ a: [x, x], b: { 1: x, 2: x } })
  })
  it('orders lists by number', () => {
    const arrays = Array.from(
      { length: 11 },
      (_, i): NdArray => ({ dtype: 'int32', shape: [], data: Int32Array.of(i) }),
    )
    const named = Object.fromEntries(arrays.map((array, i) => [`l.${i}`, array]))
    const shuffled = Object.fromEntries(Object.entries(named).sort(([a], [b]) => (a < b ? -1 : 1)))
    expect(nestNames(shuffled)).toEqual({ l: arrays })
  })
  it('refuses names that are paths through each other', () => {
    expect(() => nestNames({ a: x, 'a.b': x })).toThrow(/names that nest/)
    expect(() => nestNames({ 'a.b': x, a: x })).toThrow(/names that nest/)
  })
})
