import { describe, expect, it } from 'vitest'
import { trialOf } from '../claims/trial-of.ts'
import { laser } from './laser.ts'

describe('the mechanism study of LASER', () => {
  const study = laser.studies.mechanism!
  it('is a function of arm and seed, and its arms begin alike', async () => {
    const first = await study.run(trialOf(study, 'laser-8', 3))
    expect(await study.run(trialOf(study, 'laser-8', 3))).toEqual(first)
    const other = await study.run(trialOf(study, 'outcome', 3))
    expect(other.curves?.['length'].y[0]).toBe(first.curves?.['length'].y[0])
    expect(other.metrics['length']).not.toBe(first.metrics['length'])
  })

  it('charges LASER-D for what its monitor asks', async () => {
    const { spent } = await study.run(trialOf(study, 'laser-d', 3))
    // 300 updates of 24 × 8 answers, and 15 times as many for the monitor
    expect(spent).toEqual({ updates: 300, rollouts: 300 * 192 + 15 * 192 })
  })
})
