import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FinishedRun } from './experiment.ts'
import { clearResults, isPrepared, loadRun, markPrepared, openResults, saveRun, writeAtomic } from './results.ts'

const run: FinishedRun = { arm: 'par', seed: 3, seconds: 1, record: { metrics: { gold: 1 }, curves: {}, spent: {} } }
const wanted = { experiment: 'hacking', version: 1, budget: 'quick' } as const
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'results-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('results folder', () => {
  it('keeps finished runs and says which seeds are prepared', () => {
    const path = join(folder, 'new')
    openResults(path, wanted)
    expect(loadRun(path, 'par', 3)).toBeUndefined()
    expect(isPrepared(path, 3)).toBe(false)
    saveRun(path, run)
    markPrepared(path, 3)
    openResults(path, wanted)
    expect(loadRun(path, 'par', 3)).toEqual(run)
    expect(isPrepared(path, 3)).toBe(true)
  })

  it.each([
    ['version', { ...wanted, version: 2 }],
    ['budget', { ...wanted, budget: 'full' as const }],
    ['experiment', { ...wanted, experiment: 'credit' }],
  ])('refuses a folder of another %s and says what to do', (key, other) => {
    openResults(folder, wanted)
    expect(() => openResults(folder, other)).toThrow(new RegExp(`expected results of ${key}`))
  })

  it('names a damaged file', () => {
    openResults(folder, wanted)
    saveRun(folder, run)
    writeFileSync(join(folder, 'runs', 'par--3.json'), '{"arm"')
    expect(() => loadRun(folder, 'par', 3)).toThrow(/par--3\.json/)
  })

  it('does not clear a folder that holds something else', () => {
    writeFileSync(join(folder, 'thesis.txt'), 'words')
    expect(() => clearResults(folder)).toThrow(/no manifest/)
  })

  it.runIf(existsSync('/dev/full'))('keeps what there was when the disk is full, and says what to do', () => {
    const file = join(folder, 'x.json')
    writeAtomic(file, 'old')
    symlinkSync('/dev/full', `${file}.${process.pid}.partial`)
    expect(() => writeAtomic(file, 'new')).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/no space/),
        hint: expect.stringMatching(/free space/),
      }),
    )
    expect(readdirSync(folder)).toEqual(['x.json'])
    expect(readFileSync(file, 'utf8')).toBe('old')
  })

  it('says what to do when a file cannot be written', () => {
    expect(() => writeAtomic(join(folder, 'missing', 'x.json'), '')).toThrow(/could not write/)
  })
})
