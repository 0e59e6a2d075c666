import { describe, expect, it } from 'vitest'
import type { Tensor } from '../graph.ts'
import { interpret } from '../interpret.ts'
import { ndarray } from '../ndarray.ts'
import { sum } from '../operators/reduce.ts'
import { square } from '../operators/unary.ts'
import type { OptimiserState } from './optimiser.ts'
import { rmsProp } from './rmsprop.ts'
import { trainingStep } from './training-step.ts'

describe('RMSProp', () => {
  it('takes two steps by hand', () => {
    const optimiser = rmsProp({ learningRate: 0.1, decay: 0.75, epsilon: 0.5 })
    const step = interpret(trainingStep((x: Tensor) => sum(square(x)), optimiser))
    const start = ndarray(Float64Array.of(1))
    const first = step(start, optimiser.initial(start))
    // g = 2, v = ¼·4 = 1: 1 − 0.1·2/1.5
    const x = 1 - 0.2 / 1.5
    expect(first.parameters.data[0]).toBeCloseTo(x, 12)
    const second = step(first.parameters, first.state as OptimiserState<never>)
    const v = 0.75 + 0.25 * (2 * x) ** 2
    expect(second.parameters.data[0]).toBeCloseTo(x - (0.1 * 2 * x) / (Math.sqrt(v) + 0.5), 12)
  })
})
