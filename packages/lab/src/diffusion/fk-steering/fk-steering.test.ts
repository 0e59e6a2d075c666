import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { trialOf } from '../../claims/trial-of.ts'
import { fkSteering } from '../fk-steering.ts'
import { distanceToTarget, modesOf, nearness, rareSystems } from './rare-mode.ts'
import { shuffledRewards } from './settings.ts'

describe('the ring with a rare mode', () => {
  const samples = Float32Array.from([2, 0, 0, 2, -2, 0, 2.1, 0.1])

  it('knows modes by their places', () => {
    expect(modesOf(samples)).toEqual([0, 2, 4, 0])
  })

  it('rewards nearness to the rare mode: −½·distance²', () => {
    const rewards = nearness({ samples, count: 4, size: 2, labels: new Int32Array(4), step: null })
    const expected = [0, -4, -8, -0.01]
    rewards.forEach((reward, i) => {
      expect(reward).toBeCloseTo(expected[i], 6)
    })
  })

  it('is left to chance without steering, and reached with it', async () => {
    const random = new Random(1)
    const plain = await rareSystems({ potential: 'bestOfN', particles: 8 }, 20, random)
    const steered = await rareSystems({ potential: 'difference', particles: 8 }, 20, random)
    expect(steered.rareShare).toBeGreaterThan(plain.rareShare)
    expect(steered.denoiserCalls).toBe(plain.denoiserCalls)
    expect(steered.denoiserCalls).toBe(20 * 8 * 100)
    expect(steered.rewardCalls).toBe(5 * plain.rewardCalls)
    expect(plain.survivors).toBe(8)
  })

  it('has particles that come closer to the tilted law than those that are not steered', async () => {
    const [steered, plain] = await Promise.all(
      (['difference', 'bestOfN'] as const).map(potential =>
        distanceToTarget({ potential, particles: 8 }, 300, new Random(2)),
      ),
    )
    expect(steered).toBeLessThan(0.25)
    expect(plain).toBeGreaterThan(0.5)
  })
})

describe('shuffled rewards', () => {
  const batch = { samples: new Float32Array(8), count: 8, size: 1, labels: new Int32Array(8) }
  const reward = shuffledRewards(() => [0, 1, 2, 3, 4, 5, 6, 7], new Random(1))

  it('go to other particles on the way', async () => {
    const rewards = Array.from(await reward({ ...batch, step: 3 }))
    expect(rewards).not.toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(rewards.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  it('stay where they are at the end', async () => {
    expect(Array.from(await reward({ ...batch, step: null }))).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })
})

it('runs the same twice for one seed', async () => {
  const { mechanism } = fkSteering.studies
  const twice = [0, 1].map(() => mechanism!.run(trialOf(mechanism!, 'fk-2')))
  const [first, second] = await Promise.all(twice)
  expect(first).toEqual(second)
})
