import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Random } from '@guerdon/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStore } from './open-store.ts'

const writer = fileURLToPath(new URL('./fixtures/writer.mjs', import.meta.url))
const perBatch = 4
let root: string

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'guerdon-crash-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Runs a writer and gives back what it said; `killAfterMs` is counted from its sixth acknowledgement. */
async function run(folder: string, options: { killAfterMs?: number; fileBlocks?: number }): Promise<string> {
  const { killAfterMs, fileBlocks } = options
  const limit = fileBlocks === undefined ? '' : `ulimit -f ${fileBlocks}; `
  const child = spawn('sh', ['-c', `${limit}exec "$0" "$1" "$2"`, process.execPath, writer, folder])
  let said = ''
  let counting = false
  child.stderr.on('data', data => {
    said += data
  })
  child.stdout.on('data', data => {
    said += data
    if (counting || killAfterMs === undefined || acknowledged(said).length < 6) return
    counting = true
    setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  })
  await new Promise(resolve => child.on('close', resolve))
  return said
}

const acknowledged = (said: string) => [...said.matchAll(/^kept (\d+)\n/gm)].map(match => Number(match[1]))

async function check(folder: string, kept: ReadonlySet<number>): Promise<void> {
  const store = await openStore(folder)
  const { rows } = await store.query('SELECT min(position) AS first, count(*) AS n FROM rollouts GROUP BY batch')
  await store.close()
  // No batch is there in part, and none that was acknowledged is missing.
  expect(rows.filter(({ n }) => n !== perBatch)).toEqual([])
  const there = new Set(rows.map(({ first }) => first as number))
  expect([...kept].filter(first => !there.has(first))).toEqual([])
}

describe('a store', () => {
  it('has everything it acknowledged after its writer was killed', async () => {
    const folder = join(root, 'killed')
    const random = new Random(7)
    const kept = new Set<number>()
    for (let kill = 0; kill < 4; kill++) {
      const said = await run(folder, { killAfterMs: random.uniform(0, 100) })
      expect(said).not.toMatch(/refused|Error/)
      for (const first of acknowledged(said)) kept.add(first)
      if (kill % 2 === 1) await check(folder, kept)
    }
    expect(kept.size).toBeGreaterThan(20)

    // What a crash leaves in the log is known by its checksums.
    await run(folder, { killAfterMs: 20 })
    const log = join(folder, 'store.duckdb.wal')
    const bytes = readFileSync(log)
    bytes[bytes.length >> 1] ^= 1
    writeFileSync(log, bytes)
    await expect(openStore(folder)).rejects.toMatchObject({ code: 'state' })
  })

  it('refuses an append when the disk is full and keeps what it had', async () => {
    const folder = join(root, 'full')
    const said = await run(folder, { fileBlocks: 1500 })
    const kept = acknowledged(said)
    expect(kept.length).toBeGreaterThan(20)
    expect(said).toMatch(/refused io expected room on the disk; got none left/)
    await check(folder, new Set(kept))
  })
})
