import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api'
import { GuerdonError } from '@guerdon/core'
import { storeFault } from './faults.ts'
import { type CellValue, type ColumnType, type TableName, type TableRows, tables } from './tables.ts'
import { isWellFormed } from './well-formed.ts'

/** Writes rows durably, those that wait together in one transaction. */
export interface CommitQueue {
  /** Resolves when the rows are on the disk. Throws `io` when they are not: then none of them is there. */
  commit(rows: TableRows, owner: Owner): Promise<void>
  /** Resolves when nothing is waiting. */
  drained(): Promise<void>
}

/** What every row of an append belongs to. */
interface Owner {
  readonly batch: number
  readonly run: string
}

interface Waiting {
  readonly rows: TableRows
  readonly owner: Owner
  readonly resolve: () => void
  readonly reject: (error: GuerdonError) => void
}

/** Rows in one transaction at most, unless a single append has more. */
const rowsPerCommit = 20_000

/**
 * DuckDB returns from COMMIT when its write-ahead log has been synced to the disk, which costs milliseconds whatever the
 * number of rows: appends that come while one commit is under way share the next.
 */
export function createCommitQueue(
  connection: DuckDBConnection,
  duckdb: typeof import('@duckdb/node-api'),
  file: string,
): CommitQueue {
  let waiting: Waiting[] = []
  let working: Promise<void> | undefined

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      const taken = take()
      try {
        await connection.run('BEGIN')
        for (const name of Object.keys(tables) as TableName[]) await writeTable(name, taken)
        await connection.run('COMMIT')
        for (const { resolve } of taken) resolve()
      } catch (cause) {
        // After a COMMIT that failed there is nothing left to roll back.
        await connection.run('ROLLBACK').catch(() => undefined)
        const error = storeFault(cause, file)
        for (const { reject } of taken) reject(error)
      }
    }
    working = undefined
  }

  function take(): Waiting[] {
    let rows = 0
    let end = 0
    while (end < waiting.length && (end === 0 || rows + countRows(waiting[end].rows) <= rowsPerCommit)) {
      rows += countRows(waiting[end].rows)
      end++
    }
    const taken = waiting.slice(0, end)
    waiting = waiting.slice(end)
    return taken
  }

  async function writeTable(name: TableName, taken: readonly Waiting[]): Promise<void> {
    const columns = Object.entries(tables[name]) as [string, ColumnType][]
    if (name === 'sources') await forgetSources(taken)
    let appender: DuckDBAppender | undefined
    for (const { rows, owner } of taken) {
      for (const row of (rows[name] ?? []) as readonly Record<string, CellValue>[]) {
        appender ??= await connection.createAppender(name)
        for (const [column, type] of columns) {
          const value = column === 'batch' ? owner.batch : column === 'run' ? owner.run : row[column]
          put(appender, type, value ?? null)
        }
        appender.endRow()
      }
    }
    appender?.closeSync()
  }

  /** A source has one row: how far its reading is now. */
  async function forgetSources(taken: readonly Waiting[]): Promise<void> {
    for (const { rows, owner } of taken) {
      for (const { sha256 } of rows.sources ?? []) {
        await connection.run('DELETE FROM sources WHERE sha256 = $1 AND run = $2', [sha256 as string, owner.run])
      }
    }
  }

  function put(appender: DuckDBAppender, type: ColumnType, value: CellValue): void {
    if (value === null) appender.appendNull()
    else if (typeof value === 'string') appender.appendVarchar(value)
    else if (typeof value !== 'number') appender.appendList(value, duckdb.LIST(duckdb.DOUBLE))
    else if (type === 'BIGINT') appender.appendBigInt(BigInt(value))
    else if (type === 'INTEGER') appender.appendInteger(value)
    else if (type === 'DOUBLE') appender.appendDouble(value)
    else appender.appendTimestamp(new duckdb.DuckDBTimestampValue(BigInt(value) * 1000n))
  }

  return {
    commit: async (rows, owner) => {
      // Before it waits with others: what is wrong with one append must not fail those it shares a commit with.
      assertCells(rows)
      await new Promise<void>((resolve, reject) => {
        waiting.push({ rows, owner, resolve, reject })
        working ??= work()
      })
    },
    drained: async () => {
      await working
    },
  }
}

function assertCells(rows: TableRows): void {
  for (const name of Object.keys(rows) as TableName[]) {
    const columns = Object.entries(tables[name]) as [string, ColumnType][]
    for (const row of rows[name] as readonly Record<string, CellValue>[]) {
      for (const [column, type] of columns) {
        const value = row[column]
        if (typeof value !== 'number' && !Array.isArray(value)) continue
        const whole = type === 'BIGINT' || type === 'INTEGER'
        const isGood = whole ? Number.isSafeInteger : Number.isFinite
        const numbers = typeof value === 'number' ? [value] : (value as readonly (number | null)[])
        const bad = numbers.find(one => one !== null && !isGood(one))
        if (bad === undefined) continue
        throw new GuerdonError(
          'not_finite',
          `expected ${whole ? 'a whole' : 'a finite'} number in ${name}.${column}; got ${bad}`,
          { path: [name, column], hint: 'leave out what is missing instead of giving NaN or Infinity' },
        )
      }
    }
  }
}

function countRows(rows: TableRows): number {
  let count = 0
  for (const table of Object.values(rows)) count += table?.length ?? 0
  return count
}

/** Throws `invalid_option` for a name no run can have: empty, or longer than 200 characters. */
export function assertRunName(run: string): void {
  if (run.length > 0 && run.length <= 200 && isWellFormed(run)) return
  throw new GuerdonError('invalid_option', `expected a run name of 1 to 200 characters; got ${run.length}`, {
    path: ['run'],
  })
}
