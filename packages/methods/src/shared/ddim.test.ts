import { interpret, type Tensor } from '@guerdon/tensor'
import { describe, expect, it } from 'vitest'
import { ddimCoefficients, ddimLogProb, ddimMeans, ddimStep, ddimTimesteps, predictionTypes } from './ddim.ts'
import { denoisingLogProb } from './denoising-log-prob.ts'
import { noiseSchedule } from './noise-schedule.ts'

const schedule = noiseSchedule()
const samples = [
  [0.3, -1.2, 2],
  [1.1, 0.4, -0.7],
]
const outputs = [
  [0.5, 0.1, -0.9],
  [-0.3, 1.4, 0.2],
]
const timesteps = [981, 21]

describe('ddimTimesteps', () => {
  it('fall by the stride and end at the offset', () => {
    const { timesteps: visited, previous, previousClamped } = ddimTimesteps({ trainSteps: 10, steps: 3, offset: 1 })
    expect(Array.from(visited)).toEqual([7, 4, 1])
    expect(Array.from(previous)).toEqual([4, 1, -2])
    expect(Array.from(previousClamped)).toEqual([4, 1, 0])
  })

  it('refuse more steps than the model was trained for', () => {
    expect(() => ddimTimesteps({ trainSteps: 10, steps: 11 })).toThrow(/steps ≤ trainSteps 10; got 11/)
  })
})

describe('ddimStep', () => {
  it('follows the formula by hand', () => {
    // T = 2, ᾱ = (0.64, 0.16): from t = 1 to t′ = 0 with x = 1, ε = 0 and η = 0: x̂₀ = 1/0.4 = 2.5, μ = 0.8·2.5 = 2.
    const small = { alphasCumulative: Float64Array.of(0.64, 0.16) }
    const step = ddimStep(small, { samples: [[1]], outputs: [[0]], timesteps: [1] }, { steps: 2, eta: 0 })
    expect(step.means[0][0]).toBeCloseTo(2, 12)
    expect(step.sigma[0]).toBe(0)
    // η = 1: σ² = (0.36/0.84)·(1 − 0.25) = 9/28.
    expect(ddimCoefficients(small, [1], { steps: 2 }).sigma[0]).toBeCloseTo(Math.sqrt(9 / 28), 12)
  })

  it.each(predictionTypes)('equals its graph for the prediction %s, clipped or not', prediction => {
    for (const options of [{}, { clipRange: 0.5 }, { clipRange: 0.5, recomputeNoise: true }]) {
      const step = ddimStep(schedule, { samples, outputs, timesteps }, { prediction, ...options })
      const numbers = ddimCoefficients(schedule, timesteps)
      const column = (values: Float64Array) => Array.from(values, value => [value])
      const means = interpret((model: Tensor, x: Tensor, a: Tensor, b: Tensor, c: Tensor, d: Tensor) =>
        ddimMeans(
          model,
          x,
          { signal: a, noise: b, previousSignal: c, direction: d, sigma: 0 },
          { prediction, ...options },
        ),
      )(
        outputs,
        samples,
        column(numbers.signal),
        column(numbers.noise),
        column(numbers.previousSignal),
        column(numbers.direction),
      )
      const flat = step.means.flatMap(row => Array.from(row))
      Array.from(means.data).forEach((value, i) => {
        expect(value).toBeCloseTo(flat[i], 10)
      })
    }
  })

  it('gives one step for all three ways to say the same prediction', () => {
    const { signal, noise } = ddimCoefficients(schedule, [500])
    const [clean, epsilon] = [0.7, -0.4]
    const x = signal[0] * clean + noise[0] * epsilon
    const said = { noise: epsilon, sample: clean, velocity: signal[0] * epsilon - noise[0] * clean }
    const means = predictionTypes.map(
      prediction =>
        ddimStep(schedule, { samples: [[x]], outputs: [[said[prediction]]], timesteps: [500] }, { prediction })
          .means[0][0],
    )
    expect(means[1]).toBeCloseTo(means[0], 10)
    expect(means[2]).toBeCloseTo(means[0], 10)
  })

  it('has a log-probability at the last step only when the chain ends at ᾱ₀', () => {
    const last = { samples: [[0.2]], outputs: [[0.1]], timesteps: [1] }
    const trained = ddimStep(schedule, last)
    expect(Number.isFinite(ddimLogProb([[0.2]], trained.means, trained.sigma)[0])).toBe(true)
    const plain = ddimStep(schedule, last, { finalAlpha: 'one' })
    expect(plain.sigma[0]).toBe(0)
    expect(() => ddimLogProb([[0.2]], plain.means, plain.sigma)).toThrow(/expected sigma > 0; got 0 at sample 0/)
  })

  it('agrees with the graph of the log-probability', () => {
    const step = ddimStep(schedule, { samples, outputs, timesteps: [301, 301] })
    const graph = interpret((next: Tensor, means: Tensor) => denoisingLogProb(next, means, step.sigma[0]))(
      outputs,
      step.means.map(row => Array.from(row)),
    )
    const numbers = ddimLogProb(outputs, step.means, step.sigma)
    expect(graph.data[0]).toBeCloseTo(numbers[0], 10)
    expect(graph.data[1]).toBeCloseTo(numbers[1], 10)
  })

  it('names a timestep outside the schedule and a value that is no number', () => {
    expect(() => ddimCoefficients(schedule, [3, 1000])).toThrow(/timesteps in \[0, 1000\); got 1000 at 1/)
    expect(() => ddimStep(schedule, { samples: [[Number.NaN]], outputs: [[0]], timesteps: [1] })).toThrow(/samples/)
  })
})
