import { describe, expect, test } from 'vitest'
import { operatorCases } from '../../test/operator-cases.ts'
import * as t from '../index.ts'
import { gradients, type NdArray, type Tensor } from '../index.ts'

/** Fixed weights that make one number of any result, different for every element. */
function weigh(y: Tensor): Tensor {
  const weights = Float64Array.from({ length: t.sizeOf(y.shape) }, (_, i) => Math.cos(1 + 1.7 * i))
  return t.sum(t.mul(y, t.constant({ dtype: 'float64', shape: y.shape, data: weights })))
}

function nudged(args: readonly NdArray[], argument: number, element: number, by: number): NdArray[] {
  return args.map((array, i) => {
    if (i !== argument) return array
    const data = Float64Array.from(array.data)
    data[element] += by
    return { ...array, data }
  })
}

function compare(
  loss: (args: readonly NdArray[]) => number,
  gradientOf: readonly (NdArray | undefined)[],
  args: readonly NdArray[],
): void {
  gradientOf.forEach((gradient, argument) => {
    if (gradient === undefined) return
    expect(gradient.shape).toEqual(args[argument].shape)
    for (let element = 0; element < gradient.data.length; element++) {
      const size = Math.abs(args[argument].data[element])
      const step = Math.min(1e-5, Math.max(1e-9, size * 1e-3))
      const up = loss(nudged(args, argument, element, step))
      const down = loss(nudged(args, argument, element, -step))
      const slope = (up - down) / (2 * step)
      expect(Math.abs(gradient.data[element] - slope)).toBeLessThan(2e-6 * Math.max(1, Math.abs(slope), Math.abs(up)))
    }
  })
}

describe.each(operatorCases.filter(c => c.differentiable !== false))('$name', ({ f, args }) => {
  const isActive = (i: number) => args[i].dtype === 'float64'
  const loss = (...inputs: Tensor[]) => weigh(f(...inputs))
  const gradient = (...inputs: Tensor[]) =>
    gradients(
      loss(...inputs),
      inputs.filter((_, i) => isActive(i)),
    )
  const spreadOut = (found: readonly NdArray[]) => {
    let position = 0
    return args.map((_, i) => (isActive(i) ? found[position++] : undefined))
  }

  test('first order against central differences', () => {
    const value = (list: readonly NdArray[]) => t.interpret(loss)(...list).data[0]
    compare(value, spreadOut(t.interpret(gradient)(...args)), args)
  })

  test('second order against central differences of the first', () => {
    const slope = (...inputs: Tensor[]) =>
      gradient(...inputs)
        .map(weigh)
        .reduce((a, b) => t.add(a, b))
    const second = (...inputs: Tensor[]) =>
      gradients(
        slope(...inputs),
        inputs.filter((_, i) => isActive(i)),
      )
    const value = (list: readonly NdArray[]) => t.interpret(slope)(...list).data[0]
    compare(value, spreadOut(t.interpret(second)(...args)), args)
  })
})
