import { canonicalJson, GuerdonError, type JsonlReport, objectAt, readJsonLines } from '@guerdon/core'
import { type PreferenceRecord, preferenceRecord } from '@guerdon/learn'
import {
  detectLayout,
  findLayout,
  type PreferenceLayout,
  placedError,
  preferenceLayouts,
} from '@guerdon/store/layouts/index'
import { openBytes } from '../files.ts'
import type { Io } from '../io.ts'

/** A preference file that has been read. */
export interface PreferenceFile {
  readonly file: string
  readonly layout: string
  readonly records: readonly PreferenceRecord[]
  /** Line of each record. */
  readonly lines: readonly number[]
  readonly reading: JsonlReport
  /** Records that say word for word what an earlier one said. */
  readonly duplicates: number
  /** Pairs that an earlier pair has the other way round. */
  readonly contradictions: number
}

/** How a preference file is read. */
export interface ReadPreferencesOptions {
  /** Name of a layout, or `auto`: that of the first record. */
  readonly layout: string
  readonly onError: 'stop' | 'skip'
  readonly signal?: AbortSignal
}

/**
 * Reads a preference file whole. Duplicates and contradictions are kept and counted: whether they matter is the reader's to
 * say.
 *
 * @throws what the first bad record is at fault for, naming file, line and field; empty for a file without records
 */
export async function readPreferences(file: string, options: ReadPreferencesOptions, io: Io): Promise<PreferenceFile> {
  const { name, bytes } = openBytes(file, io)
  const { onError, signal } = options
  const reading = readJsonLines(bytes, { file: name, onError, ...(signal && { signal }) })
  let layout: PreferenceLayout | undefined =
    options.layout === 'auto' ? undefined : findLayout(options.layout, preferenceLayouts)
  const records: PreferenceRecord[] = []
  const lines: number[] = []
  for await (const { line, value } of reading.records) {
    try {
      layout ??= detectLayout(value, preferenceLayouts)
      for (const preference of layout.read(objectAt(value, []), `${line}`).preferences ?? []) {
        records.push(preferenceRecord(preference))
        lines.push(line)
      }
    } catch (error) {
      if (!(error instanceof GuerdonError)) throw error
      reading.refuse(placedError(error, { file: name, line, ...(layout && { layout }) }))
    }
  }
  if (records.length === 0 || layout === undefined) {
    const skipped = reading.report.skipped
    throw new GuerdonError('empty', `expected preferences in ${name}; got ${skipped} bad lines and no good one`, {
      file: name,
      hint: skipped === 0 ? 'the file is empty' : 'run it without --on-error skip to see what is wrong',
    })
  }
  return { file: name, layout: layout.name, records, lines, reading: reading.report, ...repetitions(records) }
}

function repetitions(records: readonly PreferenceRecord[]): { duplicates: number; contradictions: number } {
  const seen = new Set<string>()
  let duplicates = 0
  let contradictions = 0
  for (const record of records) {
    const key = canonicalJson(record)
    if (seen.has(key)) duplicates++
    seen.add(key)
    if (record.kind !== 'pair') continue
    const { chosen, rejected } = record
    if (seen.has(canonicalJson({ ...record, chosen: rejected, rejected: chosen }))) contradictions++
  }
  return { duplicates, contradictions }
}
