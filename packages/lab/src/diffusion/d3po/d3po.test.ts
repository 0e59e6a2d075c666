import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { trialOf } from '../../claims/trial-of.ts'
import { d3po } from '../d3po.ts'
import { type AlignSettings, align } from './align.ts'
import { loadRing, nearness, prepareRing, ringModel } from './ring.ts'

const mechanism = d3po.studies.mechanism!
const folder = mkdtempSync(join(tmpdir(), 'ring-'))
await prepareRing(folder, 60, new Random(1), new AbortController().signal)

const task = {
  model: ringModel,
  initial: loadRing(folder),
  reward: nearness,
  pairs: 8,
  epochs: 2,
  clipRange: 0.1,
  examined: 40,
}
const run = (arm: string) =>
  align(task, { ...trialOf(mechanism, arm), settings: settingsOf(arm), random: new Random(3) })

function settingsOf(arm: string): AlignSettings {
  return mechanism.arms.find(({ id }) => id === arm)!.settings as AlignSettings
}

describe('aligning a denoiser of the ring', () => {
  it('rewards nearness to mode 0: −‖x − μ₀‖²/8', () => {
    const samples = Float32Array.from([2, 0, -2, 0])
    const rewards = nearness({ samples, count: 2, size: 2, labels: new Int32Array(2), step: null })
    expect(Array.from(rewards)).toEqual([-0, -2])
  })

  it('gives the same for one seed, and for any rising function of the rewards', async () => {
    const [first, again, exp, cube] = await Promise.all(['d3po', 'd3po', 'd3po-exp', 'd3po-cube'].map(run))
    expect(again).toEqual(first)
    expect(exp.metrics).toEqual(first.metrics)
    expect(cube.metrics).toEqual(first.metrics)
    expect(exp.curves).not.toEqual(first.curves)
  })

  it('gains nothing from no training, and charges each arm what it used', async () => {
    const [none, plain, ddpo, preferred] = await Promise.all(['none', 'd3po', 'ddpo', 'preferred'].map(run))
    expect(none.metrics['gain']).toBe(0)
    expect(none.spent).toEqual({ epochs: 0 })
    // 2 epochs of 16 chains with 20 steps
    for (const arm of [plain, ddpo, preferred]) {
      expect(arm.spent['gradientCalls']).toBe(640)
      expect(arm.spent['rewardCalls']).toBe(32)
      expect(arm.metrics['gain']).not.toBe(0)
    }
    expect(ddpo.spent['denoiserCalls']).toBe(640)
    expect(plain.spent['denoiserCalls']).toBe(1280)
  })
})
