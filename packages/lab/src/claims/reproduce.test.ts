import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { renderPage } from '../report/page.ts'
import { type ClaimExperiment, defineClaim, defineStudy, type Study } from './claim.ts'
import { claimPage } from './claim-page.ts'
import { outcomeLine } from './outcome.ts'
import { claims, findClaim } from './registry.ts'
import { reproduceStudy, studyOf } from './reproduce.ts'
import { loadReproduction, saveOutcome } from './stored.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'claim-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const module = fileURLToPath(new URL('./fixtures/claim-worker.mjs', import.meta.url))

const study = (change: Partial<Study<number>> = {}): Study<number> =>
  defineStudy<number>({
    setting: ['an arm’s number, less the square of what its rate is off by'],
    metric: 'score',
    direction: 'higher',
    arms: [
      { id: 'better', label: 'Better', role: 'method', settings: 2 },
      { id: 'plain', label: 'Plain', role: 'baseline', settings: 1 },
      { id: 'broken', label: 'Broken', role: 'control', settings: 0 },
    ],
    seeds: { quick: { selection: 2, confirmation: 3 }, full: { selection: 2, confirmation: 4 } },
    criteria: [{ about: 'better is better', arm: 'better', against: 'plain', atLeast: 0.5 }],
    run: () => {
      throw new Error('runs in a worker')
    },
    ...change,
  })

describe('a study', () => {
  it('is refused when it does not agree with itself', () => {
    const make = (change: Partial<Study<number>>): ClaimExperiment =>
      defineClaim({ slug: 'test', version: 1, studies: { mechanism: study(change) } })
    expect(() => make({ arms: study().arms.slice(0, 2) })).toThrow('no arm is a control')
    expect(() => make({ criteria: [] })).toThrow('there is no criterion')
    expect(() => make({ criteria: [{ about: 'x', arm: 'nobody' }] })).toThrow('an arm that does not exist, nobody')
    expect(() => make({ matchScaleTo: 'nobody' })).toThrow('no arm nobody to match')
  })

  it('of a level that is not there, and a claim nobody wrote, are named', () => {
    const claim = defineClaim({ slug: 'test', version: 1, studies: { mechanism: study() } })
    expect(() => studyOf(claim, 'trained')).toThrow(/there is no trained study/)
    expect(() => findClaim('slat')).toThrow(expect.objectContaining({ hint: expect.stringContaining('salt') }))
    expect(new Set(claims.map(({ slug }) => slug)).size).toBe(claims.length)
  })
})

describe('reproducing a study', () => {
  const claim = (change: Partial<Study<number>> = {}): ClaimExperiment =>
    defineClaim({ slug: 'salt', version: 1, studies: { mechanism: study(change) } })
  const reproduce = (change: Partial<Study<number>>, options: object = {}) =>
    reproduceStudy(claim(change), 'mechanism', { budget: 'quick', results: folder, module, workers: 2, ...options })
  const rates = { quick: [0.1, 0.3, 9], full: [0.1, 0.3, 9] }

  it('chooses rates on other seeds than it confirms on, and rules out those at which a run failed', async () => {
    const phases: string[] = []
    const { outcome } = await reproduce(
      { learningRates: rates, matchScaleTo: 'plain' },
      { planned: (phase: string, total: number) => phases.push(`${phase} ${total}`) },
    )
    expect(phases).toEqual(['selection 24', 'confirmation 12'])
    expect(outcome.arms.map(({ id, learningRate }) => [id, learningRate])).toEqual([
      ['better', 0.3],
      ['better.matched', 0.3],
      ['plain', 0.3],
      ['broken', 0.3],
    ])
    expect(outcome.seeds).toEqual([0, 1, 2])
    expect(outcome.selectionSeeds.some(seed => outcome.seeds.includes(seed))).toBe(false)
    expect(outcome.sweep.filter(({ score }) => score === null).map(({ learningRate }) => learningRate)).toEqual([
      9, 9, 9, 9,
    ])
    expect(outcome.failures).toHaveLength(8)
    // every seed differs by 2 − 1, whatever the seed adds
    for (const end of ['value', 'low', 'high'] as const) expect(outcome.effect[end]).toBeCloseTo(1, 12)
    expect(outcome.holds).toBe(true)
    expect(outcome.controls).toMatchObject([{ arm: 'broken', fails: true }])
    expect(outcome.probabilityOfImprovement).toEqual({ plain: 1 })
    expect(outcome.seconds).toBe(0.5 * (16 + 12))
  })

  it('does not run again what is finished, and shifts every seed by the base', async () => {
    await reproduce({})
    const before: number[] = []
    const planned = (_: string, __: number, done: number) => before.push(done)
    expect((await reproduce({}, { planned })).outcome.seeds).toEqual([0, 1, 2])
    const shifted = await reproduce({}, { planned, seedBase: 100, seeds: 2 })
    expect(before).toEqual([9, 0])
    expect(shifted.outcome.seeds).toEqual([100, 101])
  })

  it('says when a claim does not hold, and when its control does as well', async () => {
    const { outcome } = await reproduce({
      criteria: [{ about: 'much better', arm: 'better', against: 'plain', atLeast: 1.5 }],
      quickCriteria: [{ about: 'not worse', arm: 'better', against: 'plain', atLeast: 0 }],
    })
    expect(outcome.holds).toBe(true)
    expect(outcome.controls).toMatchObject([{ fails: false }])
    const full = await reproduce(
      {
        criteria: [
          { about: 'much better', arm: 'better', against: 'plain', atLeast: 1.5 },
          { about: 'better', arm: 'better', against: 'plain', atLeast: 0.5 },
        ],
      },
      { budget: 'full', results: join(folder, 'full') },
    )
    expect(full.outcome.holds).toBe(false)
    expect(outcomeLine(full.outcome)).toMatchObject({
      slug: 'salt',
      level: 'mechanism',
      metric: 'score',
      effect: expect.closeTo(1, 12),
      holds: false,
      control: 'fails as it must',
      seeds: [0, 1, 2, 3],
    })
  })

  it('does not count it as the control’s failure when the method fails too', async () => {
    const criteria = [{ about: 'much better', arm: 'better', against: 'plain', atLeast: 1.5 }]
    const { outcome } = await reproduce({ criteria }, { budget: 'full', results: join(folder, 'both') })
    expect(outcome.controls).toMatchObject([{ criteria: [{ holds: false }], fails: false }])
  })

  it('refuses zero seeds and a folder of another version', async () => {
    await expect(reproduce({}, { seeds: 0 })).rejects.toThrow(/seeds/)
    await reproduce({})
    const later = { ...claim(), version: 2 }
    const options = { budget: 'quick', results: folder, module } as const
    await expect(reproduceStudy(later, 'mechanism', options)).rejects.toThrow(/results of version 2/)
  })

  it('makes a page that shows verdict, seeds and budgets', async () => {
    const { outcome } = await reproduce({ learningRates: rates })
    saveOutcome(folder, outcome)
    const method = { title: 'T', claim: { statement: 'S' } }
    const page = renderPage(claimPage(claim({ learningRates: rates }), method, [loadReproduction(folder)!]))
    for (const text of ['The claim holds', 'fails as it must', 'seed 2', 'rate 0.1', 'rollouts', '<svg', 'diverged']) {
      expect(page).toContain(text)
    }
  })
})
