import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { type ReplayColumns, replayBuffer, replayColumns } from './replay-buffer.ts'
import { shapeBatch } from './shape-batch.ts'

const layout = { capacity: 5, observationSize: 2, actionSize: 1, auxiliary: ['potential'], costs: ['heat'] }

/** Rows whose every column tells the number of the transition. */
function numbered(first: number, count: number): ReplayColumns {
  const rows = replayColumns(layout, count)
  for (let i = 0; i < count; i++) {
    const n = first + i
    rows.observations.set([n, 10 + n], 2 * i)
    rows.nextObservations.set([n + 1, 11 + n], 2 * i)
    rows.actions[i] = 0.5 * n
    rows.logProbs[i] = -n
    rows.rewards[i] = n / 3
    rows.terminated[i] = n % 2
    rows.truncated[i] = 1 - (n % 2)
    rows.auxiliary['potential'][i] = 100 + n
    rows.costs['heat'][i] = 200 + n
  }
  return rows
}

describe('a replay buffer', () => {
  it('keeps the last transitions, every channel of each together', () => {
    const buffer = replayBuffer(layout)
    buffer.add(numbered(0, 3), 3)
    buffer.add(numbered(3, 4), 4)
    expect([buffer.size(), buffer.added()]).toEqual([5, 7])
    const batch = replayColumns(layout, 400)
    buffer.sample(batch, new Random(1))
    const seen = new Set<number>()
    for (let i = 0; i < 400; i++) {
      const n = batch.observations[2 * i]
      seen.add(n)
      const own = numbered(n, 1)
      expect(batch.rewards[i]).toBe(own.rewards[0])
      expect(batch.auxiliary['potential'][i]).toBe(own.auxiliary['potential'][0])
      expect(batch.costs['heat'][i]).toBe(own.costs['heat'][0])
      expect([batch.terminated[i], batch.truncated[i]]).toEqual([n % 2, 1 - (n % 2)])
      expect(batch.nextObservations[2 * i + 1]).toBe(11 + n)
      expect([batch.actions[i], batch.logProbs[i]]).toEqual([0.5 * n, -n])
    }
    expect([...seen].sort()).toEqual([2, 3, 4, 5, 6])
  })

  it('grows without losing rows, and comes back from its arrays', () => {
    const wide = { ...layout, capacity: 5000 }
    const buffer = replayBuffer(wide)
    for (let n = 0; n < 3000; n += 100) buffer.add(numbered(n, 100), 100)
    const again = replayBuffer(wide)
    again.restore(buffer.arrays(), buffer.added())
    const [a, b] = [replayColumns(wide, 50), replayColumns(wide, 50)]
    buffer.sample(a, new Random(3))
    again.sample(b, new Random(3))
    expect(b).toEqual(a)
    expect(buffer.arrays()['rewards'].shape).toEqual([3000, 1])
  })

  it('refuses to sample from nothing and arrays of another layout', () => {
    const buffer = replayBuffer(layout)
    expect(() => buffer.sample(replayColumns(layout, 1), new Random(1))).toThrow(/replay buffer with transitions/)
    buffer.add(numbered(0, 2), 2)
    const other = replayBuffer({ ...layout, observationSize: 3 })
    expect(() => other.restore(buffer.arrays(), 2)).toThrow(/expected 2 rows of 3 in observations; got \[2,2\]/)
  })
})

describe('a shaper', () => {
  const batch = numbered(0, 3)
  const into = new Float32Array(3)

  it('computes rewards from the channels when a batch is sampled, and carries its state', () => {
    const shaper = {
      name: 'potential',
      initial: () => 0,
      shape: (t: { reward: Float64Array; auxiliary: Readonly<Record<string, Float64Array>> }, state: unknown) => ({
        reward: t.reward.map((reward, i) => reward + t.auxiliary['potential'][i]),
        state: (state as number) + 1,
      }),
    }
    expect(shapeBatch(batch, { shaper, state: 4 }, into)).toBe(5)
    expect(Array.from(into)).toEqual([100, 1 / 3 + 101, 2 / 3 + 102].map(Math.fround))
    // the batch keeps the world's own
    expect(Array.from(batch.rewards)).toEqual([0, 1 / 3, 2 / 3])
  })

  it('that gives NaN or too few rewards is named with the transition', () => {
    const giving = (reward: number[]) => ({ name: 'mine', initial: () => null, shape: () => ({ reward, state: null }) })
    expect(() => shapeBatch(batch, { shaper: giving([0, Number.NaN, 0]), state: null }, into)).toThrow(
      /finite reward of mine; got NaN — transition 1 of the batch/,
    )
    expect(() => shapeBatch(batch, { shaper: giving([0]), state: null }, into)).toThrow(/expected 3 rewards of mine/)
  })
})
