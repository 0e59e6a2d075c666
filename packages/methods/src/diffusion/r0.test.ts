import { interpret, mul, ndarray, sum, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  generate,
  generatorCalls,
  normalizedRewardGradient,
  regularizedMaximizer,
  rewardFieldLoss,
  weightRegulariser,
  weightRegularizedStep,
} from './r0.ts'

const alphas = [0.1, 0.5, 0.9]

/** Sum of the supervised prediction and its slope in a, for ε = a·x. */
function chain(a: number, options: { eta?: number; supervisedStep?: number } = {}) {
  const { eta = 0, ...rest } = options
  const f = (slope: Tensor, x: Tensor, z: Tensor) =>
    sum(
      generate(
        state => mul(slope, state),
        { initialNoise: x, alphasCumulative: alphas, etas: [eta, eta, eta], noises: [z, z, z] },
        rest,
      ).sample,
    )
  const { value, gradient } = interpret(valueAndGrad(f))(a, [1], [0.5])
  return { value: value.data[0], slope: gradient.data[0] }
}

describe('generator', () => {
  it('is one clean prediction when it has one step', () => {
    const f = (x: Tensor) =>
      generate(state => mul(state, 0.5), { initialNoise: x, alphasCumulative: [0.36], etas: [0], noises: [x] }).sample
    // (1 − 0.8·0.5)/0.6
    expect(interpret(f)([1]).data[0]).toBeCloseTo(1, 12)
  })

  it('does not depend on the noise at η = 0, and does at η = 1', () => {
    const sample = (eta: number, noise: number): number =>
      interpret(
        (x: Tensor, z: Tensor) =>
          generate(state => mul(state, 0.5), {
            initialNoise: x,
            alphasCumulative: alphas,
            etas: [eta, eta, eta],
            noises: [z, z, z],
          }).sample,
      )([1], [noise]).data[0]
    expect(sample(0, 3)).toBe(sample(0, -3))
    expect(sample(1, 3)).not.toBeCloseTo(sample(1, -3), 3)
  })

  it('carries the gradient of the whole chain, or of the supervised step alone', () => {
    const step = 1e-6
    const numeric = (chain(0.5 + step).value - chain(0.5 - step).value) / (2 * step)
    expect(chain(0.5).slope).toBeCloseTo(numeric, 5)
    expect(chain(0.5, { supervisedStep: 2 }).value).toBeCloseTo(chain(0.5).value, 12)
    expect(chain(0.5, { supervisedStep: 2 }).slope).not.toBeCloseTo(numeric, 3)
    expect(chain(0.5, { supervisedStep: 0 }).value).not.toBeCloseTo(chain(0.5).value, 3)
  })

  it('counts calls', () => {
    expect(generatorCalls(4)).toEqual({ calls: 4, differentiated: 4 })
    expect(generatorCalls(4, { supervisedStep: 1 })).toEqual({ calls: 2, differentiated: 1 })
  })

  it('refuses a step it does not have and missing noise', () => {
    expect(() => chain(0.5, { supervisedStep: 3 })).toThrow(/supervisedStep < 3/)
    const short = (x: Tensor) =>
      generate(state => state, { initialNoise: x, alphasCumulative: alphas, etas: [0], noises: [x] }).sample
    expect(() => interpret(short)([1])).toThrow(/3 etas and noises/)
  })
})

