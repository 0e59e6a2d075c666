import { setMaxListeners } from 'node:events'
import { batchFromRollouts, defineRecipe, defineStage, numbers, outcomeAt, type Recipe, signal, z } from '@guerdon/core'
import { expect, it } from 'vitest'
import { createRunStates } from '../src/runs/run-states.ts'
import type { RunStore, SavedRun } from '../src/runs/run-store.ts'
import { AnsweredBefore, type RequestKey } from '../src/runs/stored-answers.ts'
import { countingRecipe } from '../src/testing/recipes.ts'

/** Opens a store of run states; every call gives another one on the same place. */
export type OpenStore = () => RunStore

export const live = new AbortController().signal
// Many wait for one run at a time.
setMaxListeners(0, live)
const batch = () => batchFromRollouts([{ id: 'a', prompt: 'p', response: 'r' }])

/** A run whose texts have everything that could go wrong on their way. */
export const saved = (update: number): SavedRun => ({
  update,
  state: JSON.stringify({ text: `'"\\ \0 \ud800 \u{1f600} \u2028`, numbers: [1e-300, -0.1, 2 ** 53] }),
  answers: [{ key: 'k\n"', hash: 'h', body: '{"a":1}' }],
})

/** Advances a run by one request that does nothing but count it. */
export async function write(store: RunStore, run: string, next: SavedRun): Promise<string> {
  const held = await store.hold(run, live)
  try {
    const found = await held.read()
    return await held.write(next, found === undefined || found === 'unchanged' ? undefined : found.revision)
  } finally {
    await held.release()
  }
}

/** What holds of every place where run states are kept. */
export function itKeepsRuns(open: OpenStore): void {
  it('gives back what was saved, and nothing for what never was', async () => {
    const store = open()
    await store.check()
    expect(await store.read('kept')).toBeUndefined()
    const revision = await write(store, 'kept', saved(1))
    expect(await store.read('kept')).toEqual({ ...saved(1), revision })
    expect(await store.read('kept', revision)).toBe('unchanged')
    await store.close()
    const later = open()
    expect(await later.read('kept')).toMatchObject(saved(1))
    expect(await later.names()).toContain('kept')
    await later.close()
  })

  it('keeps as many characters as a run may have', async () => {
    const store = open()
    const answers = Array.from({ length: 64 }, (_, i) => ({ key: `k${i}`, hash: 'h', body: 'é'.repeat(4096) }))
    const large = { update: 7, state: JSON.stringify('x'.repeat(2 ** 21)), answers }
    await write(store, 'large', large)
    expect(await store.read('large')).toMatchObject(large)
    await store.close()
  })

  it('leaves a run as it was that is released without a write, which may be done twice', async () => {
    const store = open()
    const held = await store.hold('left', live)
    expect(await held.read()).toBeUndefined()
    await held.release()
    await held.release()
    expect(await store.read('left')).toBeUndefined()
    await write(store, 'left', saved(3))
    expect(await store.read('left')).toMatchObject({ update: 3 })
    await store.close()
  })

  it('goes on where it stood, each run for itself, with answers that count once', async () => {
    const first = open()
    const before = scorer(first)
    for (const run of ['go-a', 'go-b', 'go-a']) await before.score(run)
    expect(await before.score('go-a', { key: 'k', hash: 'h' })).toBe(3)
    await first.close()
    const second = open()
    const after = scorer(second)
    await expect(after.score('go-a', { key: 'k', hash: 'h' })).rejects.toEqual(new AnsweredBefore('answer 3'))
    await expect(after.score('go-a', { key: 'k', hash: 'other' })).rejects.toMatchObject({ status: 409 })
    expect(await after.score('go-a')).toBe(4)
    expect(await after.score('go-b')).toBe(2)
    await second.close()
  })

  it('hands runs from one recipe to the next, and leaves those of others alone', async () => {
    const store = open()
    const [from, to] = [twice('from'), twice('to')]
    await scorer(store, from).score('moved')
    await scorer(store, countingRecipe('foreign')).score('foreign')
    const states = createRunStates(4, store)
    await states.adopt(from, to)
    expect(await scorer(store, to).score('moved')).toBe(2)
    await expect(scorer(store, to).score('foreign')).rejects.toMatchObject({ code: 'version' })
    expect(await scorer(store, countingRecipe('foreign')).score('foreign')).toBe(2)
    await store.close()
  })
}

/** Scores batches of one, each committed at once; the answer is the update of the run, which its state must agree with. */
export function scorer(store: RunStore, recipe: Recipe = countingRecipe()) {
  const states = createRunStates(64, store)
  return {
    states,
    score: async (run: string, request?: RequestKey, signal = live): Promise<number> => {
      const transaction = states.begin(recipe, { request })
      try {
        const result = await transaction.score(run, batch(), signal)
        await transaction.commit(`answer ${result.update}`)
        expect(outcomeAt(numbers(result.batch, 'rollout.count'), 0)).toEqual({
          status: 'scored',
          value: result.update,
        })
        return result.update
      } finally {
        transaction.abandon()
      }
    },
  }
}

/** Recipes that count with the same stage and differ in their second one. */
function twice(name: string): Recipe {
  const second = defineStage<unknown, null>({
    name,
    about: 'does nothing',
    options: z.object({}),
    reads: () => [],
    writes: () => [{ name: 'rollout.nothing', kind: 'number', about: 'nothing' }],
    initial: () => null,
    apply: async (given, state) => ({
      columns: {
        'rollout.nothing': signal(
          'rollout',
          given.rolloutIds.map(() => 0),
        ),
      },
      state,
    }),
  })
  return defineRecipe({ name, steps: [countingRecipe().steps[0].stage, second] })
}
