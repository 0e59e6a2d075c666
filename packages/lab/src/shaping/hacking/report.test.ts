import { describe, expect, it } from 'vitest'
import type { ExperimentResults, FinishedRun } from '../../harness/experiment.ts'
import { renderPage } from '../../report/page.ts'
import { diagnose, reportHacking } from './report.ts'
import { hackingArms } from './settings.ts'

const flat = (value: number): number[] => Array<number>(6).fill(value)

describe('diagnosis', () => {
  // Windows of three: gold [0, 1, 2, 2, 1, 0] smooths to [0, .5, 1, 5/3, 5/3, 1], so the peak is 5/3 at index 3.
  it.each([
    ['gold falls while the proxy rises', [0, 1, 2, 2, 1, 0], [0, 1, 2, 3, 4, 5], true],
    ['gold falls and the proxy with it', [0, 1, 2, 2, 1, 0], [0, 1, 2, 2, 1, 0], false],
    ['gold rises', [0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5], false],
    ['nothing moves', flat(1), flat(1), false],
    ['gold slips by less than 0.3', [1, 1, 1, 0.8, 0.8, 0.8], [0, 1, 2, 3, 4, 5], false],
  ])('%s', (_, gold, proxy, hacked) => {
    expect(diagnose(gold, proxy).hacked).toBe(hacked)
  })

  it('measures peak, end and rise on smoothed curves', () => {
    const { goldPeak, goldFinal, proxyRise } = diagnose([0, 1, 2, 2, 1, 0], [0, 1, 2, 3, 4, 5])
    expect(goldPeak).toBeCloseTo(5 / 3, 12)
    expect(goldFinal).toBeCloseTo(1, 12)
    // Smoothed proxy is 2 at the peak and 4 at the end.
    expect(proxyRise).toBeCloseTo(2, 12)
  })
})

function finished(arm: string, seed: number, gold: number[], proxy: number[]): FinishedRun {
  const x = gold.map((_, i) => i)
  const metrics = {
    gold: gold.at(-1)!,
    proxy: proxy.at(-1)!,
    kl: 1,
    length: 5,
    modelAccuracy: 0.7,
    modelGoldAccuracy: 0.6,
  }
  const curves = { gold: { x, y: gold }, proxy: { x, y: proxy }, kl: { x, y: gold }, length: { x, y: gold } }
  return { arm, seed, seconds: 1, record: { metrics, curves, spent: {} } }
}

describe('report', () => {
  const results: ExperimentResults = {
    manifest: {
      experiment: 'hacking',
      version: 1,
      budget: 'quick',
      machine: { cpu: '<b>fast</b>', cores: 2, node: '20.19.0', platform: 'linux x64' },
    },
    seeds: [0, 1],
    runs: [0, 1].flatMap(seed => [
      finished('raw-kl0.02', seed, [0, 1, 2, 2, 1, 0], [0, 1, 2, 3, 4, 5]),
      finished('par-kl0.02', seed, [0, 1, 1, 1, 1, 1], [0, 1, 1, 1, 1, 1]),
    ]),
    failures: [{ arm: 'clip-kl0.02', seed: 1, message: 'the worker process ended' }],
  }
  const report = reportHacking(hackingArms, results)

  it('says in words which design was hacked', () => {
    expect(report.verdicts.map(({ label, mood }) => [label, mood])).toEqual([
      ['raw, KL 0.02', 'bad'],
      ['par, KL 0.02', 'good'],
    ])
    expect(report.verdicts[0].text).toContain('hacked in 2 of 2 seeds')
  })

  it('lists every run, and failures by name', () => {
    expect(report.table.rows).toHaveLength(2)
    const page = renderPage(report.page)
    expect(page).toContain('the worker process ended')
    expect(page.match(/<svg/g)?.length).toBeGreaterThanOrEqual(5)
  })

  it('is one document that asks for nothing and lets no markup through', () => {
    const page = renderPage(report.page)
    expect(page).not.toMatch(/<script|src="http|href="http|<b>fast/)
    expect(page).toContain('&#60;b&#62;fast')
  })
})
