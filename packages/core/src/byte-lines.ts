/** Bytes in pieces of any size: a Node stream, a web stream (a fetch body, a browser's file), or any iterable. */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array> | ReadableStream<Uint8Array>

/** One line of a byte stream, without its line end. */
export interface ByteLine {
  /** From 1. */
  readonly line: number
  /** The bytes; empty when the line is longer than allowed. */
  readonly bytes: Uint8Array
  /** Length of the line in bytes. */
  readonly length: number
  /** False for the last line of a stream that does not end in a line feed. */
  readonly complete: boolean
}

const LINE_FEED = 10
const CARRIAGE_RETURN = 13

/**
 * Splits a stream into lines at LF or CRLF, holding one line at a time. A line longer than `maxLineBytes` is passed over
 * without being held; it is reported by its length with empty bytes.
 */
export async function* byteLines(source: ByteSource, maxLineBytes: number): AsyncGenerator<ByteLine> {
  let line = 1
  let held: Uint8Array[] = []
  let length = 0
  const add = (piece: Uint8Array) => {
    length += piece.length
    if (length > maxLineBytes) held = []
    else if (piece.length > 0) held.push(piece)
  }
  const finish = (complete: boolean): ByteLine => {
    const bytes = withoutCarriageReturn(held.length === 1 ? held[0] : joined(held))
    const result = { line, bytes, length, complete }
    line++
    held = []
    length = 0
    return result
  }
  for await (const chunk of pieces(source)) {
    let start = 0
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      add(chunk.subarray(start, end))
      yield finish(true)
      start = end + 1
    }
    // The rest is copied, so that a reader may reuse its buffer for the next chunk.
    if (start < chunk.length) add(chunk.slice(start))
  }
  if (length > 0) yield finish(false)
}

/** Not every browser lets a web stream be iterated, so it is read through its reader. */
function pieces(source: ByteSource): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  return 'getReader' in source ? readerPieces(source) : source
}

async function* readerPieces(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  let ended = false
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
    ended = true
  } finally {
    if (!ended) await reader.cancel()
    reader.releaseLock()
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function withoutCarriageReturn(bytes: Uint8Array): Uint8Array {
  return bytes[bytes.length - 1] === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes
}
