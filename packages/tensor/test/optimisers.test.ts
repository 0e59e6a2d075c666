import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { NdArray, Tensor } from '../src/index.ts'
import * as t from '../src/index.ts'
import { type Recording, restore } from './torch/compare.ts'

const recording: Recording = JSON.parse(readFileSync(new URL('./torch/vectors.golden.json', import.meta.url), 'utf8'))

const optimisers: Record<string, t.Optimiser> = {
  sgd: t.sgd({ learningRate: 0.1 }),
  'sgd weightDecay': t.sgd({ learningRate: 0.1, weightDecay: 0.01 }),
  momentum: t.sgd({ learningRate: 0.1, momentum: 0.9 }),
  nesterov: t.sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }),
  adam: t.adam({ learningRate: 0.05, beta1: 0.8, beta2: 0.95, epsilon: 1e-6 }),
  adamw: t.adamW({ learningRate: 0.05, weightDecay: 0.1 }),
  'adam clipped': t.adam({ learningRate: 0.05, clipNorm: 1.5 }),
  'sgd clipped': t.sgd({ learningRate: 0.1, clipNorm: 1.5 }),
}

describe('three updates as in PyTorch', () => {
  const update = (optimiser: t.Optimiser) => (gradients: Tensor[], state: t.OptimiserState, parameters: Tensor[]) =>
    optimiser.update(gradients, state, parameters)

  test.each(recording.optimisers)('$name, interpreted in float64', ({ name, parameters, gradients, after }) => {
    const run = t.interpret(update(optimisers[name]))
    let current: NdArray[] = parameters.map(restore)
    let state = optimisers[name].initial(current)
    gradients.forEach((step, i) => {
      const given = step.map((data, k) => ({ ...current[k], data: Float64Array.from(data, Number) }))
      const next = run(given, state, current)
      current = next.parameters
      state = next.state
      current.forEach((array, k) => {
        array.data.forEach((value, j) => {
          expect(value).toBeCloseTo(Number(after[i][k][j]), 11)
        })
      })
    })
  })

  test('adam compiled in float32', async () => {
    const { parameters, gradients, after } = recording.optimisers.find(({ name }) => name === 'adam')!
    let current: NdArray[] = parameters.map(restore)
    let state = optimisers.adam.initial(current)
    const run = t.jit(update(optimisers.adam))
    for (const step of gradients) {
      const given = step.map((data, k) => ({
        ...current[k],
        dtype: 'float64' as const,
        data: Float64Array.from(data, Number),
      }))
      const next = await run(given, state, current)
      current = next.parameters
      state = next.state
    }
    current.forEach((array, k) => {
      array.data.forEach((value, j) => {
        expect(value).toBeCloseTo(Number(after[2][k][j]), 5)
      })
    })
  })
})

describe('schedules as in PyTorch', () => {
  const schedules: Record<string, t.Schedule> = {
    cosine: t.cosineSchedule({ start: 0.1, end: 0.01, updates: 11 }),
    linear: t.linearSchedule({ start: 0.1, end: 0.01, updates: 8 }),
    exponential: t.exponentialSchedule({ start: 0.1, decay: 0.8 }),
    step: t.exponentialSchedule({ start: 0.1, decay: 0.5, every: 4 }),
  }
  test.each(recording.schedules)('$name', ({ name, rates }) => {
    const run = t.interpret((update: Tensor) => t.mul(schedules[name](update), 1) as Tensor)
    rates.forEach((rate, update) => {
      expect(run(update).data[0]).toBeCloseTo(rate, 12)
    })
  })

  test('warm-up rises to the first rate of what follows, which then starts', () => {
    const schedule = t.warmup(t.linearSchedule({ start: 1, end: 0, updates: 4 }), { updates: 2 })
    const run = t.interpret((update: Tensor) => t.mul(schedule(update), 1))
    expect([0, 1, 2, 3, 4, 5, 6, 7].map(update => run(update).data[0])).toEqual([0.5, 1, 1, 0.75, 0.5, 0.25, 0, 0])
  })
})

test('clipGlobalNorm scales only what is too long', () => {
  const clip = t.interpret((tree: { a: Tensor; b: Tensor }) => t.clipGlobalNorm(tree, { maximum: 1 }))
  const { a, b } = clip({ a: [3], b: [4] })
  expect(a.data[0]).toBeCloseTo(0.6, 6)
  expect(b.data[0]).toBeCloseTo(0.8, 6)
  expect([...clip({ a: [0.3], b: [0.4] }).a.data]).toEqual([0.3])
})

test('a training step is one call and its result feeds the next', async () => {
  const loss = (p: { w: Tensor; b: Tensor }, x: Tensor, y: Tensor) =>
    t.mean(t.square(t.sub(t.add(t.matmul(x, p.w), p.b), y)))
  const optimiser = t.adam({ learningRate: t.cosineSchedule({ start: 0.1, updates: 300 }), clipNorm: 10 })
  const step = t.jit(t.trainingStep(loss, optimiser))
  const x = t.ndarray([
    [0, 1],
    [1, 0],
    [1, 1],
    [0, 0],
    [2, 1],
    [1, 3],
  ])
  const y = t.ndarray([[-1 + 0.5], [2 + 0.5], [1 + 0.5], [0.5], [3 + 0.5], [-1 + 0.5]])
  let parameters: { w: NdArray; b: NdArray } = { w: t.ndarray([[0], [0]]), b: t.ndarray([0]) }
  let state = optimiser.initial(parameters)
  let last = Number.POSITIVE_INFINITY
  for (let i = 0; i < 300; i++) {
    const result = await step(parameters, state, x, y)
    parameters = result.parameters
    state = result.state
    last = result.loss.data[0]
  }
  expect(state.updates.data[0]).toBe(300)
  expect(last).toBeLessThan(1e-5)
  expect(parameters.w.data[0]).toBeCloseTo(2, 2)
  expect(parameters.w.data[1]).toBeCloseTo(-1, 2)
  expect(parameters.b.data[0]).toBeCloseTo(0.5, 2)
})
