import { Random } from '@guerdon/core'
import { addNoise, diffusionPosterior, sampleDenoisingChain } from '@guerdon/methods/exploration/baselines-qd-diffusion'
import {
  constant,
  type Dense,
  type Evaluated,
  interpret,
  jit,
  type NdArray,
  ndarray,
  type Tensor,
} from '@guerdon/tensor'
import { denoiseMixture } from '@guerdon/worlds/images/gaussian-mixture'
import { ringMixture } from '@guerdon/worlds/images/mixture-shapes'
import { describe, expect, it } from 'vitest'
import { ancestors, sampleAt } from './chains.ts'
import { createDenoiserLearner } from './denoiser-learner.ts'
import { expectClose } from './fixtures/expect-close.ts'
import { groupNorm } from './group-norm.ts'
import { mixtureModel } from './mixture-network.ts'
import { mlpDenoiser } from './mlp-denoiser.ts'
import { callsPerStep, diffusionModel, guidedOutput } from './model.ts'
import { predictedNoise } from './reward-objective.ts'
import { createDiffusionSampler, type DiffusionSamplerOptions } from './sampler.ts'
import { timeFeatures } from './time-features.ts'
import { type TransitionBatch, transitionArrays, transitionLogProbs } from './transitions.ts'
import { unetDenoiser } from './unet-denoiser.ts'

const ring = ringMixture()
const exact = mixtureModel(ring)
const classes = diffusionModel(mlpDenoiser({ classes: 3, hidden: [8] }))
const classesParameters = classes.network.initial(new Random(1))

describe('networks', () => {
  it('know a timestep by cosines and sines of it', () => {
    const { data } = interpret((t: Tensor) => timeFeatures(t, 4))([100])
    expect(Array.from(data)).toEqual([Math.cos(100), Math.cos(1), Math.sin(100), Math.sin(1)])
    expect(() => interpret((t: Tensor) => timeFeatures(t, 3))([1])).toThrow(/expected an even width; got 3/)
  })

  it('normalise a group of channels to mean 0 and variance 1', () => {
    const x = ndarray([1, 3, 5, 7, 0, 0, 1, 1], { shape: [1, 4, 1, 2] })
    const one = { scale: [1, 1, 1, 2], bias: [0, 0, 0, 5] }
    const { data } = interpret((p: { scale: Tensor; bias: Tensor }, images: Tensor) =>
      groupNorm(p, images, { groups: 2 }),
    )(one, x)
    // the first group has mean 4 and variance 5, the second 0.5 and 0.25
    const expected = [-3, -1, 1, 3].map(value => value / Math.sqrt(5 + 1e-5))
    const second = 0.5 / Math.sqrt(0.25 + 1e-5)
    expected.push(-second, -second, 2 * second + 5, 2 * second + 5)
    expectClose(data, expected, 9)
  })

  it.each([
    [8, [8, 16]],
    [28, [4, 8, 8]],
  ])('of images of side %i keep their shape and use timestep and class', async (side, channels) => {
    const network = unetDenoiser({ height: side, width: side, classes: 2, channels })
    const parameters = network.initial(new Random(1))
    const run = jit((p: never, x: Tensor, t: Tensor, y: Tensor) => network.apply(p, x, t, y)) as unknown as (
      p: unknown,
      x: NdArray,
      t: number[],
      y: NdArray,
    ) => Promise<NdArray>
    const x = ndarray(Float32Array.from(new Random(2).normals(side * side)), { shape: [1, 1, side, side] })
    const label = (y: number) => ndarray([y], { dtype: 'int32' })
    const out = await run(parameters, x, [10], label(0))
    expect(out.shape).toEqual([1, 1, side, side])
    expect(await run(parameters, x, [500], label(0))).not.toEqual(out)
    expect(await run(parameters, x, [10], label(1))).not.toEqual(out)
  })

  it('refuse sizes that do not go together', () => {
    expect(() => unetDenoiser({ height: 6, width: 8, channels: [4, 4, 4] })).toThrow(/sides that 4 divides; got 6×8/)
    expect(() => unetDenoiser({ height: 8, width: 8, channels: [6, 8] })).toThrow(
      /channels that 4 groups divide; got 6/,
    )
    expect(() => diffusionModel(mlpDenoiser(), { prediction: 'clean' as never })).toThrow(/prediction/)
  })

  it('of a mixture are its exact denoiser', async () => {
    const sampler = createDiffusionSampler(exact, { steps: 10 })
    const states = Float32Array.from(new Random(1).normals(40))
    for (const step of [0, 5, 9]) {
      const { clean } = await sampler.step([], states, step)
      const alpha = exact.schedule.alphasCumulative[sampler.table.timesteps[step]]
      expectClose(clean, denoiseMixture(ring, states, alpha), 4)
    }
  })
})

