import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { encodeModel } from './encode.ts'
import type { OnnxModel } from './model.ts'
import { wireWriter } from './wire.ts'

const fused: OnnxModel = {
  opsets: { '': 17, 'com.microsoft': 1 },
  nodes: [
    {
      op: 'FusedMatMul',
      domain: 'com.microsoft',
      inputs: ['x', 'w'],
      outputs: ['h'],
      attributes: { transB: { int: 1 }, alpha: { float: 0.5 } },
    },
    { op: 'ReduceSum', inputs: ['h', 'axes'], outputs: ['y'], attributes: { keepdims: { int: 0 } }, name: 'total' },
  ],
  inputs: [{ name: 'x', type: 'float32', shape: [2, 3] }],
  outputs: [{ name: 'y', type: 'float32', shape: [2] }],
  initializers: [
    { name: 'w', type: 'float32', shape: [2, 3], data: Float32Array.of(1, 0, 0, 0, 1, 0) },
    { name: 'axes', type: 'int64', shape: [1], data: BigInt64Array.of(-1n) },
  ],
}

/** Every attribute kind, element type, a free dimension, several outputs and an omitted optional input. */
const everything: OnnxModel = {
  opsets: { '': 17 },
  name: 'everything',
  description: 'All parts of the format.',
  metadata: { origin: 'test' },
  nodes: [
    { op: 'Clip', inputs: ['x', '', 'ceiling'], outputs: ['clipped'] },
    { op: 'Split', inputs: ['clipped', 'parts'], outputs: ['a', 'b'], attributes: { axis: { int: -1 } } },
    { op: 'Transpose', inputs: ['a'], outputs: ['t'], attributes: { perm: { ints: [1, 0] } } },
    {
      op: 'Constant',
      inputs: [],
      outputs: ['c'],
      attributes: { value: { tensor: { type: 'float64', shape: [], data: Float64Array.of(0.1) } } },
    },
    { op: 'Constant', inputs: [], outputs: ['f'], attributes: { value_floats: { floats: [1.5, -2] } } },
    { op: 'Constant', inputs: [], outputs: ['i'], attributes: { value_ints: { ints: [-1, 2 ** 40] } } },
    { op: 'Constant', inputs: [], outputs: ['s'], attributes: { value_strings: { strings: ['ä', ''] } } },
    { op: 'Size', inputs: ['s'], outputs: ['letters'] },
    { op: 'ScatterElements', inputs: ['n', 'j', 'u'], outputs: ['m'], attributes: { reduction: { string: 'add' } } },
    { op: 'Not', inputs: ['flags'], outputs: ['other'] },
  ],
  inputs: [{ name: 'x', type: 'float32', shape: ['batch', 4] }],
  outputs: [
    { name: 't', type: 'float32', shape: [2, 'batch'] },
    { name: 'b', type: 'float32', shape: ['batch', 2] },
    { name: 'c', type: 'float64', shape: [] },
    { name: 'f', type: 'float32', shape: [2] },
    { name: 'i', type: 'int64', shape: [2] },
    { name: 'letters', type: 'int64', shape: [] },
    { name: 'm', type: 'int32', shape: [2] },
    { name: 'other', type: 'bool', shape: [2] },
  ],
  initializers: [
    { name: 'ceiling', type: 'float32', shape: [], data: Float32Array.of(3) },
    { name: 'parts', type: 'int64', shape: [2], data: BigInt64Array.of(2n, 2n) },
    { name: 'n', type: 'int32', shape: [2], data: Int32Array.of(-7, 8) },
    { name: 'j', type: 'int32', shape: [1], data: Int32Array.of(1) },
    { name: 'u', type: 'int32', shape: [1], data: Int32Array.of(5) },
    { name: 'flags', type: 'bool', shape: [2], data: Uint8Array.of(1, 0) },
  ],
  values: [{ name: 'clipped', type: 'float32', shape: ['batch', 4] }],
}

async function run(model: OnnxModel, feeds: Record<string, ort.Tensor>): Promise<Record<string, ort.Tensor>> {
  const session = await ort.InferenceSession.create(encodeModel(model))
  return (await session.run(feeds)) as Record<string, ort.Tensor>
}

