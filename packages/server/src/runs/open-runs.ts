import { GuerdonError } from '@guerdon/core'
import { openPostgresRuns } from './postgres-runs.ts'
import { openRedisRuns } from './redis-runs.ts'
import { openRunFiles } from './run-files.ts'
import type { RunStore } from './run-store.ts'

/** How the states of runs are opened. */
export interface RunStoreOptions {
  /** Another process holds the lock of a folder and hands each run to one process only. */
  readonly shared: boolean
  /** Longest time a run is held, in milliseconds. */
  readonly deadlineMs: number
}

const databases: Readonly<Record<string, (url: URL, options: RunStoreOptions) => RunStore>> = {
  'postgres:': openPostgresRuns,
  'postgresql:': openPostgresRuns,
  'redis:': openRedisRuns,
  'rediss:': openRedisRuns,
}

const schemes = Object.keys(databases).map(scheme => `${scheme}//`)

/**
 * The states of runs in a folder, or in the database at a URL, which is first reached by `check` or with the first run.
 * Throws `invalid_option` for a URL of another scheme, `io` for a folder that cannot be used.
 */
export function openRuns(place: string, options: RunStoreOptions): RunStore {
  if (!isDatabase(place)) return openRunFiles(place, { shared: options.shared })
  const url = new URL(place)
  return databases[url.protocol](url, options)
}

/** Whether run states at this place are in a database, not in a folder. Throws `invalid_option` for a URL of another scheme. */
export function isDatabase(place: string): boolean {
  const scheme = /^([a-z][a-z0-9+.-]*:)\/\//i.exec(place)?.[1].toLowerCase()
  const forgotten = Object.keys(databases).some(known => place.toLowerCase().startsWith(known))
  if (scheme === undefined && !forgotten) return false
  // What came is not repeated: it may hold a password.
  if (scheme === undefined || !(scheme in databases) || !URL.canParse(place)) {
    throw new GuerdonError(
      'invalid_option',
      `expected a folder, or a URL that begins with ${schemes.join(', ')}; got ${scheme === undefined ? 'another' : `one with ${scheme}//`}`,
      { path: ['store'], hint: 'a URL is like postgres://user:password@host:5432/database or redis://host:6379/0' },
    )
  }
  return true
}
