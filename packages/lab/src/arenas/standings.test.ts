import { describe, expect, it } from 'vitest'
import { defineStudy, type Role, type Study } from '../claims/claim.ts'
import type { StudyRuns } from '../claims/outcome.ts'
import { currentProvenance } from '../claims/provenance.ts'
import { loadRunnable } from '../experiments.ts'
import { renderPage } from '../report/page.ts'
import type { Arena } from './arena.ts'
import { arenaPage } from './arena-page.ts'
import { arenas, findArena } from './registry.ts'
import { runArena, trackRunnable } from './run-arena.ts'
import { standingsOf, type TrackRuns } from './standings.ts'

const roles: Readonly<Record<string, Role>> = { good: 'method', plain: 'baseline', nonsense: 'control' }
const track = (ids: readonly string[], more: Partial<Study<string>> = {}) =>
  defineStudy<string>({
    ...more,
    setting: ['a number for each seed'],
    metric: 'success',
    direction: 'higher',
    arms: ids.map(id => ({ id, label: id.toUpperCase(), role: roles[id], settings: id })),
    seeds: { quick: { selection: 1, confirmation: 2 }, full: { selection: 1, confirmation: 2 } },
    criteria: [],
    run: () => ({ metrics: {}, spent: {} }),
  })
const arena: Arena = {
  slug: 'test',
  version: 1,
  title: 'Test arena',
  question: 'Which is best?',
  tracks: { one: track(['plain', 'good', 'nonsense']), two: track(['plain', 'nonsense']) },
  reference: 'plain',
  columns: [
    { metric: 'success', label: 'success', direction: 'higher', digits: 2, about: 'How good.' },
    { metric: 'milliseconds', label: 'ms', direction: 'lower', digits: 0, about: 'How long.' },
  ],
}
const runs = (name: string, success: Readonly<Record<string, readonly number[]>>): TrackRuns => ({
  track: name,
  runs: {
    budget: 'quick',
    seeds: [0, 1],
    selectionSeeds: [],
    sweep: [],
    chosen: new Map(Object.keys(success).map(id => [id, 0])),
    runs: Object.entries(success).flatMap(([arm, values]) =>
      values.map((value, seed) => ({
        arm,
        seed,
        seconds: 1,
        record: {
          metrics: { success: value, milliseconds: 5 },
          curves: { success: { x: [8, 16], y: [0, value] } },
          spent: { rollouts: 16 },
        },
      })),
    ),
    seconds: 6,
    failures: [{ arm: 'good', seed: 9, message: 'diverged' }],
    provenance: currentProvenance(),
  } satisfies StudyRuns,
})
const tracks = [
  runs('one', { plain: [0.5, 0.6], good: [0.7, 0.6], nonsense: [0.1, 0.2] }),
  runs('two', { plain: [0.4, 0.4], nonsense: [0.4, 0.5] }),
]

describe('standings', () => {
  const standings = standingsOf(arena, tracks)

  it('rank arms by their first number, with the probability of being better than the reference', () => {
    const [one, two] = standings.tracks
    expect(one.arms.map(({ id }) => id)).toEqual(['good', 'plain', 'nonsense'])
    // pairs of seeds: 0.7 > both, 0.6 > 0.5, 0.6 = 0.6: (2 + 1 + ½) / 4
    expect(one.arms.map(({ improvement }) => improvement)).toEqual([0.875, 0.5, 0])
    expect(one.arms[0].numbers?.['success'].value).toBeCloseTo(0.65, 12)
    expect(two.arms.map(({ id }) => id)).toEqual(['nonsense', 'plain'])
  })

  it('say where a control did not fail', () => {
    expect(standings.tracks.map(({ controls }) => controls)).toEqual([
      [{ arm: 'nonsense', beaten: 1, fails: true }],
      [{ arm: 'nonsense', beaten: 0.25, fails: false }],
    ])
  })

  it('are at the matched scale where an arm was run at two', () => {
    const scaled = track(['plain', 'good', 'nonsense'], { matchScaleTo: 'plain', matchedRoles: ['method', 'baseline'] })
    const both = runs('one', {
      plain: [0.5, 0.5],
      good: [0.9, 0.9],
      'good.matched': [0.6, 0.6],
      nonsense: [0.1, 0.1],
    })
    const found = standingsOf({ ...arena, tracks: { one: scaled } }, [both]).tracks[0].arms
    expect(found.map(({ id, run }) => [id, run])).toEqual([
      ['good', 'good.matched'],
      ['plain', 'plain'],
      ['nonsense', 'nonsense'],
    ])
    expect(found.map(({ numbers }) => numbers?.['success'].value)).toEqual([0.6, 0.5, 0.1])
    expect(found.map(({ ownScale }) => ownScale?.value)).toEqual([0.9, undefined, undefined])
  })

  it('average over the tracks an arm is in', () => {
    expect(standings.overall).toMatchObject([
      { id: 'good', improvement: 0.875, place: 1, tracks: 1 },
      { id: 'plain', improvement: 0.5, place: 2, tracks: 2 },
      { id: 'nonsense', improvement: 0.375, place: 2, tracks: 2 },
    ])
    expect(standings.seconds).toBe(12)
  })

  it('stand on a page with seeds, budgets and failures', () => {
    const page = renderPage(arenaPage(arena, standings, tracks))
    for (const text of ['Leaderboard', 'does not clearly fail', 'seed 1', 'rollouts', 'diverged', '<svg', '0.88']) {
      expect(page).toContain(text)
    }
  })
})

describe('arenas', () => {
  it.each(arenas)('$slug agrees with itself, and workers find its tracks', async ({ slug, load }) => {
    const found = await load()
    expect(found.slug).toBe(slug)
    for (const [name, study] of Object.entries(found.tracks)) {
      expect(study.arms.map(({ id }) => id)).toContain(found.reference)
      expect(study.arms.some(({ role }) => role === 'control')).toBe(true)
      expect(study.seeds.full.confirmation).toBeGreaterThanOrEqual(5)
      const runnable = await loadRunnable(`arena-${slug}/${name}`)
      expect(runnable.slug).toBe(trackRunnable(found, name).slug)
    }
  })

  it('that nobody made, and tracks that are not there, are named', async () => {
    expect(() => findArena('credits')).toThrow(expect.objectContaining({ hint: expect.stringContaining('credit') }))
    await expect(runArena(arena, { budget: 'quick', results: '', tracks: ['three'] })).rejects.toThrow(
      /there is no three/,
    )
  })
})
