import type { Level } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRewardApp } from '../app.ts'
import { quickStart } from '../testing/recipes.ts'
import { type BinaryBatch, batchContentType, decodeBatch, encodeBatch } from './layout.ts'

const empty = { turnOffsets: Int32Array.of(0), tokenOffsets: Int32Array.of(0), turnSpans: new Int32Array(0) }

function scores(groups: readonly (readonly number[])[], metadata: object = {}): BinaryBatch {
  const flat = groups.flat()
  let end = 0
  return {
    metadata: { use: 'rloo', ...metadata },
    groupOffsets: Int32Array.from([0, ...groups.map(group => (end += group.length))]),
    turnOffsets: new Int32Array(flat.length + 1),
    tokenOffsets: new Int32Array(flat.length + 1),
    turnSpans: new Int32Array(0),
    columns: [{ name: 'rollout.score', level: 'rollout', values: Float64Array.from(flat) }],
  }
}

const { app } = createRewardApp({ recipe: quickStart })
const post = (body: Uint8Array, type = batchContentType) =>
  app.request('/v1/advantages', {
    method: 'POST',
    body: body as Uint8Array<ArrayBuffer>,
    headers: { 'content-type': type },
  })

describe('the binary layout', () => {
  it('begins as documented', () => {
    const bytes = encodeBatch(scores([[1, 2]]))
    const view = new DataView(bytes.buffer)
    expect(new TextDecoder().decode(bytes.subarray(0, 4))).toBe('GDNB')
    expect([view.getUint16(4, true), ...Array.from({ length: 6 }, (_, i) => view.getUint32(8 + 4 * i, true))]).toEqual([
      1,
      1,
      2,
      0,
      0,
      1,
      '{"use":"rloo"}'.length,
    ])
    // Header 32, metadata 14 → 16, group offsets 8, turn and token offsets 12 → 16 each, column 8, its name 13 → 16.
    expect(view.getFloat64(32 + 16 + 8 + 16 + 16 + 8 + 16, true)).toBe(1)
  })

  it('gives back what it was given, wherever it stands in memory', () => {
    const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 5 })
    const level = fc.constantFrom<Level>('group', 'rollout', 'turn', 'token')
    const column = fc.record({
      name: fc.string({ minLength: 1, maxLength: 9 }),
      level,
      single: fc.boolean(),
      status: fc.boolean(),
    })
    fc.assert(
      fc.property(
        fc.array(values, { maxLength: 4 }),
        fc.array(column, { maxLength: 4 }),
        fc.jsonValue(),
        (rows, wanted, extra) => {
          const base = scores(rows)
          const rollouts = base.tokenOffsets.length - 1
          const size = { group: rows.length, rollout: rollouts, turn: rollouts, token: 2 * rollouts }
          const given: BinaryBatch = {
            ...base,
            metadata: { extra: JSON.parse(JSON.stringify(extra)) as unknown },
            turnOffsets: Int32Array.from({ length: rollouts + 1 }, (_, i) => i),
            tokenOffsets: Int32Array.from({ length: rollouts + 1 }, (_, i) => 2 * i),
            turnSpans: new Int32Array(2 * rollouts).fill(-1),
            columns: wanted.map(({ name, level: at, single, status }) => ({
              name,
              level: at,
              values: single ? new Float32Array(size[at]).fill(0.98) : new Float64Array(size[at]).fill(0.98),
              ...(status ? { status: new Uint8Array(size[at]).fill(1) } : {}),
            })),
          }
          const bytes = encodeBatch(given)
          const shifted = new Uint8Array(bytes.length + 3)
          shifted.set(bytes, 3)
          expect(decodeBatch(shifted.subarray(3))).toEqual({
            ...given,
            turnSpans: new Int32Array(2 * rollouts).fill(-1),
          })
        },
      ),
      { numRuns: 60, seed: 5 },
    )
  })

  it('refuses every cut of a body and survives any flipped byte', () => {
    const bytes = encodeBatch(scores([[1, 2], [3]]))
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeBatch(bytes.subarray(0, length))).toThrow(/expected .*; got /)
    }
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Uint8Array.from(bytes)
      damaged[at] ^= 0xff
      try {
        decodeBatch(damaged)
      } catch (error) {
        expect((error as { code?: string }).code).toMatch(/parse|version/)
      }
    }
  })

  it.each([
    ['offsets that fall', { groupOffsets: Int32Array.of(0, 2, 1, 2) }],
    ['offsets that end elsewhere', { groupOffsets: Int32Array.of(0, 1) }],
    ['a span beyond its tokens', { turnOffsets: Int32Array.of(0, 1, 1), turnSpans: Int32Array.of(0, 1) }],
  ])('refuses %s', (_, wrong) => {
    expect(() => decodeBatch(encodeBatch({ ...scores([[1, 2]]), ...wrong }))).toThrow(/the binary body/)
  })
})

