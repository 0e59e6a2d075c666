import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineRecipe, defineReward, failed, GuerdonError } from '@guerdon/core'
import { openStore } from '@guerdon/store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRewardApp } from './app.ts'
import { openStoreRecorder } from './store-recorder.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'guerdon-recorder-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const recipe = defineRecipe({
  name: 'length',
  steps: [
    defineReward({
      name: 'length',
      score: rollout => (rollout.response === '' ? failed('parse', 'secret text') : (rollout.response?.length ?? 0)),
    }),
  ],
})

const post = (path: string, body: unknown) => ({
  path,
  init: { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
})

async function serve(name: string, texts: boolean, requests: readonly ReturnType<typeof post>[]) {
  const folder = join(root, name)
  const recorder = await openStoreRecorder(folder, { texts })
  const reward = createRewardApp({ recipe, store: folder, recorder })
  const answers: Response[] = []
  for (const { path, init } of requests) answers.push(await reward.app.request(path, init))
  await reward.close()
  return { answers, store: await openStore(folder, { readOnly: true }) }
}

const rollouts = [
  { id: 'a', group: 'g', prompt: 'secret', response: 'xyz' },
  { id: 'b', group: 'g', prompt: 'secret', response: '' },
]

describe('a server with a store', () => {
  it('keeps rewards, components and failures of what it scores, and no texts', async () => {
    const { answers, store } = await serve('plain', false, [
      post('/v1/score?run=night', { rollouts }),
      post('/v1/explain?run=night', { rollouts, id: 'a' }),
      post('/adapters/slime', { prompt: 'p', response: 'four', label: null }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    const rows = async (sql: string) => (await store.query(sql)).rows
    expect(await rows('SELECT run, id, group_id, reward, status FROM scores ORDER BY batch, id')).toEqual([
      { run: 'night', id: 'a', group_id: 'g', reward: 3, status: 'scored' },
      { run: 'night', id: 'b', group_id: 'g', reward: null, status: 'failed' },
      { run: 'default', id: '0', group_id: '0', reward: 4, status: 'scored' },
    ])
    expect(await rows('SELECT id, name, class, message FROM failures')).toEqual([
      { id: 'b', name: 'rollout.length', class: 'parse', message: null },
    ])
    expect(await rows('SELECT DISTINCT run, name FROM runs ORDER BY run')).toEqual([
      { run: 'default', name: 'length' },
      { run: 'night', name: 'length' },
    ])
    expect(await rows('SELECT prompt, response, record FROM rollouts WHERE prompt IS NOT NULL')).toEqual([])
    expect(await rows("SELECT name, value FROM components WHERE id = 'a'")).toEqual([
      { name: 'rollout.length', value: 3 },
    ])
    await store.close()
  })

  it('keeps whole records when asked to', async () => {
    const { store } = await serve('texts', true, [post('/v1/score', { rollouts })])
    expect((await store.query('SELECT id, prompt, response FROM rollouts ORDER BY position')).rows).toEqual([
      { id: 'a', prompt: 'secret', response: 'xyz' },
      { id: 'b', prompt: 'secret', response: '' },
    ])
    expect((await store.query('SELECT message FROM failures')).rows).toEqual([{ message: 'secret text' }])
    await store.close()
  })

  it('answers no number that it could not keep', async () => {
    const recorder = {
      record: () => Promise.reject(new GuerdonError('io', 'expected room on the disk; got none left')),
      close: () => Promise.resolve(),
    }
    const reward = createRewardApp({ recipe, recorder })
    const { path, init } = post('/v1/score', { rollouts })
    const answer = await reward.app.request(path, init)
    expect(answer.status).toBeGreaterThanOrEqual(500)
    expect(await answer.text()).not.toMatch(/reward/)
    await reward.close()
  })
})
