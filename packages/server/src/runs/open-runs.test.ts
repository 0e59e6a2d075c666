import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GuerdonError } from '@guerdon/core'
import { expect, it } from 'vitest'
import { describeDatabase, unreachable } from './describe-database.ts'
import { once } from './once.ts'
import { isDatabase, openRuns } from './open-runs.ts'
import { readFields } from './saved-fields.ts'
import { pause, within } from './within.ts'

const options = { shared: false, deadlineMs: 1000 }
const thrown = (work: () => unknown): GuerdonError => {
  try {
    work()
  } catch (error) {
    if (error instanceof GuerdonError) return error
  }
  throw new Error('expected it to throw a GuerdonError')
}

it.each([
  ['data', false],
  ['./postgres', false],
  ['/tmp/redis', false],
  ['C:\\data', false],
  ['postgres://u:p@host:5432/db?sslmode=require', true],
  ['postgresql:///db?host=/var/run/postgresql', true],
  ['REDIS://host', true],
  ['rediss://:p@host:6380/1', true],
])('tells folders from databases: %s', (place, database) => {
  expect(isDatabase(place)).toBe(database)
})

it.each(['mysql://root:hidden@host/db', 'redis:hidden@host', 'postgres://user:hidden@ho st/db', 'https://hidden/x'])(
  'refuses %s with the schemes there are, and does not repeat it',
  place => {
    const error = thrown(() => openRuns(place, options))
    expect(error).toMatchObject({ code: 'invalid_option', path: ['store'] })
    expect(error.message).toMatch(/postgres:\/\/, postgresql:\/\/, redis:\/\/, rediss:\/\//)
    expect(JSON.stringify(error)).not.toContain('hidden')
  },
)

it('opens a folder for anything else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'guerdon-open-'))
  const store = openRuns(join(folder, 'runs-of-mine'), options)
  expect(existsSync(join(folder, 'runs-of-mine', 'runs'))).toBe(true)
  await store.close()
  rmSync(folder, { recursive: true })
})

it('reaches a database no sooner than it is asked for', async () => {
  await openRuns('postgres://nobody@127.0.0.1:1/db', options).close()
  await openRuns('redis://127.0.0.1:1', options).close()
})

it('says that a database does not answer, and nothing of the password', async () => {
  const store = openRuns('redis://user:hidden@127.0.0.1:1/0', options)
  const failures = await Promise.allSettled([
    store.check(),
    store.names(),
    store.read('a'),
    store.hold('a', new AbortController().signal),
  ])
  for (const failure of failures) {
    expect(failure.status).toBe('rejected')
    const { reason } = failure as PromiseRejectedResult
    expect(reason).toMatchObject({ code: 'io', message: expect.stringMatching(/ECONNREFUSED/) })
    expect(`${reason.stack}${JSON.stringify(reason)}${reason.cause}`).not.toContain('hidden')
  }
  await store.close()
})

it('takes passwords out of what drivers say, as they are written and as they are meant', () => {
  const database = describeDatabase(new URL('postgres://me:p%40ss@db.example:5432/runs?sslpassword=other'))
  expect(database.place).toBe('postgres://db.example:5432/runs')
  expect(database.words(new Error('no p%40ss, no p@ss, no other'))).toBe('no …, no …, no …')
  expect(database.words(new AggregateError([new Error('refused by one'), new Error('p@ss')]))).toBe('refused by one; …')
  expect(describeDatabase(new URL('redis://host/')).words('as it is')).toBe('as it is')
  expect(unreachable(database, new Error('p@ss')).cause).toBeUndefined()
})

const fields = { format: 1, revision: 'r', update: '3', state: '{}', answers: '[]' }

it('reads the fields of a run, and refuses another format and damaged ones', () => {
  expect(readFields('a', fields)).toEqual({ update: 3, state: '{}', answers: [], revision: 'r' })
  expect(thrown(() => readFields('a', { ...fields, format: '2' })).code).toBe('version')
  for (const damaged of [{ update: 'x' }, { update: '1.5' }, { state: null }, { answers: '{' }, { answers: '{}' }]) {
    expect(thrown(() => readFields('a', { ...fields, ...damaged })).code).toBe('state')
  }
})

it('does once what is asked for often, and again after it failed', async () => {
  let calls = 0
  const work = once(async () => {
    calls++
    if (calls === 1) throw new Error('first')
  })
  expect((await Promise.allSettled([work(), work()])).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await Promise.all([work(), work()])
  await work()
  expect(calls).toBe(2)
})

it('waits no longer than it may', async () => {
  await expect(within(5, new Promise(() => undefined))).rejects.toThrow('no answer within 5 ms')
  expect(await within(1000, Promise.resolve(1))).toBe(1)
  const gone = new AbortController()
  setTimeout(() => gone.abort(new Error('gone')), 5)
  await expect(pause(60_000, gone.signal)).rejects.toThrow('gone')
})
