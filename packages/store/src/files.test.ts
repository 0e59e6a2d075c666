import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type JsonRecord, jsonLine } from '@guerdon/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportRecords, rolloutColumnTypes } from './export-records.ts'
import { importFile } from './import-file.ts'
import { openStore, type Store } from './open-store.ts'
import { readParquet, writeParquet } from './parquet.ts'
import { commonType, typeOf, typeSql } from './parquet-types.ts'

let root: string
let store: Store
const at = (name: string) => join(root, name)
const fixture = (name: string) => fileURLToPath(new URL(`./layouts/fixtures/${name}.jsonl`, import.meta.url))
const linesOf = (file: string) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as JsonRecord)

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'guerdon-files-'))
  store = await openStore(at('store'))
})
afterAll(async () => {
  await store.close()
  rmSync(root, { recursive: true, force: true })
})

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const one of source) list.push(one)
  return list
}

async function* each<T>(list: readonly T[]): AsyncGenerator<T> {
  yield* list
}

const rollouts = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => jsonLine({ id: `r${from + i}`, prompt: 'p', response: 'abc' })).join('')

describe('importFile', () => {
  it.each(['guerdon', 'chat', 'completion', 'verl'])(
    'takes %s in and gives it back, as JSONL and as Parquet',
    async name => {
      const records = linesOf(fixture(name))
      const report = await importFile(store, fixture(name), { run: name })
      expect(report).toMatchObject({ run: name, layouts: [name], rollouts: records.length, before: 0, skipped: 0 })
      const exported = await all(exportRecords(store, { layout: name, run: name }).records)
      expect(exported).toEqual(records)
      const connection = await store.connect()
      const types = name === 'guerdon' ? rolloutColumnTypes : {}
      await writeParquet(connection, each(exported), at(`${name}.parquet`), { types })
      const again = await importFile(store, at(`${name}.parquet`), { run: `${name} again` })
      expect(again).toMatchObject({ layouts: [name], rollouts: records.length })
      const rows = await all(exportRecords(store, { layout: name, run: `${name} again` }).records)
      // Parquet has every field in every row: what is absent in some rows comes back as null inside.
      if (name === 'guerdon' || name === 'verl') expect(rows).toEqual(records)
      connection.closeSync()
    },
  )

  it('adds nothing when it reads the same bytes again, whatever their name', async () => {
    writeFileSync(at('one.jsonl'), rollouts(5))
    writeFileSync(at('copy.jsonl'), rollouts(5))
    expect(await importFile(store, at('one.jsonl'))).toMatchObject({ run: 'one', rollouts: 5 })
    expect(await importFile(store, at('copy.jsonl'), { run: 'one' })).toMatchObject({ rollouts: 0, before: 5 })
    const { rows } = await store.query("SELECT count(*) AS n FROM rollouts WHERE run = 'one'")
    expect(rows).toEqual([{ n: 5 }])
  })

  it('keeps what was good before a bad record, and goes on there', async () => {
    const good = rollouts(3)
    const bad = `${good}{"id": "x", "prompt": 3, "response": "y"}\n${rollouts(2, 3)}`
    writeFileSync(at('part.jsonl'), bad)
    await expect(importFile(store, at('part.jsonl'))).rejects.toMatchObject({
      code: 'invalid_input',
      line: 4,
      message: expect.stringMatching(/expected text or a list of chat messages; got 3 — .*part\.jsonl, line 4, prompt/),
    })
    expect(await importFile(store, at('part.jsonl'), { onError: 'skip' })).toMatchObject({
      before: 3,
      rollouts: 2,
      skipped: 1,
      lines: 6,
      faults: [{ line: 4 }],
    })
    const { rows } = await store.query("SELECT rollouts, skipped, complete FROM sources WHERE run = 'part'")
    expect(rows).toEqual([{ rollouts: 5, skipped: 1, complete: 1 }])
  })

  it('goes on behind what was committed when it is aborted', async () => {
    writeFileSync(at('long.jsonl'), rollouts(5000))
    const control = new AbortController()
    const first = importFile(store, at('long.jsonl'), { signal: control.signal, onProgress: () => control.abort() })
    await expect(first).rejects.toMatchObject({ code: 'aborted' })
    const second = await importFile(store, at('long.jsonl'))
    expect(second.before).toBeGreaterThanOrEqual(2000)
    expect(second.before + second.rollouts).toBe(5000)
  })

  it('refuses an id the run has already, an unknown layout, and files that are none', async () => {
    writeFileSync(at('ids.jsonl'), rollouts(2) + rollouts(1))
    await expect(importFile(store, at('ids.jsonl'))).rejects.toMatchObject({
      message: expect.stringMatching(/no other rollout of run ids has; got "r0" — .*line 3, id/),
    })
    expect(await importFile(store, at('ids.jsonl'), { onError: 'skip' })).toMatchObject({ rollouts: 0, skipped: 1 })
    await expect(importFile(store, at('none.jsonl'))).rejects.toMatchObject({ code: 'io' })
    await expect(importFile(store, root)).rejects.toMatchObject({ message: expect.stringMatching(/got the folder/) })
    await expect(importFile(store, at('ids.jsonl'), { layout: 'cats' })).rejects.toMatchObject({ code: 'unknown_name' })
    writeFileSync(at('cut.parquet'), 'PAR1 and no more')
    await expect(importFile(store, at('cut.parquet'))).rejects.toMatchObject({ code: 'parse' })
  })

  it('reads CRLF, a byte-order mark, blank lines and a last line without its end', async () => {
    writeFileSync(at('crlf.jsonl'), `\ufeff${rollouts(2).replace(/\n/g, '\r\n')}\r\n${rollouts(1, 2).trim()}`)
    expect(await importFile(store, at('crlf.jsonl'))).toMatchObject({ rollouts: 3 })
    writeFileSync(at('torn.jsonl'), `${rollouts(1)}{"id": "b", "pro`)
    await expect(importFile(store, at('torn.jsonl'))).rejects.toMatchObject({ code: 'parse', line: 2 })
  })

  it('keeps preferences and verdicts', async () => {
    const records = linesOf(fixture('../../../../../examples/preferences/hh-rlhf'))
    const file = fileURLToPath(new URL('../../../examples/preferences/hh-rlhf.jsonl', import.meta.url))
    expect(await importFile(store, file)).toMatchObject({ layouts: ['hh-rlhf'], preferences: records.length })
    expect(await all(exportRecords(store, { layout: 'hh-rlhf', run: 'hh-rlhf' }).records)).toEqual(records)
    expect(await importFile(store, fixture('otel'))).toMatchObject({ rollouts: 2, verdicts: 1 })
    expect(await importFile(store, fixture('openinference'))).toMatchObject({ rollouts: 2, passedOver: 1 })
  })
})

