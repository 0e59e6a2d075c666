import { GuerdonError } from '@guerdon/core'

/**
 * What DuckDB says about a file, in the words of this house: in use, damaged, from another version, disk full, not
 * writable.
 */
export function storeFault(cause: unknown, file: string): GuerdonError {
  if (cause instanceof GuerdonError) return cause
  const said = cause instanceof Error ? cause.message : String(cause)
  const fault = (code: 'io' | 'state' | 'version', expected: string, got: string, hint: string) =>
    new GuerdonError(code, `expected ${expected}; got ${got} — ${file}`, { file, expected, got, hint, cause })
  const holder = /lock is held[^\n]*?\(PID (\d+)\)/.exec(said)?.[1]
  if (holder !== undefined) return inUse(file, `process ${holder}`, cause)
  if (/set lock on file/.test(said)) return inUse(file, 'another process', cause)
  if (/No space left|disk quota|File too large/i.test(said)) {
    return fault(
      'io',
      'room on the disk',
      'none left',
      'free some space; everything acknowledged before is kept, and this append was not made',
    )
  }
  if (/version number|newer version of DuckDB|older version of DuckDB/i.test(said)) {
    return fault('version', 'a file that this DuckDB reads', firstLine(said), 'open it with the version that wrote it')
  }
  if (/not a valid DuckDB|corrupt|checksum|replaying WAL|deserializ|serialization/i.test(said)) {
    return fault('state', 'a store', `a damaged file: ${firstLine(said)}`, 'restore the folder from a copy')
  }
  if (/Permission denied|Read-only file system|read-only mode/i.test(said)) {
    return fault(
      'io',
      'a store that can be opened',
      'permission denied',
      'allow this user to read and write the folder',
    )
  }
  return fault('io', 'a store that works', firstLine(said), 'open the store anew; everything acknowledged is kept')
}

/** The error for a store that somebody else has open. */
export function inUse(file: string, holder: string, cause?: unknown): GuerdonError {
  return new GuerdonError('io', `expected a store that nobody else has open; got one in use by ${holder} — ${file}`, {
    file,
    expected: 'a store that nobody else has open',
    got: `one in use by ${holder}`,
    hint: 'a store has one writer: stop that process, or use a folder of its own',
    ...(cause === undefined ? {} : { cause }),
  })
}

function firstLine(text: string): string {
  return text.split('\n')[0].slice(0, 200)
}
