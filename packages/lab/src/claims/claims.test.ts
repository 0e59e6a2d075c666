import { findMethod } from '@guerdon/methods'
import { describe, expect, it } from 'vitest'
import { levels } from './claim.ts'
import { claims } from './registry.ts'

/** Every claim agrees with itself when it is loaded, and belongs to a method. */
describe.each(claims)('the claim of $slug', ({ slug, load }) => {
  it('is of a method, has a mechanism, and says what it is about', async () => {
    const claim = await load()
    expect(claim.slug).toBe(slug)
    expect(findMethod(slug).slug).toBe(slug)
    expect(claim.studies.mechanism).toBeDefined()
    for (const level of levels) {
      const study = claim.studies[level]
      if (!study) continue
      expect(study.setting.length).toBeGreaterThan(0)
      expect(study.seeds.full.confirmation).toBeGreaterThanOrEqual(5)
      for (const rates of Object.values(study.learningRates ?? {})) expect(new Set(rates).size).toBe(rates.length)
    }
  })
})
