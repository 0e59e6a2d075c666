import { Random } from '@guerdon/core'
import { mean, mul, type Tensor } from '@guerdon/tensor'
import { describe, expect, it } from 'vitest'
import { type Learner, trainLearner } from '../run/learner.ts'
import { createB2Diffurl } from './b2-diffurl.ts'
import type { DiffusionLearner } from './chain-learner.ts'
import { createD3po, type D3poLearnerOptions } from './d3po.ts'
import { createDdpo, type DdpoLearnerOptions } from './ddpo.ts'
import { createDenoiserLearner } from './denoiser-learner.ts'
import { nearness, nearnessGraph } from './fixtures/ring.ts'
import { mlpDenoiser } from './mlp-denoiser.ts'
import { diffusionModel } from './model.ts'
import { createRewardEditor } from './reward-editor.ts'
import { createRewardGenerator } from './reward-generator.ts'
import type { RewardedSamples } from './rewards.ts'

const model = diffusionModel(mlpDenoiser({ classes: 2, hidden: [8] }))
const initial = model.network.initial(new Random(3))
const data = { samples: new Random(1).normals(64), labels: Array.from({ length: 32 }, (_, i) => i % 2) }
const base = { seed: 1, learningRate: 1e-3, initial }
const small = { ...base, sampler: { steps: 4, guidanceScale: 2 }, miniBatches: 2, labels: [0, 1] }

const ddpo = (more: Partial<DdpoLearnerOptions<never>> = {}, reward = nearness) =>
  createDdpo(model, reward, { ...small, samples: 6, normalise: 'perLabel', minCount: 4, ...more } as never)
const d3po = (more: Partial<D3poLearnerOptions<never>> = {}, reward = nearness) =>
  createD3po(model, reward, { ...small, pairs: 4, ...more } as never)
const b2 = (more: object = {}, reward = nearness) =>
  createB2Diffurl(model, reward, { ...small, trunks: 3, children: 3, from: 2, to: 4, stages: 6, batchRows: 8, ...more })

const learners: Record<string, () => Learner> = {
  denoiser: () =>
    createDenoiserLearner(model, { ...data, heldOut: data }, { seed: 1, learningRate: 1e-3, batchSize: 8 }),
  ddpo,
  d3po: () => d3po({ referenceUpdate: 'everyUpdate', dropTies: true }),
  'b2-diffurl': b2,
  'reward-generator': () =>
    createRewardGenerator(
      model,
      { near: { reward: nearnessGraph }, far: { reward: (x: Tensor) => mul(nearnessGraph(x, x), -3), weight: 0.1 } },
      { ...base, supervise: 'random', steps: 2, batchSize: 4, regularisation: 0.1, labels: [0, 1], guidanceScale: 2 },
    ),
  'reward-editor': () =>
    createRewardEditor(model, { near: { reward: nearnessGraph } }, { ...base, data, batchSize: 4 }),
}

describe('learners of diffusion models', () => {
  it.each(Object.entries(learners))('%s goes on where it stopped, byte for byte', async (_, make) => {
    const whole = make()
    const first = await trainLearner(whole, { updates: 2 })
    const half = whole.save()
    const rest = await trainLearner(whole, { updates: 4 })
    expect(first).toHaveLength(2)
    const other = make()
    other.restore(half)
    expect(await trainLearner(other, { updates: 4 })).toEqual(rest)
    expect(other.save()).toEqual(whole.save())
    expect(other.save()).not.toEqual(half)
  })

  it('refuse the state of other settings or of a model of another size', () => {
    const saved = ddpo().save()
    expect(() => ddpo({ seed: 2 }).restore(saved)).toThrow(/with seed 2; got 1/)
    expect(() => d3po().restore(saved)).toThrow(/expected a run of d3po; got one of ddpo/)
    const begun = model.network.initial(new Random(4))
    expect(() => ddpo({ initial: begun } as never).restore(saved)).toThrow(/expected a run of ddpo with initial/)
    const wide = diffusionModel(mlpDenoiser({ classes: 2, hidden: [9] }))
    const other = createDdpo(wide, nearness, { ...small, initial: wide.network.initial(new Random(1)) })
    expect(() => other.restore(saved)).toThrow(/expected a run of ddpo with sizes/)
  })

  it('count calls of network, gradients and reward apart', async () => {
    const learner = ddpo()
    await learner.update()
    // guidance doubles the calls: 6 chains of 4 steps, and their 24 steps learnt from
    expect(learner.spent()).toEqual({ denoiserCalls: 48, gradientCalls: 48, rewardCalls: 6 })
    const pairs = d3po()
    await pairs.update()
    // 8 chains of 4 steps, and 16 pairs of steps under the policy and under the reference
    expect(pairs.spent()).toEqual({ denoiserCalls: 64 + 64, gradientCalls: 64, rewardCalls: 8 })
  })

  it.each<[string, (reward: (batch: RewardedSamples) => Float64Array) => DiffusionLearner<never>]>([
    ['ddpo', reward => ddpo({}, reward) as never],
    ['d3po', reward => d3po({}, reward) as never],
    ['b2-diffurl', reward => b2({}, reward) as never],
  ])('%s names the sample whose reward is no number, and stays as it was', async (_, make) => {
    const learner = make(batch => nearness(batch).map((value, i) => (i === 2 ? Number.NaN : value)))
    await expect(learner.update()).rejects.toThrow(/expected finite rewards; got NaN — sample 2 at the last step/)
    expect(learner.updates()).toBe(0)
    expect(learner.parameters()).toEqual(initial)
    const failed = make(({ count }) => new Array(count).fill(null) as never)
    await expect(failed.update()).rejects.toThrow(/expected a reward for every sample; got null — sample 0/)
    const short = make(() => new Float64Array(1))
    await expect(short.update()).rejects.toThrow(/rewards; got 1/)
  })

  it('refuse samplers whose steps have no density', () => {
    expect(() => ddpo({ sampler: { steps: 4, eta: 0 } })).toThrow(/noise at every step for log-probabilities/)
    expect(() => ddpo({ sampler: { steps: 4, finalAlpha: 'one' } })).toThrow(/step 3 has none/)
    expect(() => b2({ to: 5 })).toThrow(/sampler.steps/)
  })
})

