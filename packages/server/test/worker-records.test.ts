import { once } from 'node:events'
import { join } from 'node:path'
import { openStore } from '@guerdon/store'
import { afterAll, expect, it } from 'vitest'
import { count, createServers } from './processes.ts'

const servers = createServers()
afterAll(() => servers.end())

const runs = ['a', 'b', 'c', 'd', 'e', 'f']
const batches = 8

it('records what all workers score, and loses nothing that was answered when one of them ends', async () => {
  const records = join(servers.folder, 'records')
  const { child, url } = await servers.start({ workers: 2, records })
  const client = async (run: string) => {
    for (let next = 1; next <= batches; next++) {
      // A worker that ends takes all it has under way along.
      if (next === 4 && run < 'c') await expect(count(url, run, { response: 'exit' })).rejects.toThrow(/status 503/)
      let seen: number | undefined
      while (seen === undefined) {
        seen = await count(url, run, { key: `batch-${next}` }).catch(() => undefined)
      }
      expect(seen).toBe(next)
    }
  }
  await Promise.all(runs.map(client))
  child.kill('SIGTERM')
  expect((await once(child, 'exit'))[0]).toBe(0)

  const store = await openStore(records, { readOnly: true })
  const { rows } = await store.query(
    `SELECT DISTINCT run, update_number AS seen, reward FROM batches JOIN scores USING (batch, run) ORDER BY run, seen`,
  )
  await store.close()
  const answered = runs.flatMap(run => Array.from({ length: batches }, (_, i) => ({ run, seen: i + 1, reward: i + 1 })))
  expect(rows).toEqual(answered)
})
