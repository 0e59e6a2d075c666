import { Random } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  componentProbabilities,
  denoiseMixture,
  type GaussianMixture,
  gaussianMixture,
  mixtureLogDensity,
  mixtureScore,
  noisedMixture,
  restrictMixture,
  sampleMixture,
} from './gaussian-mixture.ts'
import { gridMixture, ringMixture, twoMoonsMixture } from './mixture-shapes.ts'
import { pointsSvg } from './pictures.ts'

const single = gaussianMixture({ means: [[1, -2]], deviations: 2 })

describe('one Gaussian', () => {
  it('has the density, score and denoiser of the textbook', () => {
    // (x − μ) = (2, 0): log p = −4/8 − log(2π·4); score = (μ − x)/4
    expect(mixtureLogDensity(single, [3, -2])[0]).toBeCloseTo(-0.5 - Math.log(8 * Math.PI), 12)
    expect([...mixtureScore(single, [3, -2])]).toEqual([-0.5, 0])
    // E[x₀|x] = μ + √ᾱ·v/(ᾱv + 1 − ᾱ)·(x − √ᾱ·μ), here with ᾱ = 1/4
    const gain = (0.5 * 4) / (0.25 * 4 + 0.75)
    const [x, y] = denoiseMixture(single, [3, -2], 0.25)
    expect(x).toBeCloseTo(1 + gain * (3 - 0.5), 12)
    expect(y).toBeCloseTo(-2 + gain * (-2 + 1), 12)
    expect([...denoiseMixture(single, [3, -2], 1)]).toEqual([3, -2])
  })

  it('holds far out, where densities underflow', () => {
    const ring = ringMixture()
    const far = [1e4, 0]
    expect(mixtureLogDensity(ring, far)[0]).toBeLessThan(-1e9)
    expect(componentProbabilities(ring, far)[0]).toBe(1)
    expect(mixtureScore(ring, far)[0]).toBeCloseTo((2 - 1e4) / 0.15 ** 2, 3)
  })
})

const shapes: readonly (readonly [string, GaussianMixture])[] = [
  ['ring', ringMixture({ weights: [1, 2, 3, 4, 5, 6, 7, 8] })],
  ['grid', gridMixture({ side: 3 })],
  ['two moons', twoMoonsMixture()],
]

describe.each(shapes)('%s', (_, mixture) => {
  it('integrates to 1', () => {
    const [step, reach] = [0.04, 4]
    const points: number[] = []
    for (let x = -reach; x <= reach; x += step) for (let y = -reach; y <= reach; y += step) points.push(x, y)
    const total = mixtureLogDensity(mixture, points).reduce((sum, log) => sum + Math.exp(log) * step * step, 0)
    expect(total).toBeCloseTo(1, 6)
  })

  it('has the score its density has', () => {
    fc.assert(
      fc.property(fc.double({ min: -3, max: 3, noNaN: true }), fc.double({ min: -3, max: 3, noNaN: true }), (x, y) => {
        const h = 1e-5
        const slope = (dx: number, dy: number) => {
          const [above, below] = mixtureLogDensity(mixture, [x + dx, y + dy, x - dx, y - dy])
          return (above - below) / (2 * h)
        }
        const [right, up] = mixtureScore(mixture, [x, y])
        expect(Math.abs(right - slope(h, 0))).toBeLessThan(1e-4 * (1 + Math.abs(right)))
        expect(Math.abs(up - slope(0, h))).toBeLessThan(1e-4 * (1 + Math.abs(up)))
      }),
      { numRuns: 40 },
    )
  })

  it('draws what it says, and becomes the noise it says', () => {
    const count = 4000
    const random = new Random(3)
    const { points, components } = sampleMixture(mixture, count, random)
    const share = (j: number) => components.filter(other => other === j).length / count
    mixture.weights.forEach((weight, j) => {
      // five standard errors
      expect(Math.abs(share(j) - weight)).toBeLessThan(5 * Math.sqrt((weight * (1 - weight)) / count))
    })
    // mean log density of own draws exceeds that of any other law's, here of the noised one
    const mean = (law: GaussianMixture, at: ArrayLike<number>) =>
      mixtureLogDensity(law, at).reduce((sum, log) => sum + log, 0) / count
    const noised = noisedMixture(mixture, 0.5)
    const noisy = points.map(entry => Math.sqrt(0.5) * entry + Math.sqrt(0.5) * random.normal())
    expect(mean(mixture, points)).toBeGreaterThan(mean(noised, points))
    expect(mean(noised, noisy)).toBeGreaterThan(mean(mixture, noisy))
    // an expectation given the noisy point leaves an error that has nothing to do with it; five standard errors
    const guesses = denoiseMixture(mixture, noisy, 0.5)
    const products = Float64Array.from(guesses, (guess, i) => guess * (points[i] - guess))
    const spread = Math.sqrt(products.reduce((sum, product) => sum + product ** 2, 0))
    expect(Math.abs(products.reduce((sum, product) => sum + product, 0))).toBeLessThan(5 * spread)
  })
})

