import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { count, createServers, type StartedServer } from './processes.ts'

const servers = createServers()
afterAll(() => servers.end())

describe('worker processes', () => {
  let server: StartedServer
  beforeAll(async () => {
    server = await servers.start({ workers: 2, deadlineMs: 3000 })
  })

  const health = async () => expect((await fetch(`${server.url}/health`)).status).toBe(200)

  it('leave the server free to answer while a recipe keeps the processor', async () => {
    let busy = 4
    const spins = ['a', 'b', 'c', 'd'].map(async run => {
      const seen = await count(server.url, run, { response: 'spin 600' })
      busy--
      return seen
    })
    await new Promise(resolve => setTimeout(resolve, 50))
    await health()
    // Answered before the recipe, which does nothing but compute, was through with any of them.
    expect(busy).toBe(4)
    expect(await Promise.all(spins)).toEqual([1, 1, 1, 1])
  })

  it('keep the state of each run in one place', async () => {
    const runs = Array.from({ length: 8 }, (_, i) => `run-${i}`)
    const seen = await Promise.all(
      runs.map(run => Promise.all(Array.from({ length: 5 }, () => count(server.url, run)))),
    )
    for (const values of seen) expect(values.sort()).toEqual([1, 2, 3, 4, 5])
  })

  it('are ended when a recipe never comes back, and started anew with the states of their runs', async () => {
    expect(await count(server.url, 'stuck')).toBe(1)
    const started = performance.now()
    await expect(count(server.url, 'stuck', { response: 'spin 60000' })).rejects.toThrow(/status 50[34]/)
    let value: number | undefined
    while (value === undefined) {
      value = await count(server.url, 'stuck').catch(() => undefined)
      expect(performance.now() - started).toBeLessThan(20_000)
    }
    expect(value).toBe(2)
    await health()
  })

  it('count what they scored in one place', async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text()
    const scored = Number(/guerdon_items_total\{route="slime",outcome="scored"\} (\d+)/.exec(text)?.[1])
    expect(scored).toBe(4 + 40 + 2)
  })

  it('tell what is wrong with a request as one process does', async () => {
    const answer = await fetch(`${server.url}/adapters/slime`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"prompt":"p","prompt":"q"}',
    })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ error: { code: 'parse', path: ['prompt'] } })
  })

  it('end with the server', async () => {
    server.child.kill('SIGTERM')
    expect((await once(server.child, 'exit'))[0]).toBe(0)
  })
})

it('a recipe with a state is not divided among workers without a store', async () => {
  const { error } = await servers.start({ workers: 2, store: false })
  expect(error).toMatch(/expected a store for worker processes and a recipe with a state/)
})
