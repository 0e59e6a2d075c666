import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { GuerdonError, type JsonLine, type JsonRecord, jsonLine } from '@guerdon/core'
import { commonType, type ParquetType, typeOf, typeSql } from './parquet-types.ts'

/**
 * The rows of a Parquet file as JSON values, a chunk at a time, `line` counting rows from 1. Columns without a value are
 * left out.
 *
 * @throws io for a file that is none
 */
export async function* readParquet(connection: DuckDBConnection, file: string): AsyncGenerator<JsonLine> {
  let line = 0
  try {
    const result = await connection.stream('SELECT to_json(row)::VARCHAR FROM read_parquet($1) row', [file])
    for await (const chunk of result.yieldRowsJs()) {
      for (const [text] of chunk) {
        const row = JSON.parse(text as string) as JsonRecord
        line++
        yield { line, value: Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) }
      }
    }
  } catch (cause) {
    if (cause instanceof GuerdonError) throw cause
    const said = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw new GuerdonError('parse', `expected a Parquet file; got: ${said} — ${file}, after row ${line}`, {
      file,
      line,
      cause,
    })
  }
}

/** How a Parquet file is written. */
export interface WriteParquetOptions {
  /** Types of columns by name; those of the others are found from their values. */
  readonly types?: Readonly<Record<string, string>>
}

/**
 * Writes records as a Parquet file, which appears when it is whole or not at all. Lists and objects become lists and
 * structs; where values of a column have nothing in common it holds JSON. Returns the number of rows.
 *
 * @throws empty without records; unsupported for a text that is not well-formed Unicode, which Parquet cannot hold; io
 */
export async function writeParquet(
  connection: DuckDBConnection,
  records: AsyncIterable<JsonRecord>,
  file: string,
  options: WriteParquetOptions = {},
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'guerdon-parquet-'))
  const lines = join(folder, 'records.jsonl')
  try {
    const { types, count, longest } = await writeLines(records, lines)
    if (count === 0) throw new GuerdonError('empty', `expected records to write; got none — ${file}`, { file })
    const columns = Object.entries(types).map(
      ([name, type]) => `${sqlText(name)}: ${sqlText(options.types?.[name] ?? typeSql(type))}`,
    )
    await connection.run(
      `COPY (SELECT * FROM read_json(${sqlText(lines)}, format = 'newline_delimited', columns = {${columns.join(', ')}},
        maximum_object_size = ${Math.max(longest + 1024, 2 ** 24)}))
        TO ${sqlText(`${file}.partial`)} (FORMAT parquet, COMPRESSION zstd)`,
    )
    renameSync(`${file}.partial`, file)
    return count
  } catch (cause) {
    rmSync(`${file}.partial`, { force: true })
    if (cause instanceof GuerdonError) throw cause
    const said = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw new GuerdonError('io', `expected to write ${file}; got: ${said}`, { file, cause })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function writeLines(records: AsyncIterable<JsonRecord>, file: string) {
  const handle = await open(file, 'w')
  let waiting = ''
  const types: Record<string, ParquetType> = {}
  let count = 0
  let longest = 0
  try {
    for await (const record of records) {
      const line = jsonLine(record)
      // JSON.stringify escapes half a surrogate pair and nothing else this way.
      if (/(?<!\\)(\\\\)*\\ud[89a-f]/.test(line)) {
        throw new GuerdonError(
          'unsupported',
          `expected well-formed Unicode; got half a character in record ${count + 1}`,
          {
            hint: 'Parquet holds UTF-8: write JSONL, or leave the record out',
          },
        )
      }
      for (const [name, value] of Object.entries(record)) types[name] = commonType(types[name] ?? null, typeOf(value))
      count++
      longest = Math.max(longest, line.length * 3)
      waiting += line
      if (waiting.length >= 2 ** 20) {
        await handle.writeFile(waiting)
        waiting = ''
      }
    }
    await handle.writeFile(waiting)
  } finally {
    await handle.close()
  }
  return { types, count, longest }
}

function sqlText(text: string): string {
  return `'${text.replace(/'/g, "''")}'`
}