describe('shapes', () => {
  it('put their modes where they say', () => {
    const ring = ringMixture({ modes: 4, radius: 2 })
    expect(ring.means.map(mean => [...mean].map(entry => Math.round(1e9 * entry) / 1e9 + 0))).toEqual([
      [2, 0],
      [0, 2],
      [-2, 0],
      [0, -2],
    ])
    expect(gridMixture({ side: 2, spacing: 2 }).means.map(mean => [...mean])).toEqual([
      [-1, -1],
      [1, -1],
      [-1, 1],
      [1, 1],
    ])
    const moons = twoMoonsMixture({ componentsPerMoon: 3 })
    expect([...moons.means[1]].map(entry => Math.round(1e9 * entry) / 1e9)).toEqual([0, 1])
    expect([...moons.means[4]].map(entry => Math.round(1e9 * entry) / 1e9)).toEqual([1, -0.5])
  })

  it('can be restricted to some modes', () => {
    const even = restrictMixture(ringMixture({ weights: [1, 9, 3, 9, 1, 9, 3, 9] }), [0, 2, 4, 6])
    expect([...even.weights].map(weight => weight.toFixed(12))).toEqual(
      [1, 3, 1, 3].map(part => (part / 8).toFixed(12)),
    )
    expect(even.means).toHaveLength(4)
  })

  it('are drawn', () => {
    const drawn = pointsSvg(ringMixture({ modes: 3 }), [0, 0, 1, 1])
    expect(drawn.match(/<circle/g)).toHaveLength(5)
    expect(drawn).not.toMatch(/NaN/)
  })
})

it.each<[string, () => unknown, RegExp]>([
  ['no modes', () => ringMixture({ modes: 0 }), /modes/],
  ['a deviation of 0', () => ringMixture({ deviation: 0 }), /positive deviations; got 0 — component 0/],
  ['a negative weight', () => ringMixture({ modes: 2, weights: [1, -1] }), /positive weights; got -1 — component 1/],
  ['too few weights', () => ringMixture({ weights: [1] }), /same length/],
  ['a mean that is not a number', () => gaussianMixture({ means: [[0, Number.NaN]], deviations: 1 }), /means\[0\]/],
  ['no means', () => gaussianMixture({ means: [], deviations: 1 }), /at least one/],
  ['half a point', () => mixtureScore(single, [1]), /points of 2 numbers; got 1/],
  ['a point that is not finite', () => mixtureLogDensity(single, [0, 0, 1, Number.NaN]), /got NaN — point 1/],
  ['a signal of 0', () => denoiseMixture(single, [0, 0], 0), /signal in \(0, 1\]/],
  ['an unknown component', () => restrictMixture(single, [1]), /components below 1; got 1/],
])('%s is refused', (_, run, message) => expect(run).toThrow(message))