describe('what a network predicts', () => {
  it('is the same noise, whether it says ε, x₀ or v', () => {
    const [clean, noise, timestep] = [[0.5, -1], [1.5, 0.3], 300]
    for (const prediction of ['noise', 'sample', 'velocity'] as const) {
      const told = { noise, sample: clean, velocity: [] as number[] }
      const model = diffusionModel(mlpDenoiser(), { prediction })
      const alpha = model.schedule.alphasCumulative[timestep]
      told.velocity = noise.map((value, d) => Math.sqrt(alpha) * value - Math.sqrt(1 - alpha) * clean[d])
      const fixed = { ...model, network: { ...model.network, apply: () => constant([told[prediction]]) } }
      const noisy = addNoise(clean, noise, alpha)
      const inputs = { labels: constant([0], { dtype: 'int32' }), timestep }
      const { data } = interpret((samples: Tensor) => predictedNoise(fixed, [], { samples, ...inputs }))([
        Array.from(noisy),
      ])
      expectClose(data, noise, 9)
    }
  })

  it('is mixed with the empty condition under guidance, at two calls a step', () => {
    const inputs = (samples: Tensor, label: number) => ({
      samples,
      timesteps: constant([7]),
      labels: constant([label], { dtype: 'int32' }),
    })
    const output = (label: number, guidanceScale: number) =>
      interpret((samples: Tensor) =>
        guidedOutput(classes, asTensors(classesParameters), inputs(samples, label), { guidanceScale }),
      )([[0.3, 0.4]]).data
    const [empty, own, guided] = [output(3, 1), output(1, 1), output(1, 2.5)]
    const mixed = empty.map((value, d) => value + 2.5 * (own[d] - value))
    expectClose(guided, mixed, 6)
    expect(callsPerStep(classes, { guidanceScale: 2.5 })).toBe(2)
    expect(callsPerStep(classes, {})).toBe(1)
    expect(callsPerStep(exact, { guidanceScale: 2.5 })).toBe(1)
  })
})

