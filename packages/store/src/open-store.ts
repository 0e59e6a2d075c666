import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { GuerdonError, type Preference, type Rollout } from '@guerdon/core'
import { assertRunName, createCommitQueue } from './commit-queue.ts'
import { inUse, storeFault } from './faults.ts'
import { type PlainRow, type QueryResult, queryFault, queryRows, streamedRows } from './query.ts'
import { preferenceCells, rolloutCells } from './records.ts'
import { createStatements, type Row, schemaVersion, type TableRows } from './tables.ts'

/** What is appended together: all of it is kept, or none. */
export interface StoreRows {
  readonly run: string
  /** Belongs to this batch of an earlier append, behind its first `position` rollouts and preferences. Default a new batch. */
  readonly continues?: { readonly batch: number; readonly position: number }
  /** The recipe that made the scores. */
  readonly recipe?: RecipeFacts
  /** How many batches the run has seen, this one included. */
  readonly update?: number
  readonly rollouts?: readonly Rollout[]
  readonly preferences?: readonly Preference[]
  readonly verdicts?: readonly Verdict[]
  /** Rows that `scoredRows` makes of a scored batch. */
  readonly rows?: {
    readonly [T in 'rollouts' | 'scores' | 'components' | 'failures']?: readonly Row<T>[]
  }
  /** How far the reading of a file is with this. */
  readonly source?: Omit<Row<'sources'>, 'at'>
}

/** A recipe as a run remembers it. */
export interface RecipeFacts {
  readonly name: string
  /** `Recipe.version`. */
  readonly version: string
  readonly final: string
  readonly stages: readonly string[]
}

/** What a judge or a person said of a rollout. */
export interface Verdict {
  /** Id of the rollout. */
  readonly id: string
  readonly judge?: string
  readonly name?: string
  readonly score?: number
  readonly label?: string
  readonly reason?: string
  readonly details?: unknown
}

export interface OpenStoreOptions {
  /** Opens a store that must exist, without being its writer. Default false. */
  readonly readOnly?: boolean
  /** Milliseconds since 1970, for the columns `at`. Default the clock. */
  readonly now?: () => number
}

/** An open store. */
export interface Store {
  /** The database file. */
  readonly file: string
  /**
   * Resolves with the number of the batch when everything is on the disk. Throws `io` when it is not (disk full, store
   * closed): then nothing of it is there.
   */
  append(rows: StoreRows): Promise<number>
  /** One statement of SQL over the tables; `values` for its `$1`, `$2` … Throws `invalid_input` for SQL that is not right. */
  query(sql: string, values?: readonly (string | number | null)[]): Promise<QueryResult>
  /** The rows of a query a chunk at a time, on a connection of its own. Throws like `query`. */
  stream(sql: string, values?: readonly (string | number | null)[]): AsyncGenerator<readonly PlainRow[]>
  /** A connection of one's own, to be closed by `closeSync`. */
  connect(): Promise<DuckDBConnection>
  /** Waits for appends under way and gives the file back. */
  close(): Promise<void>
}

/** Stores this process has open: the lock of the file keeps out other processes only. */
const opened = new Set<string>()

/**
 * Opens the store of a folder, making both where there are none. One process at a time; opened with `readOnly`, several,
 * while nobody writes.
 *
 * @throws io for a store in use, a folder that cannot be written, or, with `readOnly`, no store; state for a damaged file;
 * version for a database of something else or of another version of this
 */
export async function openStore(folder: string, options: OpenStoreOptions = {}): Promise<Store> {
  const { readOnly = false, now = Date.now } = options
  const file = join(folder, 'store.duckdb')
  const isNew = !existsSync(file)
  if (isNew && readOnly) {
    throw new GuerdonError('io', `expected a store; got a folder without one — ${folder}`, {
      file: folder,
      hint: 'guerdon import FILE --store FOLDER makes one',
    })
  }
  makeFolder(folder)
  const path = join(realpathSync(folder), 'store.duckdb')
  if (opened.has(path)) throw inUse(file, 'this process')
  opened.add(path)
  let instance: DuckDBInstance | undefined
  try {
    const duckdb = await import('@duckdb/node-api')
    instance = await duckdb.DuckDBInstance.create(path, readOnly ? { access_mode: 'READ_ONLY' } : {})
    const connection = await instance.connect()
    await prepareSchema(connection, file, readOnly)
    if (isNew) syncFolder(folder)
    return createStore({ instance, connection, duckdb, file, path, readOnly, now })
  } catch (cause) {
    instance?.closeSync()
    opened.delete(path)
    throw storeFault(cause, file)
  }
}

interface Opened {
  readonly instance: DuckDBInstance
  readonly connection: DuckDBConnection
  readonly duckdb: typeof import('@duckdb/node-api')
  readonly file: string
  readonly path: string
  readonly readOnly: boolean
  readonly now: () => number
}

