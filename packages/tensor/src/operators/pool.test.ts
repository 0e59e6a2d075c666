import { expect, test } from 'vitest'
import type { Tensor } from '../index.ts'
import * as t from '../index.ts'

const image = t.ndarray([
  [
    [
      [1, 1, 0, -3],
      [1, 1, 2, 2],
    ],
  ],
])

test('the gradient of maximum pooling goes to the first of equals, interpreted and compiled', async () => {
  const f = t.grad((x: Tensor) => t.sum(t.maxPool2d(x, { kernel: 2 })))
  const expected = [1, 0, 0, 0, 0, 0, 1, 0]
  expect([...t.interpret(f)(image).data]).toEqual(expected)
  expect([...(await t.jit(f)(image)).data]).toEqual(expected)
  expect([...(await t.jit(f, { dtype: 'float64' })(image)).data]).toEqual(expected)
})

test('after ReLU the compiled gradient is what the definition says, at zeros and for the rectified image itself', async () => {
  const f = (x: Tensor) => {
    const rectified = t.relu(t.sub(x, 1))
    const pooled = t.maxPool2d(rectified, { kernel: 2 })
    return t.gradients(t.sum(t.mul(pooled, 3)), [x, rectified])
  }
  const expected = [
    [0, 0, 0, 0, 0, 0, 3, 0],
    [3, 0, 0, 0, 0, 0, 3, 0],
  ]
  expect(
    t
      .interpret(f)(image)
      .map(({ data }) => [...data]),
  ).toEqual(expected)
  expect((await t.jit(f)(image)).map(({ data }) => [...data])).toEqual(expected)
})
