import { describe, expect, test } from 'vitest'
import * as t from '../src/index.ts'
import {
  type Backend,
  gradients,
  interpret,
  jit,
  type NdArray,
  nodeBackend,
  type Tensor,
  webBackend,
} from '../src/index.ts'
import { operatorCases } from './operator-cases.ts'

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

const backends: [Backend, 'float32' | 'float64', number][] = [
  [nodeBackend, 'float64', 1e-13],
  [nodeBackend, 'float32', 3e-6],
  [webBackend, 'float32', 3e-6],
]

describe.each(backends)('backend %#', (backend, dtype, tolerance) => {
  test.each(operatorCases)(`${backend.name} ${dtype}: $name`, async ({ f, args, differentiable }) => {
    const weigh = (y: Tensor) => {
      const weights = Float64Array.from({ length: t.sizeOf(y.shape) }, (_, i) => Math.cos(1 + 1.7 * i))
      return t.sum(t.mul(y, t.constant({ dtype: 'float64', shape: y.shape, data: weights })))
    }
    const floats = (inputs: Tensor[]) => inputs.filter((_, i) => args[i].dtype === 'float64')
    const both = (...inputs: Tensor[]) => {
      const y = f(...inputs)
      if (differentiable === false) return [y]
      const first = gradients(weigh(y), floats(inputs))
      const slope = first.map(weigh).reduce((a, b) => t.add(a, b))
      return [y, ...first, ...gradients(slope, floats(inputs))]
    }
    const expected = interpret(both)(...args)
    const actual = await jit(both, { backend, dtype })(...args)
    for (const [i, array] of actual.entries()) expectClose(array, expected[i], tolerance)
  })
})