async function createStore(given: Opened): Promise<Store> {
  const { instance, connection, duckdb, file, path, readOnly, now } = given
  const reader = await instance.connect()
  const last = await queryRows(reader, 'SELECT max(batch) AS batch FROM batches', [])
  const runs = await queryRows(reader, 'SELECT run, recipe FROM runs', [])
  let batch = Number(last.rows[0]['batch'] ?? 0)
  const known = new Set(runs.rows.map(({ run, recipe }) => runKey(run as string, recipe as string | null)))
  const queue = createCommitQueue(connection, duckdb, file)
  let closed = false
  const assertOpen = () => {
    if (closed) throw new GuerdonError('io', `expected an open store; got one that was closed — ${file}`, { file })
  }
  return {
    file,
    append: async given => {
      assertOpen()
      if (readOnly) {
        throw new GuerdonError('io', `expected a store opened for writing; got one opened to read — ${file}`, { file })
      }
      assertRunName(given.run)
      const own = given.continues?.batch ?? ++batch
      const key = runKey(given.run, given.recipe?.version ?? null)
      const rows = tableRows(given, { at: now(), newRun: !known.has(key) })
      known.add(key)
      try {
        await queue.commit(rows, { batch: own, run: given.run })
      } catch (error) {
        known.delete(key)
        throw error
      }
      return own
    },
    query: (sql, values = []) => {
      assertOpen()
      return queryRows(reader, sql, values, file)
    },
    stream: async function* (sql, values = []) {
      assertOpen()
      const own = await instance.connect()
      try {
        yield* streamedRows(await own.stream(sql, [...values]))
      } catch (cause) {
        throw cause instanceof GuerdonError ? cause : queryFault(cause, file)
      } finally {
        own.closeSync()
      }
    },
    connect: () => {
      assertOpen()
      return instance.connect()
    },
    close: async () => {
      if (closed) return
      closed = true
      await queue.drained()
      reader.closeSync()
      connection.closeSync()
      instance.closeSync()
      opened.delete(path)
    },
  }
}

const runKey = (run: string, recipe: string | null): string => `${run}\n${recipe ?? ''}`

function tableRows(given: StoreRows, { at, newRun }: { readonly at: number; readonly newRun: boolean }): TableRows {
  const { recipe, rows = {}, rollouts = [], preferences = [], verdicts = [] } = given
  const version = recipe?.version ?? null
  const first = given.continues?.position ?? 0
  const stages = recipe === undefined ? null : JSON.stringify(recipe.stages)
  const run = { recipe: version, name: recipe?.name ?? null, final: recipe?.final ?? null, stages, at }
  return {
    ...rows,
    runs: newRun ? [run] : [],
    batches: given.continues === undefined ? [{ recipe: version, update_number: given.update ?? null, at }] : [],
    rollouts: [
      ...rollouts.map((rollout, i) => ({ position: first + i, ...rolloutCells(rollout) })),
      ...(rows.rollouts ?? []),
    ],
    preferences: preferences.map((preference, i) => ({ position: first + i, ...preferenceCells(preference) })),
    verdicts: verdicts.map(verdictCells),
    sources: given.source === undefined ? [] : [{ ...given.source, at }],
  }
}

function verdictCells(verdict: Verdict): Row<'verdicts'> {
  const { id, judge = null, name = null, score = null, label = null, reason = null, details } = verdict
  return { id, judge, name, score, label, reason, details: details === undefined ? null : JSON.stringify(details) }
}

async function prepareSchema(connection: DuckDBConnection, file: string, readOnly: boolean): Promise<void> {
  const { rows } = await queryRows(connection, 'SELECT table_name AS name FROM duckdb_tables()', [])
  if (rows.length === 0 && !readOnly) {
    for (const statement of createStatements()) await connection.run(statement)
    return
  }
  const own = rows.some(({ name }) => name === 'guerdon_store')
  const found = own ? (await queryRows(connection, 'SELECT version FROM guerdon_store', [])).rows[0]?.['version'] : null
  if (found === schemaVersion) return
  const got = own ? `one of version ${found}` : 'a database of something else'
  throw new GuerdonError('version', `expected a store of version ${schemaVersion}; got ${got} — ${file}`, {
    file,
    expected: `a store of version ${schemaVersion}`,
    got,
    hint: own ? 'open it with the Guerdon that wrote it' : 'choose another folder',
  })
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new GuerdonError('io', `expected a folder for the store; got: ${said} — ${folder}`, { file: folder, cause })
  }
}

/** Makes the name of a new database durable, not only its contents. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  fsyncSync(handle)
  closeSync(handle)
}
