import { describe, expect, test } from 'vitest'
import * as t from '../src/index.ts'
import {
  type Backend,
  exportOnnx,
  gradients,
  interpret,
  jit,
  type NdArray,
  nodeBackend,
  type Tensor,
  webBackend,
} from '../src/index.ts'
import { type OperatorCase, operatorCases } from './operator-cases.ts'

/** Relative to the largest magnitude of the array: single operators are exact to a few units in the last place. */
function expectClose(actual: NdArray, expected: NdArray, tolerance: number): void {
  expect(actual.shape).toEqual(expected.shape)
  expect(actual.dtype === 'bool' || actual.dtype === 'int32' ? actual.dtype : 'float').toBe(
    expected.dtype === 'bool' || expected.dtype === 'int32' ? expected.dtype : 'float',
  )
  let scale = 1
  for (const value of expected.data) scale = Math.max(scale, Math.abs(value))
  for (let i = 0; i < expected.data.length; i++) {
    expect(Math.abs(actual.data[i] - expected.data[i])).toBeLessThanOrEqual(tolerance * scale)
  }
}

/** The value of a case, its gradients and the gradients of those. */
function differentiated({ f, args, differentiable }: OperatorCase): (...inputs: Tensor[]) => Tensor[] {
  const weigh = (y: Tensor) => {
    const weights = Float64Array.from({ length: t.sizeOf(y.shape) }, (_, i) => Math.cos(1 + 1.7 * i))
    return t.sum(t.mul(y, t.constant({ dtype: 'float64', shape: y.shape, data: weights })))
  }
  const floats = (inputs: Tensor[]) => inputs.filter((_, i) => args[i].dtype === 'float64')
  return (...inputs) => {
    const y = f(...inputs)
    if (differentiable === false) return [y]
    const first = gradients(weigh(y), floats(inputs))
    const slope = first.map(weigh).reduce((a, b) => t.add(a, b))
    return [y, ...first, ...gradients(slope, floats(inputs))]
  }
}

const backends: [Backend, 'float32' | 'float64', number, number][] = [
  [nodeBackend, 'float64', 1, 1e-13],
  [nodeBackend, 'float32', 1, 3e-6],
  [nodeBackend, 'float32', 2, 3e-6],
  [webBackend, 'float32', 1, 3e-6],
  [webBackend, 'float64', 1, 1e-13],
]

describe.each(backends)('backend %#', (backend, dtype, threads, tolerance) => {
  test.each(operatorCases)(`${backend.name} ${dtype} ${threads}: $name`, async each => {
    const f = differentiated(each)
    const expected = interpret(f)(...each.args)
    const actual = await jit(f, { backend, dtype, threads })(...each.args)
    for (const [i, array] of actual.entries()) expectClose(array, expected[i], tolerance)
  })
})

test.each(operatorCases)('exported: $name', async each => {
  const f = differentiated(each)
  const expected = interpret(f)(...each.args)
  const float = (array: NdArray): NdArray =>
    array.dtype === 'float64' ? { ...array, dtype: 'float32', data: Float32Array.from(array.data) } : array
  const inputs = each.args.map((array, i) => ({ ...float(array), name: `in${i}` }))
  const outputs = expected.map((array, i) => ({ ...float(array), name: `out${i}` }))
  const names = { inputNames: inputs.map(({ name }) => name), outputNames: outputs.map(({ name }) => name) }
  const session = await nodeBackend.load(exportOnnx(f, each.args, names), inputs, outputs)
  const actual = await session.run(inputs)
  for (const [i, array] of actual.entries()) expectClose(array, expected[i], 3e-6)
})
