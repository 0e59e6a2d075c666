import { Random } from '@guerdon/core'
import { componentProbabilities } from '@guerdon/worlds/images/gaussian-mixture'
import { ringMixture } from '@guerdon/worlds/images/mixture-shapes'
import { describe, expect, it } from 'vitest'
import { expectClose } from './fixtures/expect-close.ts'
import { nearness } from './fixtures/ring.ts'
import { mixtureModel } from './mixture-network.ts'
import { type ParticleSteeringOptions, type SteeredParticles, steerDiffusion } from './particle-steering.ts'
import type { RewardedSamples } from './rewards.ts'
import { createDiffusionSampler } from './sampler.ts'

// mode 0, which is rewarded, is one sample in two hundred
const rare = ringMixture({ weights: [0.005, ...Array<number>(7).fill(0.995 / 7)] })
const sampler = createDiffusionSampler(mixtureModel(rare), { steps: 100, finalAlpha: 'one' })
const reward = (batch: RewardedSamples) => nearness(batch).map(value => 4 * value)
const run = (options: ParticleSteeringOptions, seed = 1) =>
  steerDiffusion(sampler, [], reward, options, new Random(seed))

const short = createDiffusionSampler(mixtureModel(rare), { steps: 10, finalAlpha: 'one' })

function summary(systems: readonly SteeredParticles[]) {
  const inMode = ({ samples, best }: SteeredParticles) => componentProbabilities(rare, samples)[8 * best] > 0.5
  const { denoiserCalls, rewardCalls } = systems[0].spent
  return {
    found: systems.filter(inMode).length / systems.length,
    meanBest: systems.reduce((total, { rewards, best }) => total + (rewards[best] as number), 0) / systems.length,
    denoiserCalls,
    rewardCalls,
  }
}

describe('steering by particles', () => {
  it('finds a rare mode far more often than best-of-n, of as many denoiser and of as many reward calls', async () => {
    const systems = 40
    const steered = summary(await run({ particles: 8, systems }))
    const sameDenoiser = summary(await run({ particles: 8, systems, potential: 'bestOfN' }))
    const sameReward = summary(await run({ particles: 40, systems, potential: 'bestOfN' }))
    expect([steered.denoiserCalls, steered.rewardCalls]).toEqual([800, 40])
    expect([sameDenoiser.denoiserCalls, sameDenoiser.rewardCalls]).toEqual([800, 8])
    expect([sameReward.denoiserCalls, sameReward.rewardCalls]).toEqual([4000, 40])
    expect(steered.found).toBeGreaterThan(0.35)
    expect(steered.found).toBeGreaterThan(5 * sameDenoiser.found)
    expect(steered.found).toBeGreaterThan(sameReward.found + 0.1)
    expect(steered.meanBest).toBeGreaterThan(sameDenoiser.meanBest)
  })

  it('does the same to a system, whatever runs beside it', async () => {
    const options = { particles: 3, potential: 'sum' } as const
    const one = await steerDiffusion(short, [], reward, options, new Random(5))
    const many = await steerDiffusion(short, [], reward, { ...options, systems: 4 }, new Random(5))
    expect(many[0].genealogy).toEqual(one[0].genealogy)
    expectClose(many[0].samples, one[0].samples, 4)
  })

  it('tells where every particle came from', async () => {
    const [{ genealogy, ancestors, samples }] = await steerDiffusion(short, [], reward, { particles: 8 }, new Random(2))
    expect(genealogy.length).toBeGreaterThan(0)
    expect(ancestors).toHaveLength(11)
    expect(samples).toHaveLength(16)
    expect(new Set(ancestors[0]).size).toBeLessThan(8)
  })

  it('goes on without particles whose reward failed, and names one that is no number', async () => {
    const failing = (batch: RewardedSamples) => Array.from(reward(batch), (value, i) => (i === 0 ? null : value))
    const [{ rewards }] = await steerDiffusion(short, [], failing, { particles: 4 }, new Random(1))
    expect(rewards.filter(value => value !== null).length).toBeGreaterThan(0)
    const broken = ({ step, count }: RewardedSamples) =>
      new Float64Array(count).fill(step === null || step < 6 ? 0 : Number.NaN)
    await expect(steerDiffusion(short, [], broken, { particles: 2 }, new Random(1))).rejects.toThrow(
      /expected finite rewards; got NaN — sample 0 at step 6/,
    )
    await expect(steerDiffusion(short, [], () => [1], { particles: 2 }, new Random(1))).rejects.toThrow(
      /expected 2 rewards; got 1/,
    )
  })

  it('refuses a sampler whose copies would never part', async () => {
    const still = createDiffusionSampler(mixtureModel(rare), { steps: 10, eta: 0 })
    await expect(steerDiffusion(still, [], reward, {}, new Random(1))).rejects.toThrow(
      /expected noise at every step for steering; step 0 has none/,
    )
  })
})
