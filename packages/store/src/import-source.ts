import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { GuerdonError, type JsonLine, type JsonlReading, type JsonlReport, readJsonLines } from '@guerdon/core'
import type { Store } from './open-store.ts'
import { readParquet } from './parquet.ts'

/** A file by what is in it. */
export interface SourceFile {
  readonly file: string
  /** What errors call it. */
  readonly name: string
  readonly size: number
  readonly sha256: string
  readonly isParquet: boolean
}

/** Reads a file once for its digest; errors call it `name`, by default as it is called. Throws `io`, or `aborted`. */
export async function identifyFile(
  file: string,
  { name = file, signal }: { readonly name?: string; readonly signal?: AbortSignal | undefined } = {},
): Promise<SourceFile> {
  const hash = createHash('sha256')
  let first: Buffer | undefined
  let size = 0
  for await (const chunk of bytesOf(file)) {
    if (signal?.aborted === true) throw new GuerdonError('aborted', `reading was aborted — ${name}`, { file: name })
    first ??= chunk.subarray(0, 4)
    size += chunk.length
    hash.update(chunk)
  }
  return { file, name, size, sha256: hash.digest('hex'), isParquet: first?.toString('latin1') === 'PAR1' }
}

/** The records of a file, and how much of it has been read. */
export interface SourceReading extends JsonlReading {
  /** Bytes read; all of them for Parquet, which is read by columns. */
  bytes(): number
}

/** Opens a file that was identified. */
export async function openSource(
  store: Store,
  source: SourceFile,
  options: { readonly onError: 'stop' | 'skip'; readonly signal?: AbortSignal },
): Promise<SourceReading> {
  const { file, name, size, isParquet } = source
  let read = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytesOf(file)) {
      read += chunk.length
      yield chunk
    }
  }
  if (!isParquet) return { ...readJsonLines(counted(), { file: name, ...options }), bytes: () => read }
  const report: JsonlReport = { lines: 0, blank: 0, records: 0, skipped: 0, faults: [] }
  return {
    report,
    bytes: () => size,
    records: parquetRows(store, file, report, options.signal),
    refuse: error => {
      if (options.onError === 'stop') throw error
      report.records--
      report.skipped++
      if (report.faults.length < 20) report.faults.push(error)
    },
  }
}

async function* parquetRows(
  store: Store,
  file: string,
  report: JsonlReport,
  signal?: AbortSignal,
): AsyncGenerator<JsonLine> {
  const connection = await store.connect()
  try {
    for await (const row of readParquet(connection, file)) {
      if (signal?.aborted === true) throw new GuerdonError('aborted', `reading was aborted — ${file}`, { file })
      report.lines = row.line
      report.records++
      yield row
    }
  } finally {
    connection.closeSync()
  }
}

async function* bytesOf(file: string): AsyncGenerator<Buffer> {
  try {
    if (statSync(file).isDirectory()) throw new GuerdonError('io', `expected a file; got the folder ${file}`, { file })
    for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 18 })) yield chunk as Buffer
  } catch (cause) {
    if (cause instanceof GuerdonError) throw cause
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    const said = code === 'ENOENT' ? 'there is no such file' : cause instanceof Error ? cause.message : String(cause)
    throw new GuerdonError('io', `expected to read ${file}; got: ${said}`, { file, cause })
  }
}
