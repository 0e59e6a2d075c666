import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'

// These tests run the compiled package in processes of its own.
const script = fileURLToPath(new URL('counting-server.mjs', import.meta.url))
let folder = ''
const children: ChildProcess[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guerdon-kill-'))
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

async function start(): Promise<{ child: ChildProcess; url: string; error: string }> {
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  let out = ''
  let error = ''
  child.stdout.on('data', part => {
    out += part
  })
  child.stderr.on('data', part => {
    error += part
  })
  const closed = once(child, 'close')
  while (!out.includes('\n')) {
    const ended = await Promise.race([closed, new Promise(resolve => setTimeout(resolve, 10))])
    if (ended !== undefined) break
  }
  return { child, url: out.trim(), error }
}

async function count(url: string, run: string): Promise<number> {
  const answer = await fetch(`${url}/adapters/slime?run=${run}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"prompt":"p","response":"r","label":null}',
  })
  if (answer.status !== 200) throw new Error(`status ${answer.status}: ${await answer.text()}`)
  return Number(await answer.text())
}

it('goes on after kill -9 with every update it had acknowledged', async () => {
  const runs = ['a', 'b', 'c']
  const acknowledged = new Map(runs.map(run => [run, 0]))
  for (let round = 0; round < 4; round++) {
    const { child, url } = await start()
    const load = runs.map(async run => {
      try {
        for (;;) {
          const value = await count(url, run)
          // At most one update can have been saved and not acknowledged: the one under way when the server was killed.
          const before = acknowledged.get(run) as number
          expect(value === before + 1 || value === before + 2).toBe(true)
          acknowledged.set(run, value)
        }
      } catch (error) {
        if (error instanceof Error && error.name === 'AssertionError') throw error
      }
    })
    const target = 3 * (round + 1)
    while ([...acknowledged.values()].some(value => value < target)) {
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    child.kill('SIGKILL')
    await Promise.all(load)
  }
  for (const value of acknowledged.values()) expect(value).toBeGreaterThanOrEqual(12)
})

it('refuses a second process on the same store, and frees it on SIGTERM', async () => {
  const first = await start()
  expect(await count(first.url, 'a')).toBe(1)
  const second = await start()
  expect(second.error).toMatch(/expected a store that no other server uses; got .* in use by process \d+/)
  first.child.kill('SIGTERM')
  expect((await once(first.child, 'exit'))[0]).toBe(0)
  const third = await start()
  expect(await count(third.url, 'a')).toBe(2)
})
