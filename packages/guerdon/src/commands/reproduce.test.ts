import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runMain } from '../testing/run-main.ts'

const cli = fileURLToPath(new URL('../../bin/guerdon.js', import.meta.url))
const run = (...argv: string[]) => runMain(argv)

let results: string
beforeAll(() => {
  results = mkdtempSync(join(tmpdir(), 'guerdon-claims-'))
})
afterAll(() => rmSync(results, { recursive: true, force: true }))

describe('guerdon reproduce', () => {
  it('lists the claims there are', async () => {
    const { code, out } = await run('reproduce')
    expect(code).toBe(0)
    expect(out).toContain('salt')
  })

  it('suggests the nearest of a claim nobody made', async () => {
    expect(await run('reproduce', 'slat')).toMatchObject({ code: 1, err: expect.stringContaining('salt') })
  })

  it.each([
    ['0', 'expected seeds'],
    ['-1', 'whole number'],
    ['many', 'whole number'],
  ])('refuses %s seeds', async (seeds, why) => {
    const { code, err } = await run('reproduce', 'raft', '--seeds', seeds, '--results', results)
    expect(code).not.toBe(0)
    expect(err).toContain(why)
  })

  it('prints one line a level, keeps the runs and writes a page', { timeout: 120_000 }, async () => {
    // as a program: workers are processes that run the compiled package
    const again = () => {
      const flags = ['--level', 'mechanism', '--seeds', '1', '--json', '--results', results]
      return spawnSync(process.execPath, [cli, 'reproduce', 'raft', ...flags], { encoding: 'utf8' })
    }
    const first = again()
    expect(first).toMatchObject({ status: 0, stderr: '' })
    const line = JSON.parse(first.stdout)
    expect(Object.keys(line)).toEqual(
      expect.arrayContaining(
        'slug level metric method baselines effect interval holds control seconds seeds'.split(' '),
      ),
    )
    expect(line).toMatchObject({ slug: 'raft', level: 'mechanism', seeds: [0], failed: 0 })
    expect(readFileSync(join(results, 'raft-quick.html'), 'utf8')).toContain('<svg')
    // the second time nothing is run again
    expect(JSON.parse(again().stdout)).toEqual(line)
    expect(existsSync(join(results, 'raft-mechanism-quick', 'outcome.json'))).toBe(true)
  })

  it('refuses results of another version', async () => {
    const file = join(results, 'raft-mechanism-quick', 'manifest.json')
    const manifest = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(file, JSON.stringify({ ...manifest, version: 999 }))
    const { code, err } = await run('reproduce', 'raft', '--level', 'mechanism', '--results', results)
    expect(code).not.toBe(0)
    expect(err).toContain('--fresh')
  })
})

describe('guerdon arena', () => {
  it('lists the arenas, and suggests the nearest', async () => {
    expect((await run('arena')).out).toContain('credit')
    expect(await run('arena', 'credti')).toMatchObject({ code: 1, err: expect.stringContaining('credit') })
    expect((await run('arena', 'credit', '--track', 'chess')).err).toContain('there is no chess')
  })
})