describe('exportRecords', () => {
  it('takes what a condition takes, and says which are no conditions', async () => {
    const { records } = exportRecords(store, { run: 'one', where: "id IN ('r1', 'r3') -- two of them" })
    expect((await all(records)).map(({ id }) => id)).toEqual(['r1', 'r3'])
    await expect(all(exportRecords(store, { where: 'cats = 3' }).records)).rejects.toMatchObject({
      code: 'invalid_input',
    })
    expect(() => exportRecords(store, { layout: 'otel' })).toThrow(/otel, which is only read/)
    expect(() => exportRecords(store, { layout: 'cats' })).toThrow(/no layout "cats"/)
    await expect(all(exportRecords(store, { layout: 'stepwise' }).records)).rejects.toMatchObject({
      code: 'unsupported',
    })
  })
})

describe('a Parquet file', () => {
  it('has the types its values have in common', () => {
    const sql = (...values: unknown[]) => typeSql(values.map(typeOf).reduce(commonType, null))
    expect(sql(1, 2)).toBe('BIGINT')
    expect(sql(1, 2.5, null)).toBe('DOUBLE')
    expect(sql('a', 1)).toBe('JSON')
    expect(sql(null)).toBe('VARCHAR')
    expect(sql([1], [], ['a'])).toBe('JSON[]')
    expect(sql([{ a: 1 }], [{ b: 'x' }])).toBe('STRUCT("a" BIGINT, "b" VARCHAR)[]')
    expect(sql({ a: 1 }, 'x')).toBe('JSON')
    expect(sql({ a: 1, A: 2 })).toBe('JSON')
    expect(sql({})).toBe('JSON')
    expect(sql(true, false)).toBe('BOOLEAN')
    expect(sql(2 ** 60)).toBe('DOUBLE')
    expect(sql({ 'a"b': 1 })).toBe('STRUCT("a""b" BIGINT)')
  })

  it('keeps texts that look like dates or numbers, quotes, and zero bytes', async () => {
    const connection = await store.connect()
    const records = [
      { a: '2024-01-01', b: 'it\'s "so"', c: 'x\u0000y', d: 1.5, e: [1, 2], 'f g': '007' },
      { a: '2024-01-01 10:00:00+02', b: '', c: 'ä\u2028😀', d: -3, e: [], 'f g': 'true' },
    ]
    expect(await writeParquet(connection, each(records), at("o'dd.parquet"))).toBe(2)
    expect((await all(readParquet(connection, at("o'dd.parquet")))).map(({ value }) => value)).toEqual(records)
    await expect(writeParquet(connection, each([]), at('empty.parquet'))).rejects.toMatchObject({ code: 'empty' })
    await expect(writeParquet(connection, each([{ a: 'x\ud800' }]), at('half.parquet'))).rejects.toMatchObject({
      code: 'unsupported',
    })
    await expect(writeParquet(connection, each([{ a: 1 }]), at('none/a.parquet'))).rejects.toMatchObject({ code: 'io' })
    connection.closeSync()
  })
})
