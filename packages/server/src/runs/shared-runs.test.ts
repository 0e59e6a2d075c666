import { affineStage, batchFromRollouts, bindStage, defineRecipe, GuerdonError } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { createRewardApp } from '../app.ts'
import { countingRecipe } from '../testing/recipes.ts'
import { createRunStates } from './run-states.ts'
import { type FoundRun, overtaken, type RunStore } from './run-store.ts'
import type { RequestKey } from './stored-answers.ts'

const live = new AbortController().signal
const batch = () => batchFromRollouts([{ id: 'a', prompt: 'p', response: 'r' }])

/** A store in memory that other servers write to, and that fails when told to. */
function fakeStore() {
  const runs = new Map<string, FoundRun>()
  let revisions = 0
  const seen = { reads: 0, unchanged: 0, held: 0, released: 0 }
  const fail = { next: undefined as 'hold' | 'read' | 'write' | 'after write' | undefined }
  const failing = (at: typeof fail.next) => {
    if (fail.next !== at) return
    fail.next = undefined
    throw new GuerdonError('io', 'expected the database; got none')
  }
  const read = async (run: string, known?: string) => {
    failing('read')
    const found = runs.get(run)
    seen.reads++
    if (found === undefined || found.revision !== known) return found
    seen.unchanged++
    return 'unchanged' as const
  }
  const store: RunStore = {
    check: async () => failing('hold'),
    names: async () => [...runs.keys()],
    read,
    hold: async run => {
      failing('hold')
      seen.held++
      return {
        read: known => read(run, known),
        write: async (saved, known) => {
          failing('write')
          if (runs.get(run)?.revision !== known) throw overtaken(run)
          const revision = `revision ${++revisions}`
          runs.set(run, { ...saved, revision })
          failing('after write')
          return revision
        },
        release: async () => {
          seen.released++
        },
      }
    },
    close: async () => undefined,
  }
  return { store, seen, fail, runs }
}

function server(store: RunStore, recipe = countingRecipe()) {
  const states = createRunStates(10, store)
  return {
    states,
    score: async (run: string, request?: RequestKey) => {
      const transaction = states.begin(recipe, { request })
      try {
        const { update } = await transaction.score(run, batch(), live)
        await transaction.commit(`answer ${update}`)
        return update
      } finally {
        transaction.abandon()
      }
    },
    preview: async (run: string) => (await states.begin(recipe).preview(run, batch(), live)).update,
  }
}

describe('runs that servers share', () => {
  it('are read anew after another server had them, and only then', async () => {
    const { store, seen } = fakeStore()
    const [first, second] = [server(store), server(store)]
    const updates = [await first.score('a'), await first.score('a'), await second.score('a'), await first.score('a')]
    expect(updates).toEqual([1, 2, 3, 4])
    expect(seen).toMatchObject({ reads: 4, unchanged: 1 })
    expect(await second.preview('a')).toBe(4)
  })

  it('begin anew where somebody removed them', async () => {
    const { store, runs } = fakeStore()
    const only = server(store)
    expect(await only.score('a')).toBe(1)
    runs.delete('a')
    expect(await only.score('a')).toBe(1)
  })

  it.each(['hold', 'read', 'write'] as const)('do not advance when they fail at %s, and go on after', async at => {
    const { store, fail, seen } = fakeStore()
    const only = server(store)
    expect(await only.score('a')).toBe(1)
    fail.next = at
    await expect(only.score('a')).rejects.toMatchObject({ code: 'io' })
    expect(await only.score('a')).toBe(2)
    expect(seen.released).toBe(seen.held)
  })

  it('count once what was saved though nobody heard of it', async () => {
    const { store, fail } = fakeStore()
    const only = server(store)
    const request = { key: 'k', hash: 'h' }
    fail.next = 'after write'
    await expect(only.score('a', request)).rejects.toMatchObject({ code: 'io' })
    await expect(only.score('a', request)).rejects.toMatchObject({ body: 'answer 1' })
    expect(await only.score('a')).toBe(2)
  })

  it('are not overwritten by a server that lost its hold', async () => {
    const { store } = fakeStore()
    const [slow, quick] = [server(store, countingRecipe('counting', 30)), server(store)]
    expect(await quick.score('a')).toBe(1)
    const late = slow.score('a')
    await new Promise(resolve => setTimeout(resolve, 10))
    expect(await quick.score('a')).toBe(2)
    await expect(late).rejects.toMatchObject({ status: 503, details: { retryAfterSeconds: 1 } })
    expect(await slow.score('a')).toBe(3)
  })

  it('are loaded once for many requests that find them first', async () => {
    const { store, seen } = fakeStore()
    await server(store).score('a')
    const other = server(store)
    const updates = await Promise.all(Array.from({ length: 5 }, () => other.score('a')))
    expect(updates).toEqual([2, 3, 4, 5, 6])
    expect(seen).toMatchObject({ reads: 6, unchanged: 4 })
  })
})

it('a request that comes while its run is handed on finds it as either recipe left it', async () => {
  const { store } = fakeStore()
  const from = countingRecipe()
  const doubled = bindStage(affineStage, { from: 'rollout.count', to: 'rollout.doubled', scale: 2 })
  const to = defineRecipe({ name: 'longer', steps: [from.steps[0].stage, doubled] })
  await server(store, from).score('a')
  const fresh = createRunStates(10, store)
  const handing = fresh.adopt(from, to)
  const transaction = fresh.begin(to)
  expect((await transaction.score('a', batch(), live)).update).toBe(2)
  transaction.abandon()
  expect(await handing).toBe(1)
})

it('a server whose database does not answer is alive, not ready, and says when to come back', async () => {
  const { app, close } = createRewardApp({ recipe: countingRecipe(), store: 'redis://u:hidden@127.0.0.1:1' })
  const post = () =>
    app.request('/adapters/slime', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"prompt":"p","response":"r","label":null}',
    })
  expect((await app.request('/health')).status).toBe(200)
  const ready = await app.request('/ready')
  expect([ready.status, await ready.json()]).toMatchObject([503, { ready: false, reason: 'io' }])
  const refused = await post()
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
  expect(await refused.text()).not.toContain('hidden')
  await close()
})