describe('encodeModel', () => {
  it('gives a model that ONNX Runtime loads and computes', async () => {
    const { y } = await run(fused, { x: new ort.Tensor('float32', [1, 2, 3, 4, 5, 6], [2, 3]) })
    expect(Array.from(y!.data as Float32Array)).toEqual([1.5, 4.5])
  })

  it('carries every attribute kind and element type', async () => {
    const out = await run(everything, { x: new ort.Tensor('float32', [1, 2, 3, 4], [1, 4]) })
    expect(Array.from(out.t!.data as Float32Array)).toEqual([1, 2])
    expect(out.t!.dims).toEqual([2, 1])
    expect(Array.from(out.b!.data as Float32Array)).toEqual([3, 3])
    expect(Array.from(out.c!.data as Float64Array)).toEqual([0.1])
    expect(Array.from(out.f!.data as Float32Array)).toEqual([1.5, -2])
    expect(Array.from(out.i!.data as BigInt64Array)).toEqual([-1n, 2n ** 40n])
    expect(Array.from(out.letters!.data as BigInt64Array)).toEqual([2n])
    expect(Array.from(out.m!.data as Int32Array)).toEqual([-7, 13])
    expect(Array.from(out.other!.data as Uint8Array)).toEqual([0, 1])
  })

  it('gives the same bytes for the same model', () => {
    expect(encodeModel(everything)).toEqual(encodeModel(everything))
  })

  it('takes constants that are views into larger buffers', async () => {
    const data = new Float32Array([9, 9, 1, 0, 0, 0, 1, 0, 9]).subarray(2, 8)
    const [, axes] = fused.initializers!
    const model = { ...fused, initializers: [{ name: 'w', type: 'float32', shape: [2, 3], data } as const, axes!] }
    expect(encodeModel(model)).toEqual(encodeModel(fused))
  })

  it('refuses constants whose data does not fit the shape', () => {
    const initializers = [{ name: 'w', type: 'float32', shape: [2, 3], data: new Float32Array(5) } as const]
    expect(() => encodeModel({ ...fused, initializers })).toThrow(/expected 6 elements.*got 5.*"w"/)
  })

  // The reference checker of the format, where Debian's python3-onnx is installed.
  const checker = ['import onnx, sys', 'onnx.checker.check_model(onnx.load(sys.argv[1]))'].join('\n')
  const hasChecker = spawnSync('/usr/bin/python3', ['-c', 'import onnx']).status === 0
  it.runIf(hasChecker)("passes the ONNX project's own checker", () => {
    const folder = mkdtempSync(join(tmpdir(), 'guerdon-onnx-'))
    try {
      const path = join(folder, 'model.onnx')
      writeFileSync(path, encodeModel(everything))
      const { status, stderr } = spawnSync('/usr/bin/python3', ['-c', checker, path], { encoding: 'utf8' })
      expect(stderr).toBe('')
      expect(status).toBe(0)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('wireWriter', () => {
  const written = (write: (out: ReturnType<typeof wireWriter>) => void): number[] => {
    const out = wireWriter()
    write(out)
    return Array.from(out.finish())
  }

  it('writes integers as varints', () => {
    expect(written(out => out.integer(1, 0))).toEqual([0x08, 0])
    expect(written(out => out.integer(1, 127))).toEqual([0x08, 127])
    // 300 = 0b10_0101100: low seven bits with the continuation bit, then 2.
    expect(written(out => out.integer(1, 300))).toEqual([0x08, 0xac, 0x02])
    expect(written(out => out.integer(16, 1))).toEqual([0x80, 0x01, 1])
    expect(written(out => out.integer(1, -1))).toEqual([0x08, ...Array(9).fill(0xff), 0x01])
    expect(written(out => out.integer(1, 2 ** 53 - 1))).toEqual([0x08, ...Array(7).fill(0xff), 0x0f])
  })

  it('writes floats little-endian and texts as UTF-8', () => {
    expect(written(out => out.float(2, 1))).toEqual([0x15, 0, 0, 0x80, 0x3f])
    expect(written(out => out.text(1, 'ä'))).toEqual([0x0a, 2, 0xc3, 0xa4])
  })

  it('puts the length before a message, also when the length needs several bytes and the buffer grows', () => {
    const body = new Uint8Array(20_000).fill(7)
    const bytes = written(out => out.message(1, () => out.message(1, () => out.bytes(1, body))))
    // 20 000 = 0x9c20 → a0 9c 01; 20 004 → a4 9c 01; 20 008 → a8 9c 01
    expect(bytes.slice(0, 12)).toEqual([0x0a, 0xa8, 0x9c, 0x01, 0x0a, 0xa4, 0x9c, 0x01, 0x0a, 0xa0, 0x9c, 0x01])
    expect(bytes.length).toBe(20_012)
    expect(bytes.slice(12).every(byte => byte === 7)).toBe(true)
  })
})
