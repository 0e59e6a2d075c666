import { expect, it } from 'vitest'
import { countingRecipe } from '../../src/testing/recipes.ts'
import { live, type OpenStore, saved, scorer, write } from '../run-store-contract.ts'

/** What holds of places where several servers keep run states together. */
export function itIsShared(open: OpenStore): void {
  it('lets one server after another have a run, and other runs meanwhile', async () => {
    const [first, second] = [open(), open()]
    const held = await first.hold('turns', live)
    let had = false
    const waiting = second.hold('turns', live).then(other => {
      had = true
      return other
    })
    await write(second, 'another', saved(1))
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(had).toBe(false)
    await held.release()
    await (await waiting).release()
    await Promise.all([first.close(), second.close()])
  })

  it('stops waiting when nobody wants the run any more, and does not keep it', async () => {
    const [first, second] = [open(), open()]
    const held = await first.hold('given-up', live)
    const gone = new AbortController()
    const waiting = second.hold('given-up', gone.signal)
    setTimeout(() => gone.abort(new Error('gone')), 50)
    await expect(waiting).rejects.toThrow('gone')
    await held.release()
    await (await first.hold('given-up', live)).release()
    await Promise.all([first.close(), second.close()])
  })

  it('gives up when others keep a run for longer than the deadline', async () => {
    const [first, second] = [open(), open()]
    const held = await first.hold('kept', live)
    await expect(second.hold('kept', live)).rejects.toMatchObject({ code: 'timeout' })
    await held.release()
    await Promise.all([first.close(), second.close()])
  })

  it('saves nothing over what another server saved', async () => {
    const store = open()
    await write(store, 'stale', saved(1))
    const first = await store.hold('stale', live)
    const found = await first.read()
    const known = typeof found === 'object' ? found.revision : undefined
    const revision = await first.write(saved(2), known)
    await first.release()
    const late = await store.hold('stale', live)
    await expect(late.write(saved(9), known)).rejects.toMatchObject({ status: 503, code: 'unavailable' })
    await late.release()
    const fresh = await store.hold('stale', live)
    await expect(fresh.write(saved(9), undefined)).rejects.toMatchObject({ status: 503 })
    await fresh.release()
    expect(await store.read('stale')).toEqual({ ...saved(2), revision })
    await store.close()
  })

  it('counts the batches of two servers 1 … n, alternately and at once, for each of many runs', async () => {
    const stores = [open(), open()]
    const servers = stores.map(store => scorer(store, countingRecipe('counting', 1)))
    const alternately: number[] = []
    for (let i = 0; i < 10; i++) alternately.push(await servers[i % 2].score('both'))
    expect(alternately).toEqual(upTo(10))
    const runs = ['both', 'one', 'two', 'three']
    const seen = await Promise.all(runs.map(run => Promise.all(upTo(20).map(i => servers[i % 2].score(run)))))
    expect(seen[0].sort(ascending)).toEqual(upTo(30).slice(10))
    for (const updates of seen.slice(1)) expect(updates.sort(ascending)).toEqual(upTo(20))
    await Promise.all(stores.map(store => store.close()))
  })

  it('scores more runs at once than it has connections', async () => {
    const store = open()
    const server = scorer(store, countingRecipe('counting', 20))
    const updates = await Promise.all(upTo(50).map(i => server.score(`many-${i}`)))
    expect(updates).toEqual(upTo(50).map(() => 1))
    await store.close()
  })

  it('keeps no server waiting for ever behind one with many batches', async () => {
    const stores = [open(), open()]
    const [busy, modest] = stores.map(store => scorer(store, countingRecipe('counting', 5)))
    const many = upTo(100).map(() => busy.score('fair'))
    await many[0]
    const started = performance.now()
    const own = [await modest.score('fair'), await modest.score('fair')]
    const waited = performance.now() - started
    const all = await Promise.all(many)
    expect(Math.max(...own)).toBeLessThan(50)
    expect([...all, ...own].sort(ascending)).toEqual(upTo(102))
    expect(waited).toBeLessThan(5000)
    await Promise.all(stores.map(store => store.close()))
  })

  it('answers a request that comes again at another server as the first did, and counts it once', async () => {
    const stores = [open(), open()]
    const servers = stores.map(store => scorer(store, countingRecipe('counting', 50)))
    const request = { key: 'again', hash: 'h' }
    const results = await Promise.allSettled(servers.map(server => server.score('retried', request)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toEqual([{ status: 'fulfilled', value: 1 }])
    const [refused] = results.filter(result => result.status === 'rejected')
    expect(refused.reason).toMatchObject({ name: 'AnsweredBefore', body: 'answer 1' })
    expect(await servers[0].score('retried')).toBe(2)
    await Promise.all(stores.map(store => store.close()))
  })
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

const ascending = (a: number, b: number): number => a - b
