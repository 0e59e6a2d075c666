import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '@guerdon/store'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openRuns } from '../../src/runs/open-runs.ts'
import { createPostgres, createRedis, type Database } from './programs.ts'
import { createServes, longer, type Scored, score } from './serve-processes.ts'
import { upTo } from './shared-contract.ts'

let serves = createServes()
beforeEach(() => {
  serves.end()
  serves = createServes()
})
afterEach(() => serves.end())

/** What one server with a folder makes of the same batches, one after another. */
async function serially(run: string, numbers: readonly number[]) {
  const folder = mkdtempSync(join(tmpdir(), 'guerdon-serial-'))
  const { url } = await serves.start(folder)
  const items: unknown[] = []
  for (const number of numbers) items.push((await score(url, run, number)).items)
  const { state } = JSON.parse(readFileSync(join(folder, 'runs', `${run}.json`), 'utf8')) as { readonly state: string }
  rmSync(folder, { recursive: true, force: true })
  return { items, state }
}

const ready = async (url: string) => {
  const answer = await fetch(`${url}/ready`)
  const body = (await answer.json()) as { readonly ready: boolean; readonly version: string; readonly reason?: string }
  return { status: answer.status, ...body }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000
  while (!(await condition())) {
    if (performance.now() > end) throw new Error('it did not come about')
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

describe.each([
  { kind: 'postgres', create: createPostgres },
  { kind: 'redis', create: createRedis },
])('servers that share a $kind', ({ kind, create }) => {
  let database: Database
  beforeAll(async () => {
    database = await create()
    await database.start()
  })
  afterAll(() => database?.remove())

  /** The state in the database, and how many batches it has seen. */
  const kept = async (run: string) => {
    const store = openRuns(database.url, { shared: false, deadlineMs: 5000 })
    const found = await store.read(run)
    await store.close()
    return typeof found === 'object' ? { update: found.update, state: found.state } : undefined
  }
  /** What was answered must be what one server would have said, in the order of the updates. */
  const expectSerial = async (run: string, sent: ReadonlyMap<number, Scored>) => {
    const inOrder = [...sent].sort(([, a], [, b]) => a.update - b.update)
    expect(inOrder.map(([, { update }]) => update)).toEqual(upTo(sent.size))
    const serial = await serially(
      run,
      inOrder.map(([number]) => number),
    )
    expect(inOrder.map(([, { items }]) => items)).toEqual(serial.items)
    expect(await kept(run)).toEqual({ update: sent.size, state: serial.state })
  }

  it.each([0, 2])('score one run alternately and at once as one server would, with %i workers each', async workers => {
    const more = ['--workers', String(workers)]
    const servers = await Promise.all([serves.start(database.url, { more }), serves.start(database.url, { more })])
    const run = `shared-${workers}`
    const sent = new Map<number, Scored>()
    for (const number of upTo(6)) sent.set(number, await score(servers[number % 2].url, run, number))
    const rest = upTo(30).slice(6)
    const answers = await Promise.all(rest.map(number => score(servers[number % 2].url, run, number)))
    rest.forEach((number, i) => {
      sent.set(number, answers[i])
    })
    await expectSerial(run, sent)
  })

  it('give a request that comes again elsewhere the answer it had, and count it once', async () => {
    const [first, second] = await Promise.all([serves.start(database.url), serves.start(database.url)])
    const before = await score(first.url, 'again', 1, 'key-1')
    const after = await score(second.url, 'again', 1, 'key-1')
    expect([before.replayed, after.replayed, after.text]).toEqual([false, true, before.text])
    const both = await Promise.all([first, second].map(({ url }) => score(url, 'again', 2, 'key-2')))
    expect(both[0].text).toBe(both[1].text)
    expect((await score(second.url, 'again', 3, 'key-2')).status).toBe(409)
    expect(await kept('again')).toMatchObject({ update: 2 })
  })

  it.each([0, 2])('lose and repeat nothing when one is killed under load, with %i workers each', async workers => {
    const more = ['--workers', String(workers)]
    const servers = await Promise.all([serves.start(database.url, { more }), serves.start(database.url, { more })])
    const run = `killed-${workers}`
    const sent = new Map<number, Scored>()
    let next = 0
    const client = async (first: number) => {
      while (next < 60) {
        const number = ++next
        for (let attempt = first; !sent.has(number); attempt++) {
          const answer = await score(servers[attempt % 2].url, run, number, `key-${number}`).catch(() => undefined)
          if (answer?.status === 200) sent.set(number, answer)
          if (number === 20) servers[0].child.kill('SIGKILL')
        }
      }
    }
    await Promise.all(upTo(6).map(client))
    expect(sent.size).toBe(60)
    await expectSerial(run, sent)
  })

  it('answer 503 while the database is down, go on when it is back, and lost nothing', async () => {
    const states = await serves.start(database.url)
    const plain = await serves.start(database.url, { recipe: 'stateless' })
    const sent = new Map([[1, await score(states.url, 'down', 1)]])
    await database.crash()
    const refused = await score(states.url, 'down', 2)
    expect([refused.status, refused.retryAfter]).toEqual([503, '5'])
    expect(await ready(states.url)).toMatchObject({ status: 503, ready: false, reason: 'io' })
    expect((await fetch(`${states.url}/health`)).status).toBe(200)
    expect((await score(plain.url, 'down', 2)).status).toBe(200)
    expect(await ready(plain.url)).toMatchObject({ status: 200, ready: true })
    await database.start()
    await until(async () => (await ready(states.url)).ready)
    sent.set(3, await score(states.url, 'down', 3))
    await expectSerial('down', sent)
    for (const { log } of [states, plain]) {
      expect(log()).not.toContain(database.password)
      expect(log()).not.toContain(new URL(database.url).password)
    }
  })

  it('lose nothing that was acknowledged when the database crashes under load', async () => {
    const servers = await Promise.all([serves.start(database.url), serves.start(database.url)])
    const sent = new Map<number, Scored>()
    let next = 0
    const client = async (first: number) => {
      while (next < 60) {
        const number = ++next
        for (let attempt = first; !sent.has(number); attempt++) {
          const answer = await score(servers[attempt % 2].url, 'crashed', number, `key-${number}`)
          if (answer.status === 200) sent.set(number, answer)
          else expect(answer.status).toBe(503)
          if (answer.status !== 200) await new Promise(resolve => setTimeout(resolve, 50))
        }
      }
    }
    const load = Promise.all(upTo(4).map(client))
    await until(async () => sent.size > 20)
    await database.crash()
    await database.start()
    await load
    await expectSerial('crashed', sent)
  })

  it('keep the records of what they scored in a folder each', async () => {
    const records = join(serves.folder, 'records')
    const { child, url } = await serves.start(database.url, { more: ['--records', records, '--workers', '2'] })
    for (const number of upTo(3)) await score(url, 'recorded', number)
    child.kill('SIGTERM')
    await once(child, 'exit')
    const store = await openStore(records, { readOnly: true })
    const { rows } = await store.query('SELECT run, update_number AS n FROM batches ORDER BY n')
    await store.close()
    expect(rows).toEqual(upTo(3).map(n => ({ run: 'recorded', n })))
  })

  it('do not start without it, and say so without the password', async () => {
    const url = new URL(database.url)
    url.port = '1'
    const { child, log } = await serves.start(url.href)
    if (child.exitCode === null) await once(child, 'exit')
    expect(child.exitCode).toBe(1)
    expect(log()).toContain(`expected a database for run states at ${kind}://127.0.0.1:1/`)
    expect(log()).toContain('ECONNREFUSED')
    expect(log()).not.toContain(url.password)
    expect(log()).not.toContain(database.password)
  })

  it('hand runs on from one recipe to the next', async () => {
    const servers = await Promise.all([serves.start(database.url), serves.start(database.url)])
    for (const number of upTo(4)) await score(servers[number % 2].url, 'reloaded', number)
    const before = await kept('reloaded')
    writeFileSync(join(serves.folder, 'stateful.yaml'), longer)
    for (const { child, url } of servers) {
      const { version } = await ready(url)
      child.kill('SIGHUP')
      await until(async () => (await ready(url)).version !== version)
    }
    await until(async () => (await kept('reloaded'))?.state !== before?.state)
    expect((await kept('reloaded'))?.update).toBe(4)
    const updates = [await score(servers[0].url, 'reloaded', 5), await score(servers[1].url, 'reloaded', 6)]
    expect(updates.map(({ update }) => update)).toEqual([5, 6])
    for (const { child } of servers) {
      child.kill('SIGTERM')
      expect((await once(child, 'exit'))[0]).toBe(0)
    }
    // Another process knows nothing but the new recipe.
    expect((await score((await serves.start(database.url)).url, 'reloaded', 7)).update).toBe(7)
  })
})