describe('combined gradient', () => {
  it('gives rewards of any scale the same strength', () => {
    const { combined } = normalizedRewardGradient([
      [3, 4],
      [0, -1000],
    ])
    expect(combined[0]).toBeCloseTo(0.6, 6)
    expect(combined[1]).toBeCloseTo(-0.2, 6)
    expect(
      Array.from(
        normalizedRewardGradient(
          [
            [3, 4],
            [0, -1000],
          ],
          { normalise: false },
        ).combined,
      ),
    ).toEqual([3, -996])
  })

  it('does not change when one reward is scaled', () => {
    const vector = fc.array(fc.double({ min: 0.1, max: 5, noNaN: true }), { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(vector, vector, fc.double({ min: 0.1, max: 1000, noNaN: true }), (a, b, scale) => {
        const [plain, scaled] = [normalizedRewardGradient([a, b]), normalizedRewardGradient([a.map(v => v * scale), b])]
        for (const [d, value] of plain.combined.entries()) expect(scaled.combined[d]).toBeCloseTo(value, 5)
      }),
    )
  })

  it('lets a zero gradient contribute nothing, drops NaN by name and shows cancellation', () => {
    expect(
      normalizedRewardGradient([
        [0, 0],
        [1, 0],
      ]).combinedNorm,
    ).toBeCloseTo(1, 6)
    const result = normalizedRewardGradient([
      [Number.NaN, 0],
      [0, 2],
    ])
    expect(result.dropped).toEqual([0])
    expect(result.combined[1]).toBeCloseTo(1, 6)
    expect(
      normalizedRewardGradient([
        [1, 0],
        [-7, 0],
      ]).combinedNorm,
    ).toBeCloseTo(0, 6)
    expect(normalizedRewardGradient([]).combinedNorm).toBe(0)
    expect(() => normalizedRewardGradient([[1], [1, 2]])).toThrow(/reward 1 has 2/)
  })

  it('injects the field at the output of the generator', () => {
    const loss = (w: Tensor, x: Tensor, field: Tensor) => rewardFieldLoss(mul(w, x), field)
    // Two samples: −mean (w·x·G), slope −mean(x·G) = −(1·2 + 3·4)/2.
    const { gradient } = interpret(valueAndGrad(loss))(1, ndarray([[1], [3]]), ndarray([[2], [4]]))
    expect(gradient.data[0]).toBeCloseTo(-7, 12)
  })
})

describe('regularisation', () => {
  it('pulls towards the starting weights as a graph and as an update', () => {
    const f = (a: Tensor, b: Tensor) => weightRegulariser([a, b], [mul(a, 0), mul(b, 0)], 0.5)
    const { value } = interpret(valueAndGrad(f))([1, 2], [3])
    expect(value.data[0]).toBeCloseTo(0.5 * (1 + 4 + 9), 12)
    const step = weightRegularizedStep([2], [1], [0], { lambda: 0.5, learningRate: 0.1 })
    expect(step).toMatchObject({ regularizationLoss: 0.5 })
    expect(step.next[0]).toBeCloseTo(1.9, 12)
  })

  it('adds noise only at a positive temperature', () => {
    const options = { lambda: 0, learningRate: 0.5, temperature: 1 }
    expect(weightRegularizedStep([0], [0], [0], options, [2]).next[0]).toBeCloseTo(2, 12)
    expect(() => weightRegularizedStep([0], [0], [0], options)).toThrow(/normals/)
  })

  it('ends where the closed form says', () => {
    const reward = {
      curvature: [
        [2, 0.3],
        [0.3, 1],
      ],
      peak: [1, -1],
    }
    const { parameters } = regularizedMaximizer(reward, [0, 0], 0.7)
    let theta: Float64Array = new Float64Array(2)
    for (let i = 0; i < 500; i++) {
      const gradient = reward.curvature.map(
        row => -row.reduce((total, q, j) => total + q * (theta[j] - reward.peak[j]), 0),
      )
      theta = weightRegularizedStep(theta, [0, 0], gradient, { lambda: 0.7, learningRate: 0.1 }).next as Float64Array
    }
    for (const [i, value] of parameters.entries()) expect(theta[i]).toBeCloseTo(value, 9)
    expect(Array.from(regularizedMaximizer(reward, [5, 5], 0).parameters)).toEqual([
      expect.closeTo(1, 9),
      expect.closeTo(-1, 9),
    ])
  })
})