describe('/v1/advantages in the binary layout', () => {
  it.each(['float64', 'float32'])('answers what the JSON form answers, as %s', async precision => {
    const groups = [
      [1, 0, 0.5],
      [2, 2],
    ]
    const answer = await post(encodeBatch(scores(groups, { precision })))
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, batchContentType])
    const { columns, metadata } = decodeBatch(new Uint8Array(await answer.arrayBuffer()))
    expect(metadata).toMatchObject({ provenance: { estimator: 'rloo' }, failures: [] })
    const json = await app.request('/v1/advantages', {
      method: 'POST',
      body: JSON.stringify({ use: 'rloo', groups: groups.map(list => ({ scores: list })) }),
      headers: { 'content-type': 'application/json' },
    })
    const told = ((await json.json()) as { groups: { advantages: number[] }[] }).groups.flatMap(
      group => group.advantages,
    )
    expect(columns.map(({ name, values }) => [name, values.constructor.name, [...values]])).toEqual([
      ['rollout.advantage', precision === 'float32' ? 'Float32Array' : 'Float64Array', told],
    ])
  })

  it('carries token columns and those without a number', async () => {
    const rollouts = 2
    const batch: BinaryBatch = {
      metadata: { use: 'gae', with: { gamma: 1, lambda: 1 } },
      groupOffsets: Int32Array.of(0, 1, 2),
      turnOffsets: Int32Array.of(0, 1, 2),
      tokenOffsets: Int32Array.of(0, 2, 5),
      turnSpans: Int32Array.of(0, 2, 2, 5),
      columns: [
        { name: 'token.reward', level: 'token', values: Float32Array.of(0, 1, 0, 0, 2) },
        { name: 'token.value', level: 'token', values: Float32Array.of(0.5, 0.5, 0, 0, 0) },
        { name: 'rollout.score', level: 'rollout', values: Float64Array.of(1, 2) },
      ],
    }
    const answer = await post(encodeBatch(batch))
    const text = answer.status === 200 ? '' : await answer.text()
    expect(text).toBe('')
    const { columns, tokenOffsets } = decodeBatch(new Uint8Array(await answer.arrayBuffer()))
    expect(tokenOffsets.length).toBe(rollouts + 1)
    // λ = γ = 1: return − value = 0.5, 0.5, 2, 2, 2, whitened by mean 1.4 and variance 2.7 / 4.
    const advantages = columns.find(({ name }) => name === 'token.advantage')?.values ?? []
    const expected = [0.5, 0.5, 2, 2, 2].map(value => (value - 1.4) / Math.sqrt(2.7 / 4))
    expect(advantages).toHaveLength(5)
    advantages.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 6)
    })
  })

  it('keeps rollouts without a score out of the statistics', async () => {
    const given = scores([[1, 0, 99]])
    const status = Uint8Array.of(0, 0, 1)
    const answer = await post(encodeBatch({ ...given, columns: [{ ...given.columns[0], status }] }))
    const [column] = decodeBatch(new Uint8Array(await answer.arrayBuffer())).columns
    expect([column.values[0], column.values[1], column.status?.[2]]).toEqual([1, -1, 1])
  })

  it.each([
    [encodeBatch(scores([[1, Number.NaN]])), 422, ['rollout.score', 1]],
    [encodeBatch({ ...scores([[1]]), metadata: {} }), 422, ['use']],
    [
      encodeBatch({ ...scores([[1]]), metadata: { use: 'rloo', rolloutIds: ['a', 'b'] } }),
      422,
      ['metadata', 'rolloutIds'],
    ],
    [Uint8Array.of(1, 2, 3), 400, undefined],
  ])('refuses what is wrong (%#)', async (body, status, path) => {
    const answer = await post(body)
    expect([answer.status, ((await answer.json()) as { error: { path: unknown } }).error.path]).toEqual([status, path])
  })

  it('takes an empty batch, and the layout nowhere else', async () => {
    const nothing = { ...scores([]), ...empty }
    expect((await post(encodeBatch(nothing))).status).toBe(200)
    const elsewhere = await app.request('/v1/score', {
      method: 'POST',
      body: encodeBatch(nothing),
      headers: { 'content-type': batchContentType },
    })
    expect(elsewhere.status).toBe(415)
  })
})
