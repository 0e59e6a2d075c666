import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { batchFromRollouts, defineRecipe, defineReward, failed, type Rollout } from '@guerdon/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStore, type Store } from './open-store.ts'
import { findRun, reports, runReport } from './reports.ts'
import { recipeFacts, scoredRows } from './scored-batch.ts'

let root: string
let store: Store

const recipe = defineRecipe({
  name: 'length',
  steps: [
    defineReward({
      name: 'length',
      score: rollout => (rollout.response === 'bad' ? failed('range', 'too bad') : (rollout.response?.length ?? 0)),
    }),
  ],
})

async function score(run: string, rollouts: readonly Rollout[]): Promise<void> {
  const { batch } = await recipe.run(batchFromRollouts(rollouts))
  await store.append({ run, recipe: recipeFacts(recipe), rows: scoredRows(recipe, batch, { texts: true }) })
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'guerdon-reports-'))
  store = await openStore(join(root, 'store'))
  const rollout = (id: string, group: string, response: string): Rollout => ({ id, group, prompt: 'p', response })
  // Two batches with the same group ids: rewards 1, 3 | 2, 2 and 5, failed | 4.
  await score('a', [rollout('1', 'g', 'x'), rollout('2', 'g', 'xyz'), rollout('3', 'h', 'ab'), rollout('4', 'h', 'cd')])
  await score('a', [rollout('1', 'g', 'abcde'), rollout('2', 'g', 'bad'), rollout('3', 'h', 'wxyz')])
  await score('b', [rollout('1', 'g', 'x')])
})
afterAll(async () => {
  await store.close()
  rmSync(root, { recursive: true, force: true })
})

describe('a report', () => {
  it('of rewards counts, averages and finds groups without variance', async () => {
    const { rows } = await runReport(store, 'rewards', { run: 'a' })
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({
      run: 'a',
      recipe: recipe.version.slice(0, 12),
      rollouts: 7,
      abstained: 0,
      failed: 1,
      mean: 17 / 6,
      minimum: 1,
      maximum: 5,
      median: 2.5,
      comparable_groups: 2,
      zero_variance_groups: 1,
    })
    expect((await runReport(store, 'rewards')).rows.map(({ run }) => run)).toEqual(['a', 'b'])
  })

  it('of failures names class, column and the first rollout', async () => {
    expect((await runReport(store, 'failures')).rows).toEqual([
      { run: 'a', name: 'rollout.length', class: 'range', items: 1, rollouts: 1, first: '2', message: 'too bad' },
    ])
  })

  it('of components says how often there is a number and how it goes with the reward', async () => {
    const { rows } = await runReport(store, 'components', { run: 'a' })
    expect(rows).toMatchObject([{ name: 'rollout.length', level: 'rollout', rollouts: 7, validity: 6 / 7, maximum: 5 }])
    expect(rows[0]['with_reward']).toBeCloseTo(1)
    // One number has no spread to go with anything.
    expect((await runReport(store, 'components', { run: 'b' })).rows[0]['with_reward']).toBeNull()
  })

  it('of drift cuts a run into parts', async () => {
    const { rows } = await runReport(store, 'drift', { run: 'a' })
    expect(rows.map(({ part, mean, length }) => [part, mean, length])).toEqual([
      [1, 1, 1],
      [2, 3, 3],
      [3, 2, 2],
      [4, 2, 2],
      [5, 5, 5],
      [6, null, 3],
      [7, 4, 4],
    ])
    expect(rows.map(({ unscored }) => unscored)).toEqual([0, 0, 0, 0, 0, 1, 0])
  })

  it('of a store with nothing in it is empty', async () => {
    const empty = await openStore(join(root, 'empty'))
    for (const { name } of reports) expect((await runReport(empty, name)).rows).toEqual([])
    await expect(findRun(empty, undefined)).rejects.toThrow(/no run ""/)
    await empty.close()
    await expect(runReport(store, 'cats')).rejects.toMatchObject({ code: 'unknown_name' })
    await expect(findRun(store, undefined)).rejects.toMatchObject({ hint: expect.stringMatching(/there are a, b/) })
    expect(await findRun(store, 'a')).toMatchObject({ run: 'a', rollouts: 7, with_texts: 7 })
  })
})
