import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import * as t from './index.ts'
import { nodeBackend, type Tensor } from './index.ts'

describe('jit', () => {
  test('traces once for every signature', async () => {
    let traces = 0
    const f = t.jit((x: Tensor, p: { w: Tensor }) => {
      traces++
      return { y: t.mul(x, p.w) }
    })
    expect([...(await f([1, 2], { w: 3 })).y.data]).toEqual([3, 6])
    expect([...(await f([5, 6], { w: 2 })).y.data]).toEqual([10, 12])
    expect(traces).toBe(1)
    expect((await f([[1, 2]], { w: 3 })).y.shape).toEqual([1, 2])
    expect(traces).toBe(2)
  })

  test('a failed compilation is not remembered', async () => {
    let fail = true
    const f = t.jit((x: Tensor) => (fail ? t.reshape(x, [7]) : x))
    await expect(f([1, 2])).rejects.toThrow(/reshape/)
    fail = false
    expect([...(await f([1, 2])).data]).toEqual([1, 2])
  })

  test('inputs that are outputs, repeated outputs, constants and unused inputs', async () => {
    const f = t.jit((x: Tensor, _unused: Tensor) => {
      const y = t.add(x, 1)
      return [x, y, y, t.constant([7, 8]), t.cast(t.greater(x, 1), 'bool')]
    })
    const results = await f([1, 2], [3])
    expect(results.map(({ data }) => [...data])).toEqual([
      [1, 2],
      [2, 3],
      [2, 3],
      [7, 8],
      [0, 1],
    ])
  })
})

describe('compile', () => {
  test('refuses arguments of other shapes and names them', async () => {
    const compiled = await t.compile((p: { w: Tensor }) => t.sum(p.w), [{ w: [1, 2] }])
    await expect(compiled.run({ w: [1, 2, 3] })).rejects.toThrow(/argument 0.w as float32 \[2\]; got float32 \[3\]/)
    await compiled.dispose()
  })

  test('runs in float64', async () => {
    const compiled = await t.compile((x: Tensor) => t.div(x, 3), [1], { dtype: 'float64' })
    expect((await compiled.run(1)).data[0]).toBe(1 / 3)
    await compiled.dispose()
  })

  test('an array that lies inside a larger buffer', async () => {
    const view = new Float32Array([9, 1, 2, 9]).subarray(1, 3)
    expect([...(await t.jit((x: Tensor) => t.mul(x, 2))(view)).data]).toEqual([2, 4])
  })
})

test('simplification leaves no transposes, stretches or repeated nodes behind', () => {
  const x = t.placeholder('x', [4, 3], 'float32')
  const w = t.placeholder('w', [4, 2], 'float32')
  const y = t.sum(t.mul(t.mul(t.matmul(t.transpose(x), w), 2), t.add(t.ones([3, 2]), t.mul(t.zeros([3, 2]), 5))))
  const again = t.sum(t.mul(2, t.matmul(t.transpose(x), w)))
  const names = t.topologicalOrder(t.simplify([t.add(y, again)])).map(node => node.op.name)
  expect(names.sort()).toEqual(['add', 'constant', 'input', 'input', 'matmul', 'mul', 'mul', 'sum', 'sum'].sort())
})

describe('exportOnnx', () => {
  const mlp = (p: { w: Tensor; b: Tensor }, x: Tensor) => t.tanh(t.add(t.matmul(x, p.w), p.b))
  const parameters = { w: t.ndarray([[1], [2]]), b: t.ndarray([0.5]) }

  test('gives a model that another session loads, with readable names', async () => {
    const bytes = t.exportOnnx(mlp, [parameters, [[1, 1]]])
    const session = await InferenceSession.create(bytes)
    expect(session.inputNames).toEqual(['0.b', '0.w', '1'])
    const { output } = await session.run({
      '0.b': new OrtTensor('float32', Float32Array.of(0.5), [1]),
      '0.w': new OrtTensor('float32', Float32Array.of(1, 2), [2, 1]),
      '1': new OrtTensor('float32', Float32Array.of(1, -1), [1, 2]),
    })
    expect(Number(output.data[0])).toBeCloseTo(Math.tanh(-0.5), 6)
  })

  test('uses operators of the standard alone', async () => {
    const f = (x: Tensor, w: Tensor) => t.gelu(t.matmul(x, w, { transposeB: true }))
    const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
    const args: [t.TensorLike, t.TensorLike] = [[[1, 2]], [[3, 4]]]
    expect(text((await t.compile(f, args)).onnx)).toContain('com.microsoft')
    const bytes = t.exportOnnx(f, args, { inputNames: ['x', 'w'], outputNames: ['y'] })
    expect(text(bytes)).not.toContain('com.microsoft')
    const session = await InferenceSession.create(bytes)
    const row = (values: number[]) => new OrtTensor('float32', Float32Array.from(values), [1, 2])
    const { y } = await session.run({ x: row([1, 2]), w: row([3, -2]) })
    expect(Number(y.data[0])).toBeCloseTo(-0.15865525393145707, 6)
  })

  test('takes names, and refuses the wrong number of them', () => {
    expect(() => t.exportOnnx(mlp, [parameters, [[1, 1]]], { inputNames: ['b'] })).toThrow(/3 input and 1 output names/)
    expect(t.exportOnnx(mlp, [parameters, [[1, 1]]], { inputNames: ['b', 'w', 'x'] }).length).toBeGreaterThan(100)
  })
})

test('a backend says plainly what it refuses', async () => {
  await expect(nodeBackend.load(Uint8Array.of(1, 2, 3), [], [])).rejects.toThrow(
    /onnxruntime-node: the model was refused/,
  )
})