describe('a sampler', () => {
  it.each<DiffusionSamplerOptions>([
    { steps: 6, eta: 1 },
    { steps: 6, eta: 0.4, finalAlpha: 'one' },
    { steps: 6, eta: 1, clipRange: 1, recomputeNoise: true },
  ])('draws the chains and log-densities of the reference: %j', async options => {
    const sampler = createDiffusionSampler(exact, options)
    const [count, seed] = [5, 4]
    const initial = new Random(9).normals(2 * count)
    const chains = await sampler.sample([], { count, initial: Float32Array.from(initial) }, new Random(seed))
    const rows = Array.from({ length: count }, (_, i) => initial.slice(2 * i, 2 * i + 2))
    const reference = await sampleDenoisingChain(
      rows,
      async (samples, t) => samples.map(sample => denoiseMixture(ring, sample, exact.schedule.alphasCumulative[t])),
      exact.schedule,
      { ...options, prediction: 'sample' },
      new Random(seed),
    )
    for (const [step, states] of reference.states.entries()) {
      expectClose(
        chains.states[step],
        states.flatMap(state => Array.from(state)),
        3,
      )
    }
    for (const [step, logProbs] of reference.logProbs.entries()) {
      if (logProbs === null) expect(chains.logProbs[step]).toBeNull()
      else expectClose(chains.logProbs[step] ?? [], logProbs, 3)
    }
    expect(chains.denoiserCalls).toBe(30)
  })

  it('is DDPM where it takes every step with η = 1', async () => {
    const model = mixtureModel(ring, { schedule: { steps: 12, betaStart: 0.01, betaEnd: 0.4 } })
    const sampler = createDiffusionSampler(model, { steps: 12, offset: 0, finalAlpha: 'one' })
    const { variance, cleanCoefficient, noisyCoefficient } = diffusionPosterior(model.schedule)
    const states = Float32Array.from(new Random(3).normals(8))
    for (const [step, t] of sampler.table.timesteps.entries()) {
      const { means, clean, sigma } = await sampler.step([], states, step)
      expect(sigma).toBeCloseTo(Math.sqrt(variance[t]), 9)
      const expected = clean.map((value, i) => cleanCoefficient[t] * value + noisyCoefficient[t] * states[i])
      expectClose(means, expected, 5)
    }
  })

  it('is deterministic without noise', async () => {
    const sampler = createDiffusionSampler(exact, { steps: 5, eta: 0 })
    const initial = Float32Array.from([1, 2])
    const [one, two] = await Promise.all(
      [1, 2].map(seed => sampler.sample([], { count: 1, initial }, new Random(seed))),
    )
    expect(one.samples).toEqual(two.samples)
    expect(one.logProbs).toEqual(Array(5).fill(null))
    expect(() => sampler.assertStochastic('log-probabilities')).toThrow(/noise at every step for log-prob.*step 0/)
  })

  it.each(['noise', 'sample', 'velocity'] as const)(
    'records the densities that training computes anew: %s, guided',
    async prediction => {
      const model = diffusionModel(classes.network, { prediction })
      const options = { steps: 4, guidanceScale: 3 }
      const sampler = createDiffusionSampler(model, options)
      const chains = await sampler.sample(classesParameters, { count: 3, labels: [0, 1, 3] }, new Random(1))
      expect(chains.denoiserCalls).toBe(24)
      const rows = Int32Array.from({ length: 12 }, (_, i) => i)
      const graph = jit((p: never, batch: TransitionBatch) =>
        transitionLogProbs(model, p, batch, options),
      ) as unknown as (p: unknown, batch: TransitionBatch<NdArray>) => Promise<NdArray>
      const { data } = await graph(classesParameters, transitionArrays(model, sampler, chains, rows))
      const recorded = chains.logProbs.flatMap(logProbs => Array.from(logProbs ?? []))
      expectClose(data, recorded, 4)
    },
  )

  it('forks chains that share what came before', async () => {
    const sampler = createDiffusionSampler(classes, { steps: 6 })
    const start = { count: 2, labels: [0, 2] }
    const forked = await sampler.branch(classesParameters, start, { at: 4, children: 3 }, new Random(1))
    expect(Array.from(forked.parents)).toEqual([0, 1, 0, 1, 0, 1])
    expect(Array.from(forked.branches.labels)).toEqual([0, 2, 0, 2, 0, 2])
    expect(forked.branches.fromStep).toBe(4)
    expect(forked.denoiserCalls).toBe(2 * 4 + 6 * 2)
    const ends = new Set<string>()
    forked.parents.forEach((parent, row) => {
      expect(sampleAt(forked.branches.states[0], row, 2)).toEqual(sampleAt(forked.trunk.samples, parent, 2))
      ends.add(`${sampleAt(forked.branches.samples, row, 2)}`)
    })
    expect(ends.size).toBe(6)
    // a whole chain draws as its trunk does, and at the fork as the first children do
    const whole = await sampler.sample(classesParameters, start, new Random(1))
    expect(whole.states[4]).toEqual(forked.trunk.samples)
    expectClose(whole.states[5], forked.branches.states[1].subarray(0, 4), 5)
  })

  it('keeps first and last state alone when told to', async () => {
    const sampler = createDiffusionSampler(exact, { steps: 5 })
    const all = await sampler.sample([], { count: 1 }, new Random(1))
    const ends = await sampler.sample([], { count: 1, keepStates: false }, new Random(1))
    expect(ends.states).toEqual([all.states[0], all.states[5]])
  })

  it('refuses labels, sizes and numbers that do not fit', async () => {
    const sampler = createDiffusionSampler(classes, { steps: 3 })
    const random = new Random(1)
    const draw = (start: object, parameters = classesParameters) =>
      sampler.sample(parameters, { count: 2, ...start }, random)
    await expect(draw({ labels: [0, 4] })).rejects.toThrow(/labels in 0 … 3; got 4 — sample 1/)
    await expect(draw({ labels: [0] })).rejects.toThrow(/expected 2 labels; got 1/)
    await expect(draw({ initial: new Float32Array(3) })).rejects.toThrow(/2 samples of 2 numbers; got 3/)
    await expect(draw({ initial: Float32Array.from([0, 0, Number.NaN, 0]) })).rejects.toThrow(/NaN — sample 1, entry 0/)
    await expect(draw({ toStep: 4 })).rejects.toThrow(/toStep ≤ 3; got 4/)
    await expect(draw({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    const broken = structuredClone(classesParameters)
    broken[1].weight.data.fill(Number.NaN)
    await expect(draw({}, broken)).rejects.toThrow(/expected finite samples; got NaN — sample 0, step 0/)
  })
})

describe('lineage', () => {
  it('is followed back through resamplings', () => {
    const genealogy = [
      { step: 0, sources: [1, 1, 2] },
      { step: 2, sources: [0, 2, 2] },
    ]
    expect(ancestors(genealogy, 3, 4).map(line => Array.from(line))).toEqual([
      [1, 2, 2],
      [0, 2, 2],
      [0, 2, 2],
      [0, 1, 2],
      [0, 1, 2],
    ])
    expect(ancestors([], 2, 1).map(line => Array.from(line))).toEqual([
      [0, 1],
      [0, 1],
    ])
  })
})

describe('data for a denoiser', () => {
  const options = { seed: 1, learningRate: 1e-3 }
  it.each([
    [{ samples: [] }, /expected samples; got none/],
    [{ samples: [1, 2, 3] }, /1 samples of 2 numbers; got 3/],
    [{ samples: [1, 2, 3, Number.NaN] }, /NaN — sample 1, entry 1/],
    [{ samples: [1, 2], labels: [1] }, /labels in 0 … 0; got 1 — sample 0/],
  ])('%j is refused', (data, message) => {
    expect(() => createDenoiserLearner(diffusionModel(mlpDenoiser()), data, options)).toThrow(message)
  })
})

function asTensors(parameters: Evaluated<Dense[]>): Dense[] {
  return parameters.map(({ weight, bias }) => ({ weight: constant(weight), ...(bias && { bias: constant(bias) }) }))
}
