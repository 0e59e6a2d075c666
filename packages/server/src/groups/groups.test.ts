import { defineRecipe, parseRecipe, type Recipe } from '@guerdon/core'
import { methodStages } from '@guerdon/methods'
import { describe, expect, it } from 'vitest'
import { createRewardApp } from '../app.ts'
import type { ServerOptions } from '../options.ts'
import { defineAsyncReward } from '../rewards/async-reward.ts'
import { countingRecipe, slowRecipe } from '../testing/recipes.ts'

// Each reward less the mean of its group: a number only the whole group can have.
const centred = parseRecipe(
  { name: 'centred', steps: [{ use: 'rloo', columns: { 'rollout.score': 'rollout.outcome' } }] },
  { stages: methodStages },
)

interface Answer {
  readonly items: readonly { readonly id: string; readonly reward: unknown }[]
  readonly group: { readonly complete: boolean; readonly missing: number; readonly size: number }
}

function start(options: Partial<ServerOptions> & { readonly recipe?: Recipe } = {}) {
  const { app } = createRewardApp({ recipe: centred, ...options })
  return {
    metrics: async () => (await app.request('/metrics')).text(),
    add: (
      id: string,
      body: object,
      { signal, run = 'default', key }: { signal?: AbortSignal; run?: string; key?: string } = {},
    ) =>
      app.request(`/v1/groups/${id}/rollouts?run=${run}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) },
        ...(signal === undefined ? {} : { signal }),
      }),
  }
}

const member = (id: string, outcome: number) => ({ id, prompt: 'p', response: 'r', outcome })

describe('a group that comes in parts', () => {
  it('is scored once it is whole, and every part gets the same answer', async () => {
    const { add } = start()
    const parts = await Promise.all([
      add('g', { size: 3, rollouts: [member('c', 3)] }),
      add('g', { size: 3, rollouts: [member('a', 0), member('b', 0)] }),
    ])
    const [first, second] = await Promise.all(parts.map(part => part.text()))
    expect(second).toBe(first)
    const { items, group } = JSON.parse(first) as Answer
    expect(items.map(({ id, reward }) => [id, reward])).toEqual([
      ['a', -1.5],
      ['b', -1.5],
      ['c', 3],
    ])
    expect(group).toEqual({ id: 'g', size: 3, complete: true, missing: 0 })
  })

  it('is scored without those that did not come in time', async () => {
    const answer = await start().add('g', { size: 3, waitMs: 20, rollouts: [member('a', 0), member('b', 1)] })
    const { items, group } = (await answer.json()) as Answer
    expect(items.map(({ reward }) => reward)).toEqual([-1, 1])
    expect(group).toMatchObject({ complete: false, missing: 1 })
  })

  it('refuses who comes late, and answers a repeat as before', async () => {
    const { add } = start()
    const part = { size: 2, waitMs: 20, rollouts: [member('a', 0)] }
    const first = await (await add('g', part)).text()
    expect((await add('g', { ...part, rollouts: [member('b', 1)] })).status).toBe(409)
    expect(await (await add('g', part)).text()).toBe(first)
  })

  it('takes a rollout sent twice once, and refuses another under its id', async () => {
    const { add } = start()
    const early = add('g', { size: 2, rollouts: [member('a', 0)] })
    const again = add('g', { size: 2, rollouts: [member('a', 0)] })
    const conflict = await add('g', { size: 2, rollouts: [member('a', 1)] })
    expect(conflict.status).toBe(409)
    const last = await add('g', { size: 2, rollouts: [member('b', 1)] })
    const texts = await Promise.all([await early, await again, last].map(answer => answer.text()))
    expect(new Set(texts).size).toBe(1)
  })

  it('tells groups apart by id and run, not by prompt', async () => {
    const { add } = start()
    const answers = await Promise.all(
      (['g', 'h'] as const).flatMap(id =>
        ['one', 'two'].flatMap((run, r) =>
          [0, 1].map(i => add(id, { size: 2, rollouts: [member(`${i}`, i * (r + 1))] }, { run })),
        ),
      ),
    )
    const rewards = await Promise.all(
      answers.map(async answer => ((await answer.json()) as Answer).items.map(item => item.reward)),
    )
    expect(rewards).toEqual([
      [-1, 1],
      [-1, 1],
      [-2, 2],
      [-2, 2],
      [-1, 1],
      [-1, 1],
      [-2, 2],
      [-2, 2],
    ])
  })

  it.each([
    [{ size: 0, rollouts: [] }, 422, ['size']],
    [{ rollouts: [] }, 422, ['size']],
    [{ size: 1, rollouts: [{ prompt: 'p' }] }, 422, ['rollouts', 0, 'id']],
    [{ size: 1, rollouts: ['a'] }, 422, ['rollouts', 0]],
    [{ size: 2, rollouts: [member('a', 0), member('a', 0)] }, 422, ['rollouts', 1, 'id']],
    [{ size: 1, rollouts: [{ ...member('a', 0), group: 'other' }] }, 422, ['rollouts', 0, 'group']],
    [{ size: 1, rollouts: [member('a', 0), member('b', 0)] }, 409, ['rollouts']],
    [{ size: 1, rollouts: [{ id: 'a' }] }, 422, ['rollouts', 0, 'prompt']],
  ])('refuses %j with %d', async (body, status, path) => {
    const { add } = start()
    const answer = await add('g', body)
    expect([answer.status, ((await answer.json()) as { error: { path: unknown } }).error.path]).toEqual([status, path])
    // What was refused is not remembered.
    expect((await add('g', { size: 1, rollouts: [member('z', 0)] })).status).toBe(200)
  })

  it('refuses a part that tells another size', async () => {
    const { add } = start()
    const first = add('g', { size: 2, waitMs: 50, rollouts: [member('a', 0)] })
    expect((await add('g', { size: 3, rollouts: [member('b', 0)] })).status).toBe(409)
    expect((await first).status).toBe(200)
  })

  it('is given up when nobody waits for it any more', async () => {
    const { add } = start()
    const gone = new AbortController()
    const left = add('g', { size: 2, rollouts: [member('a', 0)] }, { signal: gone.signal })
    await new Promise(resolve => setTimeout(resolve, 10))
    gone.abort()
    expect((await left).status).toBe(499)
    const { group } = (await (await add('g', { size: 2, waitMs: 20, rollouts: [member('b', 0)] })).json()) as Answer
    expect(group).toMatchObject({ complete: false, missing: 1 })
  })

  it('takes no place at work while it waits', async () => {
    const { add } = start({ limits: { active: 1, queued: 0 } })
    const parts = await Promise.all(
      Array.from({ length: 8 }, (_, i) => add('g', { size: 8, rollouts: [member(`${i}`, i)] })),
    )
    expect(parts.map(({ status }) => status)).toEqual(new Array(8).fill(200))
  })

  it('is refused when too many groups wait', async () => {
    const { add } = start({ limits: { groups: 1 } })
    const first = add('g', { size: 2, waitMs: 50, rollouts: [member('a', 0)] })
    const refused = await add('h', { size: 2, rollouts: [member('a', 0)] })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect((await first).status).toBe(200)
  })

  it('advances the state of its run once', async () => {
    const { add } = start({ recipe: countingRecipe() })
    const counts: unknown[] = []
    for (const id of ['g', 'h']) {
      const parts = await Promise.all([0, 1].map(i => add(id, { size: 2, rollouts: [member(`${i}`, 0)] })))
      for (const part of parts) counts.push(((await part.json()) as Answer).items[0].reward)
    }
    expect(counts).toEqual([1, 1, 2, 2])
  })

  it('lets one key stand for one part', async () => {
    const { add } = start()
    const first = add('g', { size: 2, rollouts: [member('a', 0)] }, { key: 'k' })
    expect((await add('g', { size: 2, rollouts: [member('b', 0)] }, { key: 'k' })).status).toBe(409)
    await add('g', { size: 2, rollouts: [member('b', 0)] }, { key: 'l' })
    expect((await first).status).toBe(200)
  })

  it('keeps failed members as failed, and ends at the deadline of a part', async () => {
    const recipe = slowRecipe(1)
    const parts = await start({ recipe }).add('g', {
      size: 2,
      rollouts: [20, 21].map(n => ({ id: `${n}`, prompt: 'p', response: `${n}` })),
    })
    const { items } = (await parts.json()) as Answer
    expect(items).toMatchObject([{ reward: { status: 'failed' } }, { reward: 21 }])
    const never = defineRecipe({
      name: 'never',
      steps: [defineAsyncReward({ name: 'never', score: () => new Promise<number>(() => undefined) })],
    })
    const late = start({ recipe: never, limits: { deadlineMs: 40 } })
    expect((await late.add('g', { size: 1, rollouts: [member('a', 0)] })).status).toBe(504)
    expect(await late.metrics()).toContain('guerdon_active_requests 0')
  })
})
