import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  affineStage,
  batchFromRollouts,
  bindStage,
  defineRecipe,
  defineStage,
  numbers,
  outcomeAt,
  type Recipe,
  type RolloutBatch,
  signal,
} from '@guerdon/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockFolder } from './lock.ts'
import { createMutex } from './mutex.ts'
import { openRunFiles } from './run-files.ts'
import { createRunStates } from './run-states.ts'
import type { RunStore } from './run-store.ts'
import { keepAnswer, type RequestKey, storedAnswerLimits } from './stored-answers.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guerdon-runs-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Run states of one recipe whose every request is committed at once. */
function statesOf(recipe: Recipe, maxRuns: number, files?: RunStore) {
  const states = createRunStates(maxRuns, files)
  return {
    score: async (run: string, given: RolloutBatch, signal: AbortSignal, request?: RequestKey) => {
      const transaction = states.begin(recipe, { request })
      try {
        const result = await transaction.score(run, given, signal)
        await transaction.commit(`answer ${result.update}`)
        return result
      } finally {
        transaction.abandon()
      }
    },
    preview: (run: string, given: RolloutBatch, signal: AbortSignal) =>
      states.begin(recipe).preview(run, given, signal),
  }
}

const live = new AbortController().signal
const batch = () => batchFromRollouts([{ id: 'a', prompt: 'p', response: 'r' }])

/** Rewards are 1, 2, 3 … in the order in which the batches of a run go through. */
function counting(delayMs = 0, name = 'counting'): Recipe {
  const { options } = affineStage
  const stage = defineStage<unknown, number>({
    name,
    about: 'counts the batches',
    options: options as never,
    reads: () => [],
    writes: () => [{ name: 'rollout.count', kind: 'number', about: 'how many batches came before, and this one' }],
    initial: () => 0,
    apply: async (given, state) => {
      if (delayMs > 0) await new Promise(resolve => setTimeout(resolve, delayMs))
      const size = given.rolloutIds.length
      return { columns: { 'rollout.count': signal('rollout', new Array(size).fill(state + 1)) }, state: state + 1 }
    },
  })
  return defineRecipe({ name, steps: [stage] })
}

const countOf = (given: RolloutBatch) => outcomeAt(numbers(given, 'rollout.count'), 0)

describe('run states', () => {
  it('advance one batch at a time, each run for itself', async () => {
    const states = statesOf(counting(3), 10)
    const results = await Promise.all(['a', 'b', 'a', 'a', 'b'].map(run => states.score(run, batch(), live)))
    expect(results.map(result => [result.update, countOf(result.batch)])).toEqual(
      [1, 1, 2, 3, 2].map(n => [n, { status: 'scored', value: n }]),
    )
  })

  it('are left alone by a preview', async () => {
    const states = statesOf(counting(), 10)
    await states.score('a', batch(), live)
    expect(countOf((await states.preview('a', batch(), live)).batch)).toEqual({ status: 'scored', value: 2 })
    expect((await states.score('a', batch(), live)).update).toBe(2)
  })

  it('go on where the files stand', async () => {
    const first = openRunFiles(folder)
    const before = statesOf(counting(), 10, first)
    await before.score('a', batch(), live)
    await before.score('a', batch(), live)
    await first.close()
    writeFileSync(join(folder, 'runs', 'a.json.partial'), '{"torn')
    const second = openRunFiles(folder)
    expect(readdirSync(join(folder, 'runs'))).toEqual(['a.json'])
    expect((await statesOf(counting(), 10, second).score('a', batch(), live)).update).toBe(3)
    await second.close()
  })

  it('refuse the state of another recipe and a damaged file', async () => {
    const files = openRunFiles(folder)
    await statesOf(counting(), 10, files).score('a', batch(), live)
    const other = statesOf(counting(0, 'other'), 10, files)
    await expect(other.score('a', batch(), live)).rejects.toMatchObject({ code: 'version' })
    writeFileSync(join(folder, 'runs', 'b.json'), '{"format":1,')
    await expect(other.score('b', batch(), live)).rejects.toMatchObject({ code: 'state' })
    await files.close()
  })

  it('do not advance when they cannot be saved', async () => {
    const files = openRunFiles(folder)
    const states = statesOf(counting(), 10, files)
    await states.score('a', batch(), live)
    rmSync(join(folder, 'runs'), { recursive: true })
    await expect(states.score('a', batch(), live)).rejects.toMatchObject({ code: 'io' })
    mkdirSync(join(folder, 'runs'))
    expect((await states.score('a', batch(), live)).update).toBe(2)
    await files.close()
  })

  it('let a run go on after work that never settled', async () => {
    const stuck = counting()
    let calls = 0
    const recipe: Recipe = {
      ...stuck,
      run: (...given) => (calls++ === 0 ? new Promise(() => undefined) : stuck.run(...given)),
    }
    const states = statesOf(recipe, 10)
    const gone = new AbortController()
    const first = states.score('a', batch(), gone.signal)
    const second = states.score('a', batch(), live)
    while (calls === 0) await new Promise(resolve => setImmediate(resolve))
    gone.abort(new Error('gone'))
    await expect(first).rejects.toThrow('gone')
    expect((await second).update).toBe(1)
  })

  it.each(['', '..', '../a', 'a/b', '.a', 'x'.repeat(65), 'a\0'])('refuse the name %j', async name => {
    await expect(statesOf(counting(), 10).score(name, batch(), live)).rejects.toMatchObject({ path: ['run'] })
  })

  it('are bounded in number', async () => {
    const states = statesOf(counting(), 1)
    await states.score('a', batch(), live)
    await expect(states.score('b', batch(), live)).rejects.toMatchObject({ status: 503 })
  })

  it('make place in memory for others when they are on the disk', async () => {
    const files = openRunFiles(folder)
    const states = statesOf(counting(5), 2, files)
    for (const name of ['a', 'b', 'c', 'a']) await states.score(name, batch(), live)
    expect((await states.score('b', batch(), live)).update).toBe(2)
    const busy = [states.score('a', batch(), live), states.score('b', batch(), live)]
    await expect(states.score('c', batch(), live)).rejects.toMatchObject({ status: 503 })
    expect((await Promise.all(busy)).map(({ update }) => update)).toEqual([3, 3])
    await files.close()
  })
})

