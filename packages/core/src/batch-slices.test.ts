import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  batchBuffers,
  batchFromRollouts,
  batchToRollouts,
  concatBatches,
  numbers,
  padSignal,
  type RolloutBatch,
  signal,
  sliceGroups,
  takeGroups,
  takeRollouts,
  unpadSignal,
} from './index.ts'

const record = fc.record({
  group: fc.constantFrom('g1', 'g2', undefined),
  tokens: fc.option(fc.array(fc.double({ min: -9, max: 0, noNaN: true }), { maxLength: 5 }), { nil: undefined }),
  outcome: fc.constantFrom<unknown>(
    1,
    0.5,
    undefined,
    { status: 'abstained', reason: 'no verdict' },
    {
      status: 'failed',
      failure: { class: 'parse', message: 'broken' },
    },
  ),
  turns: fc.option(fc.array(fc.record({ action: fc.string() }), { maxLength: 3 }), { nil: undefined }),
})

const records = fc.array(record, { maxLength: 8 }).map(entries =>
  entries.map(({ tokens, ...rest }, i) => ({
    id: `r${i}`,
    prompt: rest.group ?? `p${i}`,
    response: 'abc',
    ...rest,
    columns: { score: i, detail: { i } },
    ...(tokens === undefined ? {} : { tokens: { logprobs: tokens, mask: tokens.map((_, t) => t % 2) } }),
  })),
)

describe('slicing and joining', () => {
  it('cuts a batch into groups and joins it again', () => {
    fc.assert(
      fc.property(records, given => {
        const batch = batchFromRollouts(given)
        const parts = batch.groupIds.map((_, g) => sliceGroups(batch, g, g + 1))
        // A part keeps the columns of the whole, so only a batch without groups loses them.
        if (parts.length > 0) expect(concatBatches(parts)).toEqual(batch)
      }),
      { seed: 1, numRuns: 100 },
    )
  })
  it('takes the same rollouts as a batch built from them', () => {
    fc.assert(
      fc.property(records, fc.array(fc.nat(7)), (given, wanted) => {
        const batch = batchFromRollouts(given)
        const indices = [...new Set(wanted)].filter(i => i < given.length)
        const ids = indices.map(i => batch.rolloutIds[i])
        const byId = new Map(given.map(entry => [entry.id, entry]))
        const taken = takeRollouts(batch, indices)
        const declare = [...batch.columns].map(([name, { kind }]) => ({ name, kind }))
        const rebuilt = batchFromRollouts(
          ids.map(id => byId.get(id)),
          { declare },
        )
        expect(new Map(taken.columns)).toEqual(new Map(rebuilt.columns))
        expect({ ...taken, columns: undefined }).toEqual({ ...rebuilt, columns: undefined })
      }),
      { seed: 2, numRuns: 100 },
    )
  })
  it('reverses groups and refuses repetitions', () => {
    const batch = batchFromRollouts([
      { id: 'a', prompt: 'x', tokens: { ids: [1, 2] } },
      { id: 'b', prompt: 'y', tokens: { ids: [3] } },
    ])
    const reversed = takeGroups(batch, [1, 0])
    expect(reversed.rolloutIds).toEqual(['b', 'a'])
    expect([...numbers(reversed, 'token.id').values]).toEqual([3, 1, 2])
    expect([...reversed.turnSpans]).toEqual([0, 1, 1, 3])
    expect(() => takeGroups(batch, [0, 0])).toThrow(/got 0 twice/)
    expect(() => takeRollouts(batch, [2])).toThrow(/in \[0, 2\); got 2/)
    expect(() => concatBatches([batch, batch])).toThrow(/got "a" in two/)
  })
})

describe('padding', () => {
  const batch = batchFromRollouts([
    { id: 'a', prompt: 'x', tokens: { logprobs: [-1, -2, null] } },
    { id: 'b', prompt: 'y', tokens: { logprobs: [-4] } },
    { id: 'c', prompt: 'z' },
  ])
  const column = numbers(batch, 'token.logprob')
  it('pads right and left with a mask', () => {
    const right = padSignal(batch, column, { value: 9 })
    expect([...right.values]).toEqual([-1, -2, 9, -4, 9, 9, 9, 9, 9])
    expect([...right.mask]).toEqual([1, 1, 0, 1, 0, 0, 0, 0, 0])
    const left = padSignal(batch, column, { side: 'left', length: 4 })
    expect([...left.values]).toEqual([0, -1, -2, 0, 0, 0, 0, -4, 0, 0, 0, 0])
  })
  it.each(['left', 'right'] as const)('comes back from padding on the %s', side => {
    expect(unpadSignal(batch, 'token', padSignal(batch, column, { side, length: 5 }))).toEqual(column)
  })
  it('refuses what does not fit', () => {
    expect(() => padSignal(batch, column, { length: 2 })).toThrow(/at most 2 tokens; got 3 in rollout "a"/)
    expect(() => padSignal(batch, signal('rollout', [1, 2, 3]))).toThrow(/turn or token/)
    expect(() => unpadSignal(batch, 'token', { values: new Float64Array(4), rows: 2, length: 2 })).toThrow(/3 rows/)
    const bad = Float64Array.from([0, Number.NaN, 0, 0, 0, 0, 0, 0, 0])
    expect(() => unpadSignal(batch, 'token', { values: bad, rows: 3, length: 3 })).toThrow(/token 1 of rollout "a"/)
  })
})

describe('transfer', () => {
  it('moves to a worker and back without copying', async () => {
    const build = () =>
      batchFromRollouts([
        { id: 'a', group: 'g', prompt: 'x', response: 'yes', tokens: { logprobs: [-1, -2] }, outcome: 1 },
        {
          id: 'b',
          group: 'g',
          prompt: 'x',
          outcome: { status: 'failed', failure: { class: 'timeout', message: 'late' } },
        },
      ])
    const batch = build()
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads')
       parentPort.once('message', ({ batch, buffers }) => {
         batch.columns.get('token.logprob').values[0] = -7
         parentPort.postMessage(batch, buffers)
       })`,
      { eval: true },
    )
    const back = new Promise<RolloutBatch>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    const buffers = batchBuffers(batch)
    worker.postMessage({ batch, buffers }, buffers)
    const arrays: ArrayLike<number>[] = [batch.groupOffsets, batch.turnOffsets, batch.tokenOffsets, batch.turnSpans]
    for (const column of batch.columns.values()) if (column.kind === 'number') arrays.push(column.values, column.status)
    expect(arrays.map(array => array.length)).toEqual(arrays.map(() => 0))
    expect(buffers.every(buffer => buffer.byteLength === 0)).toBe(true)
    const received = await back
    await worker.terminate()
    const expected = build()
    numbers(expected, 'token.logprob').values[0] = -7
    expect(received).toEqual(expected)
    expect(batchToRollouts(received)[1].outcome).toMatchObject({ status: 'failed' })
  })
})
