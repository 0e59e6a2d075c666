import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import type { Preference, Rollout } from '@guerdon/core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStore } from './open-store.ts'
import { preferenceOfRow, rolloutOfRow } from './records.ts'

let root: string
let made = 0
const folder = () => join(root, String(made++))

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'guerdon-store-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const rollout = (id: string, more: Partial<Rollout> = {}): Rollout => ({ id, prompt: 'p', response: 'abc', ...more })

describe('openStore', () => {
  it('keeps everything of an append, across closing', async () => {
    const at = folder()
    const store = await openStore(at, { now: () => 1_000 })
    const batch = await store.append({
      run: 'a',
      recipe: { name: 'r', version: 'v', final: 'rollout.reward', stages: ['clip'] },
      update: 3,
      rollouts: [rollout('x', { group: 'g', outcome: 1 })],
      verdicts: [{ id: 'x', judge: 'j', score: 0.5, details: { a: 1 } }],
      preferences: [{ kind: 'pair', prompt: 'p', chosen: 'c', rejected: 'd', margin: 2 }],
    })
    expect(batch).toBe(1)
    await store.close()
    const again = await openStore(at)
    const rows = async (sql: string) => (await again.query(sql)).rows
    expect(await rows('SELECT * FROM runs')).toEqual([
      {
        run: 'a',
        recipe: 'v',
        name: 'r',
        final: 'rollout.reward',
        stages: ['clip'],
        at: '1970-01-01T00:00:01.000Z',
      },
    ])
    expect(await rows('SELECT id, group_id, outcome FROM rollouts')).toEqual([{ id: 'x', group_id: 'g', outcome: 1 }])
    expect(await rows('SELECT id, score, details FROM verdicts')).toEqual([{ id: 'x', score: 0.5, details: { a: 1 } }])
    expect(await rows('SELECT chosen, margin FROM preferences')).toEqual([{ chosen: 'c', margin: 2 }])
    expect(await again.append({ run: 'a' })).toBe(2)
    expect(await rows('SELECT count(*) AS n FROM runs')).toEqual([{ n: 2 }])
    await again.close()
  })

  it('gives back every record as it was', async () => {
    const store = await openStore(folder())
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('', '\u0000', '\ud800', 'a\udc00b', '2024-01-01'),
    )
    const record = fc.record(
      {
        id: fc.string({ minLength: 1, unit: 'grapheme' }),
        prompt: fc.oneof(text, fc.constant([{ role: 'user', content: 'hi' }])),
        response: text,
        outcome: fc.oneof(
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.constant({ status: 'abstained' as const }),
        ),
        meta: fc.jsonValue({ maxDepth: 3 }).filter(value => value !== null),
        group: fc.string({ minLength: 1 }),
      },
      { requiredKeys: ['id', 'prompt'] },
    ) as fc.Arbitrary<Rollout>
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 10 }), async rollouts => {
        const batch = await store.append({ run: 'p', rollouts })
        const { rows } = await store.query('SELECT * FROM rollouts WHERE batch = $1 ORDER BY position', [batch])
        expect(rows.map(rolloutOfRow)).toEqual(JSON.parse(JSON.stringify(rollouts)))
      }),
      { seed: 1, numRuns: 10 },
    )
    const preference: Preference = {
      kind: 'pair',
      prompt: [{ role: 'user', content: 'q' }],
      chosen: 'a',
      rejected: 'b',
      label: 0.25,
    }
    await store.append({ run: 'p', preferences: [preference] })
    const { rows } = await store.query('SELECT * FROM preferences')
    expect(rows.map(preferenceOfRow)).toEqual([preference])
    await store.close()
  })

  it('commits appends that wait together at once, each with a batch of its own', async () => {
    const store = await openStore(folder())
    const batches = await Promise.all(
      Array.from({ length: 200 }, (_, i) => store.append({ run: 'many', rollouts: [rollout(`r${i}`)] })),
    )
    expect(new Set(batches).size).toBe(200)
    expect((await store.query('SELECT count(DISTINCT batch) AS n FROM rollouts')).rows).toEqual([{ n: 200 }])
    await store.close()
  })

  it('refuses a number that is none, keeping nothing of the append', async () => {
    const store = await openStore(folder())
    const bad = store.append({ run: 'a', rollouts: [rollout('x'), rollout('y', { meta: { deep: [Number.NaN] } })] })
    await expect(bad).rejects.toMatchObject({ code: 'not_finite' })
    const beside = store.append({ run: 'a', rollouts: [] })
    const verdict = store.append({ run: 'a', verdicts: [{ id: 'x', score: Number.POSITIVE_INFINITY }] })
    await expect(verdict).rejects.toMatchObject({ code: 'not_finite', path: ['verdicts', 'score'] })
    await beside
    await expect(store.append({ run: '' })).rejects.toMatchObject({ code: 'invalid_option' })
    expect((await store.query('SELECT count(*) AS n FROM rollouts')).rows).toEqual([{ n: 0 }])
    await store.close()
    await expect(store.append({ run: 'a' })).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(/closed/),
    })
  })

  it('has one writer, here and in other processes', async () => {
    const at = folder()
    const store = await openStore(at)
    await expect(openStore(at)).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(/in use by this process/),
    })
    const other = spawnSync(
      process.execPath,
      [
        '-e',
        `
      require('@duckdb/node-api').DuckDBInstance.create(${JSON.stringify(store.file)}).then(() => {}, e => console.log(e.message))`,
      ],
      { encoding: 'utf8', cwd: new URL('.', import.meta.url) },
    )
    expect(other.stdout).toMatch(new RegExp(`lock.*PID ${process.pid}`))
    await store.append({ run: 'a', rollouts: [rollout('x')] })
    await store.close()
    const first = await openStore(at, { readOnly: true })
    await expect(first.append({ run: 'a' })).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(/opened to read/),
    })
    await expect(first.query('DELETE FROM rollouts')).rejects.toMatchObject({ code: 'invalid_input' })
    await first.close()
  })

  it('says what is wrong with a file it cannot use', async () => {
    const damaged = folder()
    const store = await openStore(damaged)
    for (let i = 0; i < 5; i++) await store.append({ run: 'a', rollouts: [rollout(`r${i}`)] })
    await store.close()
    const bytes = readFileSync(store.file)
    bytes[4104] ^= 1
    bytes[8200] ^= 1
    writeFileSync(store.file, bytes)
    await expect(openStore(damaged)).rejects.toMatchObject({ code: 'state', message: expect.stringMatching(/damaged/) })
    writeFileSync(store.file, 'not a database at all')
    await expect(openStore(damaged)).rejects.toMatchObject({ code: 'state', message: expect.stringMatching(/damaged/) })

    const newer = folder()
    const known = await openStore(newer)
    await known.query('UPDATE guerdon_store SET version = 7')
    await known.close()
    await expect(openStore(newer)).rejects.toMatchObject({
      code: 'version',
      message: expect.stringMatching(/expected .* version 1; got one of version 7/),
    })

    const foreign = folder()
    await (await openStore(foreign)).close()
    rmSync(join(foreign, 'store.duckdb'))
    const other = await DuckDBInstance.create(join(foreign, 'store.duckdb'))
    await (await other.connect()).run('CREATE TABLE cats (name VARCHAR)')
    other.closeSync()
    await expect(openStore(foreign)).rejects.toMatchObject({
      code: 'version',
      message: expect.stringMatching(/something else/),
    })
    await expect(openStore(folder(), { readOnly: true })).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(/without one/),
    })
  })

  it('reads a store that version 1 wrote', async () => {
    const at = folder()
    mkdirSync(at)
    const kept = readFileSync(new URL('./fixtures/store-v1.duckdb.gz', import.meta.url))
    writeFileSync(join(at, 'store.duckdb'), gunzipSync(kept))
    const store = await openStore(at)
    const { rows } = await store.query('SELECT * FROM rollouts')
    expect(rows.map(rolloutOfRow)).toEqual([
      { id: 'a', group: 'g', prompt: '2+2?', response: '4', outcome: 1, meta: { by: 'hand' } },
    ])
    expect(await store.append({ run: 'first', rollouts: [rollout('b')] })).toBe(2)
    await store.close()
  })

  it('answers SQL that is not right with what is wrong', async () => {
    const store = await openStore(folder())
    await expect(store.query('SELEC 1')).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(/syntax error/),
    })
    await expect(store.query('SELECT * FROM cats')).rejects.toMatchObject({
      code: 'invalid_input',
      hint: expect.stringMatching(/tables are runs/),
    })
    await store.close()
  })
})
