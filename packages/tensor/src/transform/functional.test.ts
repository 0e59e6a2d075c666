import { describe, expect, test } from 'vitest'
import type { Tensor } from '../index.ts'
import * as t from '../index.ts'

const cubes = (x: Tensor) => t.sum(t.pow(x, 3))

describe('grad', () => {
  test('x³ has 3x², its gradient 6x, the next 6', () => {
    const once = t.interpret(t.grad(cubes))([1, 2, -3])
    expect([...once.data]).toEqual([3, 12, 27])
    const twice = t.interpret(t.grad((x: Tensor) => t.sum(t.grad(cubes)(x))))([1, 2, -3])
    expect([...twice.data]).toEqual([6, 12, -18])
    const thrice = t.interpret(t.grad((x: Tensor) => t.sum(t.grad((y: Tensor) => t.sum(t.grad(cubes)(y)))(x))))([
      1, 2, -3,
    ])
    expect([...thrice.data]).toEqual([6, 6, 6])
  })

  test('follows trees and the chosen argument', () => {
    const f = (x: Tensor, p: { w: Tensor; layers: Tensor[] }) => t.sum(t.mul(t.mul(x, p.w), p.layers[1]))
    const g = t.interpret(t.grad(f, { argument: 1 }))([1, 2], {
      w: [3, 4],
      layers: [t.ndarray([0, 0]), t.ndarray([5, 6])],
    })
    expect([...g.w.data]).toEqual([5, 12])
    expect([...g.layers[0].data]).toEqual([0, 0])
    expect([...g.layers[1].data]).toEqual([3, 8])
  })

  test('of an intermediate tensor that is reshaped further', () => {
    const f = (x: Tensor) => {
      const y = t.reshape(x, [2, 2])
      return t.gradients(t.sum(t.square(t.reshape(y, [4]))), [y])[0]
    }
    expect([...t.interpret(f)([1, 2, 3, 4]).data]).toEqual([2, 4, 6, 8])
  })

  test('refuses outputs with more than one element', () => {
    expect(() => t.interpret(t.grad((x: Tensor) => x))([1, 2])).toThrow(/one float/)
  })

  test('norm at zero, |x| at zero and ties of max', () => {
    expect([...t.interpret(t.grad((x: Tensor) => t.norm(x)))([0, 0]).data]).toEqual([0, 0])
    expect([...t.interpret(t.grad((x: Tensor) => t.sum(t.abs(x))))([0, -2]).data]).toEqual([0, -1])
    expect([...t.interpret(t.grad((x: Tensor) => t.max(x)))([3, 3, 1, 3]).data]).toEqual([1 / 3, 1 / 3, 0, 1 / 3])
  })

  test('prod where elements are zero', () => {
    expect([...t.interpret(t.grad((x: Tensor) => t.prod(x)))([2, 0, 5]).data]).toEqual([0, 10, 0])
    expect([...t.interpret(t.grad((x: Tensor) => t.prod(x)))([0, 0, 5]).data]).toEqual([0, 0, 0])
  })
})

test('valueAndGrad hands on what comes beside the loss', () => {
  const f = (x: Tensor) => [t.sum(t.square(x)), { double: t.mul(x, 2) }] as const
  const { value, gradient, aux } = t.interpret(t.valueAndGrad(f, { hasAux: true }))([1, 3])
  expect([...value.data]).toEqual([10])
  expect([...gradient.data]).toEqual([2, 6])
  expect([...aux.double.data]).toEqual([2, 6])
})

test('stopGradient', () => {
  const f = (x: Tensor) => t.sum(t.mul(x, t.stopGradient(x)))
  expect([...t.interpret(t.grad(f))([2, 3]).data]).toEqual([2, 3])
})

