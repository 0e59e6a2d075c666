import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GuerdonError } from '@guerdon/core'
import type { Io } from '../io.ts'

/**
 * Keeps standard input in a file while `work` reads it, as it is read twice: once for the digest it is known by. Throws
 * `io` when there is no room for it, `aborted`.
 */
export async function spooled<T>(io: Io, signal: AbortSignal, work: (file: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'guerdon-stdin-'))
  const file = join(folder, 'stdin')
  try {
    try {
      await pipeline(Readable.from(io.stdin), createWriteStream(file, { mode: 0o600 }), { signal })
    } catch (cause) {
      if (signal.aborted) throw new GuerdonError('aborted', 'reading standard input was aborted; nothing was taken in')
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new GuerdonError('io', `expected to keep standard input in ${folder}; got: ${reason}`, {
        hint: 'TMPDIR says where',
        cause,
      })
    }
    return await work(file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
