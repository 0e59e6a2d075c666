import { describe, expect, it } from 'vitest'
import type { Study } from '../claims/claim.ts'
import { trialOf } from '../claims/trial-of.ts'
import { empg } from './empg.ts'

describe('the mechanism of EMPG', () => {
  const study = empg.studies.mechanism as Study

  it('repeats, and lets all arms of a seed meet the same first batch', async () => {
    const first = await study.run(trialOf(study, 'empg'))
    const again = await study.run(trialOf(study, 'empg'))
    expect(again).toEqual(first)
    const plain = await study.run(trialOf(study, 'grpo'))
    for (const rate of [0.1, 0.3, 1, 2]) {
      expect(first.curves?.[`success@${rate}`].y[0]).toBe(plain.curves?.[`success@${rate}`].y[0])
    }
    expect(plain.spent).toEqual(first.spent)
    expect(plain.metrics).not.toEqual(first.metrics)
  })

  it('leaves GRPO as it is when its scale is matched to itself', async () => {
    const own = await study.run(trialOf(study, 'grpo'))
    const matched = await study.run({ ...trialOf(study, 'grpo'), scale: 'matched' })
    expect(matched.metrics['area@0.3']).toBeCloseTo(own.metrics['area@0.3'], 9)
  })
})