test('jvp is the Jacobian times the tangent', () => {
  const f = (x: Tensor) => t.stack([t.sum(t.square(x)), t.prod(x), t.sum(x)])
  const run = t.interpret((x: Tensor, v: Tensor) => t.jvp(f, [x], [v]))
  const { value, tangent } = run([2, 3], [1, -1])
  expect([...value.data]).toEqual([13, 6, 5])
  expect([...tangent.data]).toEqual([2 * 2 - 2 * 3, 3 - 2, 0])
  const j = t.interpret(t.jacobian(f))([2, 3])
  expect(j.shape).toEqual([3, 2])
  expect([...j.data]).toEqual([4, 6, 3, 2, 1, 1])
})

test('vjp is the transposed Jacobian times the cotangent', () => {
  const f = (x: Tensor) => t.stack([t.sum(t.square(x)), t.prod(x)])
  const run = t.interpret((x: Tensor, u: Tensor) => t.vjp(f, x).pullback(u)[0])
  expect([...run([2, 3], [1, 10]).data]).toEqual([34, 26])
})

test('hvp of x²y', () => {
  const f = (p: { x: Tensor; y: Tensor }) => t.mul(t.square(p.x), p.y)
  const run = t.interpret((p: { x: Tensor; y: Tensor }, v: { x: Tensor; y: Tensor }) => t.hvp(f, p, v))
  const { x, y } = run({ x: 3, y: 5 }, { x: 1, y: 2 })
  // Hessian [[2y, 2x], [2x, 0]] = [[10, 6], [6, 0]]
  expect([x.data[0], y.data[0]]).toEqual([22, 6])
})

describe('element types', () => {
  test('numbers and constants follow the other operand, in full precision', () => {
    expect(t.interpret((x: Tensor) => t.mul(x, t.constant([0.1])))([1]).data[0]).toBe(0.1)
    const derived = (x: Tensor) => t.add(x, t.exp(t.div(t.sum(t.constant([1, 2])), 7)))
    expect(t.interpret(derived)(0).data[0]).toBe(Math.exp(3 / 7))
    expect(t.interpret((x: Tensor) => t.mul(x, 0.1), { dtype: 'float32' })([1]).dtype).toBe('float32')
  })

  test('integers stay integers until a float comes', () => {
    const i = t.ndarray([1, 2], { dtype: 'int32' })
    expect(t.interpret((x: Tensor) => t.add(x, 1))(i).dtype).toBe('int32')
    expect(t.interpret((x: Tensor) => t.mul(x, 0.5))(i).dtype).toBe('float64')
    expect([...t.interpret((x: Tensor) => t.mean(t.greater(x, 1)))(i).data]).toEqual([0.5])
  })
})

describe('errors name the operator, what was expected and what came', () => {
  test.each([
    [(x: Tensor) => t.add(x, t.zeros([4])), /add: expected shapes that broadcast; got \[3\] and \[4\]/],
    [(x: Tensor) => t.matmul(x, t.zeros([4, 2])), /matmul: expected equal inner extents/],
    [(x: Tensor) => t.sum(x, { axis: 1 }), /sum: expected an axis in \[-1, 0\] for rank 1; got 1/],
    [(x: Tensor) => t.reshape(x, [2, -1]), /reshape: expected a shape of 3 elements/],
    [(x: Tensor) => t.gather(x, x), /gather: expected indices of type int32; got float64/],
    [(x: Tensor) => t.topK(x, { k: 4 }).values, /topK: expected k in \[1, 3\]/],
    [(x: Tensor) => t.concat([x, t.zeros([1, 2])]), /concat: expected shapes equal but for axis 0/],
    [
      (x: Tensor) => t.gather(t.sum(x, { keepDims: true }), t.constant(7, { dtype: 'int32' })),
      /expected indices in \[-1, 0\]; got 7/,
    ],
  ])('%#', (f, message) => {
    expect(() => t.interpret(f)([1, 2, 3])).toThrow(message)
  })

  test('ragged lists and wrong sizes', () => {
    expect(() => t.ndarray([[1, 2], [3]])).toThrow(/nested lists/)
    expect(() => t.ndarray([1, 2, 3], { shape: [2, 2] })).toThrow(/expected 4 elements/)
  })
})
