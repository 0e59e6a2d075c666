import { Random } from '@guerdon/core'
import { interpret, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addNoise,
  averageWeights,
  classifierFreeGuidance,
  cleanFrom,
  ddimLogProb,
  ddimStep,
  denoisingBatch,
  diffusionPosterior,
  gaussianDenoiser,
  mixtureDenoiser,
  noiseFrom,
  noisePredictionLoss,
  noiseSchedule,
  sampleDenoisingChain,
  velocity,
} from './baselines-qd-diffusion.ts'

const finite = fc.double({ min: -5, max: 5, noNaN: true }).map(value => value + 0)

describe('the forward process', () => {
  it('inverts, whichever way the prediction is said', () => {
    fc.assert(
      fc.property(finite, finite, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (clean, noise, alphaBar) => {
        const noisy = addNoise([clean], [noise], alphaBar)
        const v = velocity([clean], [noise], alphaBar)
        expect(cleanFrom(noisy, [noise], alphaBar, 'noise')[0]).toBeCloseTo(clean, 8)
        expect(cleanFrom(noisy, v, alphaBar, 'velocity')[0]).toBeCloseTo(clean, 8)
        expect(noiseFrom(noisy, v, alphaBar, 'velocity')[0]).toBeCloseTo(noise, 8)
        expect(noiseFrom(noisy, [clean], alphaBar, 'sample')[0]).toBeCloseTo(noise, 8)
      }),
    )
  })

  it('has the posterior that ancestral DDIM samples from when no step is skipped', () => {
    const schedule = noiseSchedule({ steps: 20, betaEnd: 0.1 })
    const posterior = diffusionPosterior(schedule)
    const step = ddimStep(
      schedule,
      { samples: [[1.3]], outputs: [[0.4]], timesteps: [7] },
      { steps: 20, prediction: 'sample' },
    )
    expect(step.sigma[0] ** 2).toBeCloseTo(posterior.variance[7], 12)
    expect(step.means[0][0]).toBeCloseTo(posterior.cleanCoefficient[7] * 0.4 + posterior.noisyCoefficient[7] * 1.3, 10)
  })

  it('guides between and beyond the two predictions', () => {
    expect(Array.from(classifierFreeGuidance([1], [3], 0))).toEqual([1])
    expect(Array.from(classifierFreeGuidance([1], [3], 1))).toEqual([3])
    expect(Array.from(classifierFreeGuidance([1], [3], 2))).toEqual([5])
  })

  it('trains on the mean square with gradient 2(ε_θ − ε)/n', () => {
    const { value, gradient } = interpret(valueAndGrad(noisePredictionLoss))([1, 2], [0, 4])
    expect(value.data[0]).toBeCloseTo(2.5, 12)
    expect(Array.from(gradient.data)).toEqual([1, -2])
  })
})

describe('chains', () => {
  const schedule = noiseSchedule({ steps: 100, betaStart: 0.001, betaEnd: 0.2, schedule: 'linear' })
  const ring = { weights: [0.5, 0.5], means: [[-2], [2]], variances: [0.01, 0.01] }
  const denoise = async (samples: readonly Float64Array[], t: number) =>
    samples.map(x => mixtureDenoiser(x, schedule.alphasCumulative[t], ring))
  const options = { steps: 25, prediction: 'sample', offset: 0 } as const

  it('end in the modes and can be scored again from what they store', async () => {
    const random = new Random(5)
    const initial = Array.from({ length: 16 }, () => random.normals(1))
    const chain = await sampleDenoisingChain(initial, denoise, schedule, options, random)
    expect(chain.states).toHaveLength(26)
    for (const x of chain.states[25]) expect(Math.abs(Math.abs(x[0]) - 2)).toBeLessThan(0.6)
    const step = 11
    const samples = chain.states[step]
    const outputs = await denoise(samples, chain.timesteps[step])
    const timesteps = samples.map(() => chain.timesteps[step])
    const { means, sigma } = ddimStep(schedule, { samples, outputs, timesteps }, options)
    const again = ddimLogProb(chain.states[step + 1], means, sigma)
    expect(Array.from(again)).toEqual(Array.from(chain.logProbs[step] ?? []))
  })

  it('repeat themselves without noise and then have no log-probability', async () => {
    const run = (seed: number) =>
      sampleDenoisingChain([Float64Array.of(0.4)], denoise, schedule, { ...options, eta: 0 }, new Random(seed))
    const [one, two] = [await run(1), await run(2)]
    expect(one.states[25]).toEqual(two.states[25])
    expect(one.logProbs.every(entry => entry === null)).toBe(true)
  })

  it('make training batches whose parts fit together', () => {
    const { timesteps, noise, noisy, dropped } = denoisingBatch(
      [
        [1, 2],
        [3, 4],
      ],
      schedule,
      new Random(1),
      {
        dropCondition: 1,
      },
    )
    expect(Array.from(dropped)).toEqual([1, 1])
    expect(noisy[1]).toEqual(addNoise([3, 4], noise[1], schedule.alphasCumulative[timesteps[1]]))
    expect(Array.from(averageWeights([0, 4], [4, 0], { decay: 0.75 }))).toEqual([1, 3])
  })

  it('have two exact denoisers that agree on one Gaussian', () => {
    const mixture = mixtureDenoiser([0.3, -1], 0.4, { weights: [1], means: [[1, 2]], variances: [0.5] })
    const gaussian = gaussianDenoiser([0.3, -1], 0.4, { mean: [1, 2], covariance: Float64Array.of(0.5, 0, 0, 0.5) })
    mixture.forEach((value, d) => {
      expect(value).toBeCloseTo(gaussian[d], 12)
    })
  })
})
