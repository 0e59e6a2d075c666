import { describe, expect, it } from 'vitest'
import { trialOf } from '../claims/trial-of.ts'
import { prof } from './prof.ts'

describe('the mechanism study of PROF', () => {
  const study = prof.studies.mechanism!
  it('is a function of arm and seed', async () => {
    const first = await study.run(trialOf(study, 'prof', 3))
    expect(await study.run(trialOf(study, 'prof', 3))).toEqual(first)
    expect(first.spent).toEqual({ updates: 100, rollouts: 9600, processModelCalls: 9600 })
  })

  it('charges outcome rewards for half as many rollouts and no process model', async () => {
    const { spent } = await study.run(trialOf(study, 'grpo', 3))
    expect(spent).toEqual({ updates: 100, rollouts: 4800, processModelCalls: 0 })
  })
})
