import { once } from 'node:events'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { count, createServers } from './processes.ts'

let servers = createServers()
beforeEach(() => {
  servers.end()
  servers = createServers()
})
afterEach(() => servers.end())

it.each([
  { workers: 0, rounds: 2 },
  { workers: 2, rounds: 2 },
])(
  'with $workers workers: after kill -9 every batch sent again under its key is counted once',
  async ({ workers, rounds }) => {
    const runs = ['a', 'b', 'c']
    const acknowledged = new Map(runs.map(run => [run, 0]))
    for (let round = 0; round < rounds; round++) {
      const { child, url } = await servers.start({ workers })
      const load = runs.map(async run => {
        try {
          for (;;) {
            // The batch that got no answer before the kill comes again under the same key.
            const next = (acknowledged.get(run) as number) + 1
            expect(await count(url, run, { key: `batch-${next}` })).toBe(next)
            acknowledged.set(run, next)
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
    for (const value of acknowledged.values()) expect(value).toBeGreaterThanOrEqual(3 * rounds)
  },
)

it('refuses a second process on the same store, and frees it on SIGTERM', async () => {
  const first = await servers.start()
  expect(await count(first.url, 'a')).toBe(1)
  const second = await servers.start()
  expect(second.error).toMatch(/expected a store that no other server uses; got .* in use by process \d+/)
  first.child.kill('SIGTERM')
  expect((await once(first.child, 'exit'))[0]).toBe(0)
  const third = await servers.start()
  expect(await count(third.url, 'a')).toBe(2)
})
