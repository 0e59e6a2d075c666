import { createReadStream, createWriteStream, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { GuerdonError } from '@guerdon/core'
import type { Io } from './io.ts'

/** Bytes of a file or of standard input, and how many there are where that is known. */
export interface OpenedFile {
  readonly name: string
  readonly bytes: AsyncIterable<Uint8Array>
  readonly size: number | undefined
}

/** Opens a file for reading; `-` is standard input. Throws `io`. */
export function openBytes(file: string, io: Io): OpenedFile {
  if (file === '-') return { name: 'standard input', bytes: io.stdin, size: undefined }
  let size: number
  try {
    const stats = statSync(file)
    if (stats.isDirectory()) throw new GuerdonError('io', `expected a file; got the folder ${file}`, { file })
    size = stats.size
  } catch (cause) {
    throw cause instanceof GuerdonError ? cause : ioError('read', file, cause)
  }
  return { name: file, bytes: readWhole(file), size }
}

async function* readWhole(file: string): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(file, { highWaterMark: 256 * 1024 })
  try {
    for await (const chunk of stream) yield chunk as Uint8Array
  } catch (cause) {
    throw ioError('read', file, cause)
  }
}

/** The text of a small file. Throws `io`. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw ioError('read', file, cause)
  }
}

/** Replaces a file as a whole: a reader sees the old text or the new one, never a part. Throws `io`. */
export function writeText(file: string, text: string): void {
  try {
    writeFileSync(`${file}.partial`, text)
    renameSync(`${file}.partial`, file)
  } catch (cause) {
    throw ioError('write', file, cause)
  }
}

/** A file being written under another name until it is whole. */
export interface FileWriter {
  write(text: string): Promise<void>
  /** Gives the file its name. */
  finish(): Promise<void>
  /** Removes what was written. */
  discard(): void
}

/** Starts writing a file. Errors of the disk come out of `write` and `finish` as `io`. */
export function openWriter(file: string): FileWriter {
  const partial = `${file}.partial`
  const stream = createWriteStream(partial)
  let failure: unknown
  let proceed: () => void = () => undefined
  stream.on('error', error => {
    failure = error
  })
  for (const event of ['drain', 'close']) stream.on(event, () => proceed())
  const settled = () =>
    new Promise<void>(resolve => {
      proceed = resolve
    })
  const check = () => {
    if (failure !== undefined) throw ioError('write', file, failure)
  }
  return {
    write: async text => {
      check()
      if (!stream.write(text) && !stream.closed) await settled()
      check()
    },
    finish: async () => {
      stream.end()
      if (!stream.closed) await settled()
      check()
      renameSync(partial, file)
    },
    discard: () => {
      stream.destroy()
      rmSync(partial, { force: true })
    },
  }
}

function ioError(what: 'read' | 'write', file: string, cause: unknown): GuerdonError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const reasons: Record<string, string> = {
    ENOENT: what === 'read' ? 'there is no such file' : 'there is no such folder',
    EACCES: 'permission denied',
    EISDIR: 'it is a folder',
    ENOSPC: 'the disk is full',
  }
  const reason = reasons[code] ?? (cause instanceof Error ? cause.message : String(cause))
  return new GuerdonError('io', `expected to ${what} ${file}; got: ${reason}`, { file, cause })
}
