import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { levels } from '../../claims/claim.ts'
import { trialOf } from '../../claims/trial-of.ts'
import { choicePolicy } from '../../toys/choice-policy.ts'
import { par } from '../par.ts'
import { drawText, expectedWorth, placeProbabilities, referencePolicy, textLogProb, worthOf } from './rare-token.ts'

describe('rare-token texts', () => {
  it.each([
    [[0, 0, 0, 0, 0, 0, 0, 0], 0, 0],
    [[1, 2, 1, 0, 0, 3, 4, 0], 3 * (1 - Math.exp(-1)), 3 * (1 - Math.exp(-1))],
    [[5, 5, 0, 0, 0, 0, 0, 0], -1.2, 1],
    [[5, 5, 5, 5, 5, 5, 5, 5], -4.8, 16],
  ])('%j', (tokens, gold, proxy) => {
    expect(worthOf(tokens).gold).toBeCloseTo(gold, 12)
    expect(worthOf(tokens).proxy).toBeCloseTo(proxy, 12)
  })

  it('have the worth of the one text of a policy that is certain', () => {
    const tokens = [1, 2, 5, 5, 5, 0, 3, 4]
    const certain = choicePolicy(8, 6, (place, token) => (token === tokens[place] ? 100 : 0))
    const { gold, proxy } = expectedWorth(certain)
    expect(gold).toBeCloseTo(worthOf(tokens).gold, 10)
    expect(proxy).toBeCloseTo(worthOf(tokens).proxy, 10)
  })

  it('have the mean worth that samples have', () => {
    const policy = choicePolicy(8, 6, (place, token) => Math.sin(place + 3 * token))
    const rows = placeProbabilities(policy)
    const random = new Random(1)
    const worths = Array.from({ length: 20_000 }, () => worthOf(drawText(rows, random)))
    const expected = expectedWorth(policy)
    for (const part of ['gold', 'proxy'] as const) {
      const mean = worths.reduce((sum, worth) => sum + worth[part], 0) / worths.length
      expect(mean).toBeCloseTo(expected[part], 1)
    }
  })

  it('have the summed log-probability of their places', () => {
    const rows = placeProbabilities(choicePolicy(8, 6, () => 0))
    expect(textLogProb(rows, [0, 1, 2, 3, 4, 5, 0, 1])).toBeCloseTo(8 * Math.log(1 / 6), 12)
    expect(placeProbabilities(referencePolicy())[3][5]).toBeCloseTo(Math.exp(-1.5) / (5 + Math.exp(-1.5)), 12)
  })
})

describe('par, mechanism', () => {
  const study = par.studies[levels[0]]!

  it('is a function of the seed', () => {
    const once = study.run(trialOf(study, 'par'))
    expect(study.run(trialOf(study, 'par'))).toEqual(once)
  })

  it('leaves the reference as it is', async () => {
    const { metrics, spent } = await study.run(trialOf(study, 'reference'))
    expect(metrics['gold']).toBeCloseTo(expectedWorth(referencePolicy()).gold, 12)
    expect(spent['updates']).toBe(0)
  })
})
