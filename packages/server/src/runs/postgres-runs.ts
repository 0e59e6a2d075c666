import { createHash, randomUUID } from 'node:crypto'
import { GuerdonError } from '@guerdon/core'
import type { Pool, PoolClient, QueryResult } from 'pg'
import { describeDatabase, notThere, unreachable } from './describe-database.ts'
import { once } from './once.ts'
import type { RunStoreOptions } from './open-runs.ts'
import * as sql from './postgres-statements.ts'
import { type HeldRun, heldTooLong, overtaken, type Reading, type RunStore } from './run-store.ts'
import { readFields, type SavedFields } from './saved-fields.ts'
import { abandonable, within } from './within.ts'

/** Runs a process holds at a time: each has a connection for as long as its batch is scored. */
const HELD = 16
/** Connections for everything else. */
const READERS = 2
/** Milliseconds for a call that waits for nobody. */
const CALL_MS = 5000

/**
 * The states of runs in the table `guerdon_runs` of a Postgres database. A run is held by an advisory lock of a transaction:
 * those who wait are served in turn, and a process that ends, or stands still for longer than the deadline, loses its runs.
 * Writes compare the revision, so that one which lost its run cannot overwrite another's.
 */
export function openPostgresRuns(url: URL, { deadlineMs }: RunStoreOptions): RunStore {
  const database = describeDatabase(url)
  const failure = (error: unknown) => (error instanceof GuerdonError ? error : unreachable(database, error))
  let pools: Promise<{ readonly holders: Pool; readonly readers: Pool }> | undefined
  const open = () => {
    pools ??= openPools(url)
    return pools
  }
  const withReader = async <T>(work: (client: PoolClient) => Promise<T>, wrong = failure): Promise<T> => {
    try {
      return await withClient((await open()).readers, work)
    } catch (error) {
      throw wrong(error)
    }
  }
  const ready = once(() => withReader(makeTable))

  return {
    check: () => withReader(makeTable, error => notThere(database, error)),
    names: async () => {
      await ready()
      return (await withReader(client => ask<{ run: string }>(client, sql.selectNames()))).rows.map(({ run }) => run)
    },
    read: async (run, known) => {
      await ready()
      return await withReader(client => readRun(client, run, known))
    },
    hold: async (run, signal) => {
      await ready()
      const client = await (await open()).holders.connect().catch(error => {
        throw failure(error)
      })
      try {
        await abandonable(signal, ask(client, sql.takeRun(lockOf(run), deadlineMs), deadlineMs + CALL_MS))
      } catch (error) {
        client.release(true)
        if (signal.aborted) throw signal.reason
        throw isLockTimeout(error) ? heldTooLong(run, deadlineMs) : failure(error)
      }
      return heldRun(run, client, { failure, withReader })
    },
    close: async () => {
      if (pools === undefined) return
      const { holders, readers } = await pools
      // Ends when every connection is given back; what is still held then is let go with the process.
      await within(CALL_MS, Promise.all([holders.end(), readers.end()])).catch(() => undefined)
    },
  }
}

async function openPools(url: URL): Promise<{ readonly holders: Pool; readonly readers: Pool }> {
  const { Pool } = (await import('pg')).default
  const openPool = (max: number): Pool => {
    const pool = new Pool({
      connectionString: url.href,
      application_name: 'guerdon',
      max,
      connectionTimeoutMillis: CALL_MS,
      keepAlive: true,
    })
    // A connection that breaks while nothing is asked of it is of no interest: whoever asks next is told.
    pool.on('error', () => undefined)
    pool.on('connect', client => client.on('error', () => undefined))
    return pool
  }
  return { holders: openPool(HELD), readers: openPool(READERS) }
}

interface Surroundings {
  readonly failure: (error: unknown) => GuerdonError
  readonly withReader: <T>(work: (client: PoolClient) => Promise<T>) => Promise<T>
}

/** A run held by the open transaction of `client`. */
function heldRun(run: string, client: PoolClient, { failure, withReader }: Surroundings): HeldRun {
  let open = true
  const giveBack = (broken: boolean) => {
    if (open) client.release(broken)
    open = false
  }
  return {
    read: async known => {
      try {
        return await readRun(client, run, known)
      } catch (error) {
        throw failure(error)
      }
    },
    write: async (saved, known) => {
      const revision = randomUUID()
      const statement = sql.writeRun(run, saved, { known, revision })
      let written: number | null
      try {
        written = (await ask(client, statement)).rowCount
        // What a broken transaction answers to COMMIT is that it was rolled back.
        const { command } = await ask(client, sql.commit())
        if (command !== 'COMMIT') throw new Error('the transaction was rolled back')
        giveBack(false)
      } catch {
        giveBack(true)
        // Perhaps it was saved and perhaps not; the same write again does nothing where it was.
        written = await withReader(async reader => {
          await ask(reader, sql.durable())
          return (await ask(reader, statement)).rowCount
        })
      }
      if (written !== 1) throw overtaken(run)
      return revision
    },
    release: async () => {
      if (!open) return
      const rolledBack = await ask(client, sql.rollback()).then(
        () => true,
        () => false,
      )
      giveBack(!rolledBack)
    },
  }
}

async function makeTable(client: PoolClient): Promise<void> {
  const { rows } = await ask<{ found: string | null }>(client, sql.findTable())
  if (rows[0].found === null) await ask(client, sql.makeTable(lockOf('')))
}

async function readRun(client: PoolClient, run: string, known: string | undefined): Promise<Reading> {
  const { rows } = await ask<SavedFields>(client, sql.selectRun(run, known))
  if (rows.length === 0) return undefined
  return rows[0].revision === known ? 'unchanged' : readFields(run, rows[0])
}

/** Borrows a connection; one that was in use when something went wrong is not used again. */
async function withClient<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let fine = false
  try {
    const result = await work(client)
    fine = true
    return result
  } finally {
    client.release(!fine)
  }
}

async function ask<R extends object = object>(
  client: PoolClient,
  { text, values }: sql.Statement,
  waitMs = CALL_MS,
): Promise<QueryResult<R>> {
  return await within(waitMs, client.query<R>({ text, values: [...values] }))
}

/** The lock of a run: 64 bits of a hash, as Postgres numbers its advisory locks. */
function lockOf(run: string): bigint {
  return createHash('sha256').update(`guerdon_runs/${run}`).digest().readBigInt64BE()
}

function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '55P03'
}
