import { readFileSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { GuerdonError } from '@guerdon/core'
import type { RunningServer } from '@guerdon/server'

/** When a served recipe is read again. */
export interface ReloadOptions {
  /** A recipe file to watch. */
  readonly file?: string
  /** Receives the code of what is wrong with a recipe that was not taken; the one in use stays. */
  readonly onError: (code: string) => void
}

/** An editor writes a file in several steps. */
const SETTLE_MS = 100

/** Reloads at SIGHUP and, with `file`, when the text of the file changes. The result ends it. */
export function reloadWhenAsked(server: Pick<RunningServer, 'reload'>, { file, onError }: ReloadOptions): () => void {
  const reload = () => {
    server.reload().catch((error: unknown) => onError(error instanceof GuerdonError ? error.code : 'internal'))
  }
  process.on('SIGHUP', reload)
  const stopWatching = file === undefined ? () => undefined : watchText(file, reload)
  return () => {
    process.off('SIGHUP', reload)
    stopWatching()
  }
}

/** Calls `changed` when the file has another text than before. The folder is watched, as editors replace the file. */
function watchText(file: string, changed: () => void): () => void {
  const read = () => {
    try {
      return readFileSync(file, 'utf8')
    } catch {
      // Between its removal and its return a replaced file is not there.
      return undefined
    }
  }
  let known = read()
  let timer: NodeJS.Timeout | undefined
  const look = () => {
    const text = read()
    if (text === undefined || text === known) return
    known = text
    changed()
  }
  const watcher = watch(dirname(file), (_, name) => {
    if (name !== null && name !== basename(file)) return
    clearTimeout(timer)
    timer = setTimeout(look, SETTLE_MS)
  })
  return () => {
    clearTimeout(timer)
    watcher.close()
  }
}
