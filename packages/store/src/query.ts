import type { DuckDBConnection, DuckDBResult, DuckDBValue } from '@duckdb/node-api'
import { GuerdonError } from '@guerdon/core'
import { storeFault } from './faults.ts'

/** A row as plain data: JSON columns parsed, dates as ISO text, whole numbers beyond 2⁵³ as text. */
export type PlainRow = Readonly<Record<string, unknown>>

/** The result of a statement. */
export interface QueryResult {
  readonly columns: readonly string[]
  readonly rows: readonly PlainRow[]
}

/** Runs one statement and reads its whole result. */
export async function queryRows(
  connection: DuckDBConnection,
  sql: string,
  values: readonly (string | number | null)[],
  file?: string,
): Promise<QueryResult> {
  if (sql.trim() === '') throw new GuerdonError('invalid_input', 'expected a statement of SQL; got none')
  try {
    const result = await connection.stream(sql, values as DuckDBValue[])
    const rows: PlainRow[] = []
    for await (const chunk of streamedRows(result)) rows.push(...chunk)
    return { columns: result.columnNames(), rows }
  } catch (cause) {
    throw file === undefined ? cause : queryFault(cause, file)
  }
}

/** The rows of a result, a chunk at a time. */
export async function* streamedRows(result: DuckDBResult): AsyncGenerator<PlainRow[]> {
  const names = result.deduplicatedColumnNames()
  const isJson = names.map((_, i) => result.columnType(i).alias === 'JSON')
  for await (const chunk of result.yieldRowsJs()) {
    yield chunk.map(row =>
      Object.fromEntries(
        row.map((value, i) => [names[i], isJson[i] && typeof value === 'string' ? parsed(value) : plain(value)]),
      ),
    )
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (value instanceof Date) return value.toISOString()
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]))
  }
  return value
}

/** A mistake in the statement is the writer's; anything else is the file's. */
export function queryFault(cause: unknown, file: string): GuerdonError {
  const said = cause instanceof Error ? cause.message : String(cause)
  if (
    !/^(Failed to extract statements: )?(Parser|Binder|Catalog|Conversion|Invalid Input|Out of Range|Syntax|Permission) Error/i.test(
      said,
    )
  ) {
    return storeFault(cause, file)
  }
  if (/read-only mode/.test(said)) {
    return new GuerdonError('invalid_input', `expected a statement that reads; got one that writes — ${file}`, {
      file,
      cause,
    })
  }
  return new GuerdonError('invalid_input', `expected SQL over the tables of the store; got: ${said}`, {
    hint: 'the tables are runs, batches, rollouts, scores, components, failures, verdicts, preferences, sources; DESCRIBE shows their columns',
    cause,
  })
}