describe('answers kept with a run', () => {
  const request = (n: number): RequestKey => ({ key: `k${n}`, hash: `h${n}` })

  it('outlive the process and count once', async () => {
    const first = openRunFiles(folder)
    const before = statesOf(counting(), 10, first)
    await before.score('a', batch(), live, request(1))
    await first.close()
    const after = statesOf(counting(), 10, openRunFiles(folder))
    await expect(after.score('a', batch(), live, request(1))).rejects.toMatchObject({ body: 'answer 1' })
    await expect(after.score('a', batch(), live, { key: 'k1', hash: 'other' })).rejects.toThrow(/got another/)
    expect((await after.score('a', batch(), live, request(2))).update).toBe(2)
  })

  it('are bounded, oldest forgotten first', async () => {
    const states = statesOf(counting(), 10)
    for (let n = 0; n <= storedAnswerLimits.entries; n++) await states.score('a', batch(), live, request(n))
    await expect(states.score('a', batch(), live, request(1))).rejects.toMatchObject({ body: 'answer 2' })
    expect((await states.score('a', batch(), live, request(0))).update).toBe(storedAnswerLimits.entries + 2)
  })

  it('are bounded in characters, the newest always kept', () => {
    const long = (n: number) => ({ ...request(n), body: 'x'.repeat(storedAnswerLimits.characters / 2) })
    const two = keepAnswer(keepAnswer([], long(1)), long(2))
    expect(two.map(({ key }) => key)).toEqual(['k1', 'k2'])
    expect(keepAnswer(two, { ...request(3), body: 'x' }).map(({ key }) => key)).toEqual(['k2', 'k3'])
    expect(keepAnswer(two, { ...request(3), body: 'x'.repeat(2 * storedAnswerLimits.characters) })).toHaveLength(1)
  })

  it('are not written when the request was abandoned', async () => {
    const states = createRunStates(10)
    const transaction = states.begin(counting())
    await transaction.score('a', batch(), live)
    transaction.abandon()
    expect((await states.begin(counting()).score('a', batch(), live)).update).toBe(1)
  })
})

describe('another recipe', () => {
  it('takes over the states of the stages both have, in memory and on the disk', async () => {
    const files = openRunFiles(folder)
    const from = counting()
    const before = statesOf(from, 10, files)
    await before.score('seen', batch(), live)
    const states = createRunStates(10, files)
    const to = defineRecipe({
      name: 'longer',
      steps: [from.steps[0].stage, bindStage(affineStage, { from: 'rollout.count', to: 'rollout.doubled', scale: 2 })],
    })
    expect(await states.adopt(from, to)).toBe(1)
    expect((await statesOf(to, 10, files).score('seen', batch(), live)).update).toBe(2)
    await expect(statesOf(from, 10, files).score('seen', batch(), live)).rejects.toMatchObject({ code: 'version' })
    await files.close()
  })
})

describe('the lock of a store', () => {
  it('keeps a second server out and goes with the first', async () => {
    const first = openRunFiles(folder)
    expect(() => openRunFiles(folder)).toThrow(/no other server uses; got .* in use by process \d+/)
    await first.close()
    await openRunFiles(folder).close()
  })

  it.each([
    ['a process that is gone', '{"pid":999999999,"started":"x"}'],
    ['another process that got its number', `{"pid":${process.pid},"started":"earlier"}`],
    ['nobody', 'not a lock'],
  ])('left by %s is taken over', (_, text) => {
    writeFileSync(join(folder, 'lock.json'), text)
    const lock = lockFolder(folder)
    expect(() => lockFolder(folder)).toThrow(/in use/)
    lock.release()
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('mutex', () => {
  it('keeps the order and survives a throw', async () => {
    const mutex = createMutex()
    const seen: number[] = []
    const work = (n: number) => async () => {
      await new Promise(resolve => setTimeout(resolve, 5 - n))
      seen.push(n)
      if (n === 1) throw new Error('one')
    }
    const all = await Promise.allSettled([0, 1, 2].map(n => mutex.run(live, work(n))))
    expect(seen).toEqual([0, 1, 2])
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })
})
