import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRuns } from '../../src/runs/open-runs.ts'
import type { RunStore } from '../../src/runs/run-store.ts'
import { itKeepsRuns, live, saved, scorer, write } from '../run-store-contract.ts'
import { createPostgres, createRedis, type Database } from './programs.ts'
import { createProxy } from './proxy.ts'
import { itIsShared } from './shared-contract.ts'

const options = { shared: false, deadlineMs: 3000 }

describe.each([
  { kind: 'postgres', create: createPostgres },
  { kind: 'redis', create: createRedis },
])('$kind', ({ create }) => {
  let database: Database
  const open = (): RunStore => openRuns(database.url, options)
  beforeAll(async () => {
    database = await create()
    await database.start()
  })
  afterAll(() => database?.remove())

  it('makes what it needs when several servers start at once', async () => {
    const stores = Array.from({ length: 6 }, open)
    await Promise.all(stores.map(store => store.check()))
    expect(await stores[0].names()).toEqual([])
    await Promise.all(stores.map(store => store.close()))
  })

  itKeepsRuns(open)
  itIsShared(open)

  it('refuses while the database is down, goes on by itself when it is back, and lost nothing', async () => {
    const store = open()
    const server = scorer(store)
    expect(await server.score('down')).toBe(1)
    await database.crash()
    const works = [server.score('down'), store.check(), store.names(), store.read('down')]
    for (const result of await Promise.allSettled(works)) {
      const reason = { code: 'io', message: expect.not.stringContaining(database.password) }
      expect(result).toMatchObject({ status: 'rejected', reason })
    }
    await database.start()
    await store.check()
    expect(await server.score('down')).toBe(2)
    await store.close()
  })

  it('saves what was scored while the database was started anew', async () => {
    const store = open()
    await write(store, 'restarted', saved(1))
    const held = await store.hold('restarted', live)
    const found = await held.read()
    await database.crash()
    await database.start()
    const known = typeof found === 'object' ? found.revision : undefined
    const revision = await held.write(saved(2), known)
    await held.release()
    expect(await store.read('restarted', revision)).toBe('unchanged')
    await store.close()
  })

  it('waits for no database that accepts and never answers, and goes on by itself', async () => {
    const proxy = await createProxy(database.url)
    const store = openRuns(proxy.url, options)
    const server = scorer(store)
    expect(await server.score('frozen')).toBe(1)
    proxy.freeze()
    const started = performance.now()
    for (const result of await Promise.allSettled([server.score('frozen'), store.check()])) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: expect.stringMatching(/^(io|timeout)$/) } })
    }
    expect(performance.now() - started).toBeLessThan(15_000)
    const newcomer = openRuns(proxy.url, options)
    await expect(newcomer.check()).rejects.toMatchObject({ code: 'io' })
    proxy.thaw()
    await store.check()
    expect(await server.score('frozen')).toBe(2)
    await newcomer.check()
    await Promise.all([store.close(), newcomer.close()])
    proxy.close()
  })

  it('says what is wrong with a password without telling it', async () => {
    const url = new URL(database.url)
    url.password = 'wrong-secret'
    const store = openRuns(url.href, options)
    await expect(store.check()).rejects.toMatchObject({
      code: 'io',
      message: expect.not.stringContaining('wrong-secret'),
    })
    await store.close()
  })
})