describe('D3PO', () => {
  it('sees of rewards nothing but which is larger', async () => {
    const rising = [(r: number) => r, Math.exp, (r: number) => r ** 3]
    const ends = await Promise.all(
      rising.map(async f => {
        const learner = d3po({}, batch => nearness(batch).map(f))
        await trainLearner(learner, { updates: 3 })
        return learner.parameters()
      }),
    )
    expect(ends[1]).toEqual(ends[0])
    expect(ends[2]).toEqual(ends[0])
    expect(ends[0]).not.toEqual(initial)
  })

  it('learns nothing from ties, and takes the word of a judge', async () => {
    const same = d3po({ weightDecay: 0.1 }, ({ count }) => new Float64Array(count))
    const point = await same.update()
    expect(point).toMatchObject({ ties: 1, loss: null })
    expect(same.parameters()).toEqual(initial)
    const judge = (batch: RewardedSamples) => {
      const scores = nearness(batch)
      return Array.from({ length: batch.count / 2 }, (_, p) => Math.sign(scores[2 * p] - scores[2 * p + 1]))
    }
    const [judged, compared] = [d3po({ judge }, ({ count }) => new Float64Array(count)), d3po()]
    await Promise.all([judged.update(), compared.update()])
    expect(judged.parameters()).toEqual(compared.parameters())
    await expect(d3po({ judge: () => [0.5, 0, 0, 0] }).update()).rejects.toThrow(/−1, 0 or 1; got 0.5 — pair 0/)
  })
})

describe('B²-DiffuRL', () => {
  it('lengthens the trained interval, and learns nothing where no child stands out', async () => {
    const points = await trainLearner(b2(), { updates: 6 })
    expect(points.map(point => point['trainedSteps'])).toEqual([2, 2, 3, 3, 4, 4])
    const flat = b2({}, ({ count }: RewardedSamples) => new Float64Array(count))
    expect(await flat.update()).toMatchObject({ kept: 0, loss: null, denoiserCalls: 2 * (3 * 2 + 9 * 2) })
    expect(flat.parameters()).toEqual(initial)
  })
})

describe('rewards that gradients pass through', () => {
  const generator = (scale: number, more: object = {}) =>
    createRewardGenerator(
      model,
      { near: { reward: (x: Tensor) => mul(nearnessGraph(x, x), scale) } },
      { ...base, steps: 2, batchSize: 4, ...more },
    )

  it('pull alike at any scale, unless gradients are left as they are', async () => {
    const after = async (scale: number, more: object) => {
      const learner = generator(scale, more)
      const point = await learner.update()
      return { learner, point }
    }
    const [one, ten] = [await after(1, {}), await after(1000, {})]
    expect(one.point['gradientNorm']).toBeCloseTo(ten.point['gradientNorm'] as number, 3)
    expect(one.point['fieldNorm']).toBeCloseTo(1, 5)
    expect(one.point).toMatchObject({ drift: 0, denoiserCalls: 8, gradientCalls: 8 })
    const [plain, large] = [await after(1, { normalise: false }), await after(10, { normalise: false })]
    expect(large.point['gradientNorm'] as number).toBeGreaterThan(5 * (plain.point['gradientNorm'] as number))
  })

  it('differentiate one step alone where a step is supervised', async () => {
    const points = await trainLearner(generator(1, { supervise: 'random' }), { updates: 4 })
    for (const point of points) expect(point['gradientCalls']).toBe(4)
    expect(new Set(points.map(point => point['denoiserCalls']))).toEqual(new Set([4, 8]))
  })

  it('must be one a sample', async () => {
    const scalar = createRewardGenerator(model, { near: { reward: (x: Tensor) => mean(x) } }, base)
    await expect(scalar.update()).rejects.toThrow(/expected rewards \[96\]; got \[\] — near/)
    await expect(createRewardGenerator(model, {}, base).update()).rejects.toThrow(/expected rewards; got none/)
  })
})
