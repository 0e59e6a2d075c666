import { type ByteLine, type ByteSource, byteLines } from './byte-lines.ts'
import { describeValue, escapeControls, GuerdonError } from './errors.ts'

export interface JsonlOptions {
  /** Name to use in errors. */
  file?: string
  /** What a bad line does: end the reading with its error (default), or be counted, listed and passed over. */
  onError?: 'stop' | 'skip'
  /** Longest line accepted, in bytes. Default 64 MiB. */
  maxLineBytes?: number
  /** How many faults the report keeps. Default 20; all are counted. */
  keepFaults?: number
  /** Ends the reading with `aborted`. */
  signal?: AbortSignal
}

/** What a reading has met so far. */
export interface JsonlReport {
  /** Lines read, blank ones included. */
  lines: number
  blank: number
  /** Records handed on. */
  records: number
  /** Bad lines passed over. */
  skipped: number
  /** The first of the faults that were passed over, each with its line. */
  readonly faults: GuerdonError[]
}

export interface JsonLine {
  readonly line: number
  readonly value: unknown
}

/** A reading of a JSONL stream: iterate `records` once; `report` grows meanwhile. */
export interface JsonlReading {
  readonly records: AsyncIterable<JsonLine>
  readonly report: JsonlReport
  /** Passes over a record that its reader cannot use, or throws, as `onError` says. */
  refuse(error: GuerdonError): void
}

const DEFAULT_MAX_LINE_BYTES = 64 * 2 ** 20

/**
 * Reads JSON values, one a line, from a stream of any size, holding one line at a time. LF and CRLF, a leading byte-order
 * mark, blank lines and a missing last line end are accepted. A line that is too long, not UTF-8 or not JSON is an error
 * naming file and line, as is a stream that ends inside a record.
 */
export function readJsonLines(source: ByteSource, options: JsonlOptions = {}): JsonlReading {
  const report: JsonlReport = { lines: 0, blank: 0, records: 0, skipped: 0, faults: [] }
  const refuse = (error: GuerdonError) => {
    if (options.onError !== 'skip') throw error
    report.skipped++
    if (report.faults.length < (options.keepFaults ?? 20)) report.faults.push(error)
  }
  async function* records(): AsyncGenerator<JsonLine> {
    const limit = options.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES
    for await (const line of byteLines(source, limit)) {
      throwIfAborted(options.signal, line.line)
      report.lines = line.line
      try {
        const text = decode(line, limit, options.file)
        if (text.trim() === '') {
          report.blank++
          continue
        }
        const value = parse(text, line, options.file)
        report.records++
        yield { line: line.line, value }
      } catch (error) {
        if (!(error instanceof GuerdonError) || error.line !== line.line) throw error
        refuse(error)
      }
    }
  }
  return {
    records: records(),
    report,
    refuse: error => {
      refuse(error)
      report.records--
    },
  }
}

/** `value` as one line of JSON with its line end. Typed arrays become lists. Throws `not_finite` for NaN and ±Infinity. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value, (key, member: unknown) => {
    if (typeof member === 'number' && !Number.isFinite(member)) {
      throw new GuerdonError(
        'not_finite',
        `expected finite numbers to write as JSON; got ${member} in field "${key}"`,
        {
          path: [key],
        },
      )
    }
    return ArrayBuffer.isView(member) && !(member instanceof DataView)
      ? Array.from(member as unknown as ArrayLike<number>)
      : member
  })}\n`
}

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(line: ByteLine, limit: number, file: string | undefined): string {
  const where = { line: line.line, ...(file === undefined ? {} : { file }) }
  if (line.length > limit) {
    throw lineError(
      where,
      `a line of at most ${limit} bytes`,
      `${line.length} bytes`,
      'raise maxLineBytes if it is meant',
    )
  }
  const { bytes } = line
  if (line.line === 1 && (startsWith(bytes, [0xff, 0xfe]) || startsWith(bytes, [0xfe, 0xff]))) {
    throw lineError(where, 'UTF-8 text', 'a UTF-16 byte-order mark', 'convert the file to UTF-8')
  }
  const marked = line.line === 1 && startsWith(bytes, [0xef, 0xbb, 0xbf])
  try {
    return strictDecoder.decode(marked ? bytes.subarray(3) : bytes)
  } catch {
    throw lineError(
      where,
      'UTF-8 text',
      `bytes that are not UTF-8 in a line of ${line.length}`,
      'convert the file to UTF-8',
    )
  }
}

function startsWith(bytes: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((byte, i) => bytes[i] === byte)
}

function parse(text: string, line: ByteLine, file: string | undefined): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const where = { line: line.line, cause, ...(file === undefined ? {} : { file }) }
    const id = /"id"\s*:\s*"([^"\\]*)"/.exec(text)?.[1]
    const rollout = id === undefined ? {} : { rollout: id }
    const bare = /"([^"\\]*)"\s*:\s*(?:\[[^\]"]*?)?(-?(?:NaN|Infinity))\b/.exec(text)
    if (bare !== null) {
      throw lineError(
        { ...where, ...rollout, path: [bare[1]] },
        'a finite number',
        bare[2],
        'leave out what is missing (absent or null) instead of writing NaN or Infinity, which JSON does not have',
        'not_finite',
      )
    }
    const end = excerpt(text.slice(-30))
    if (!line.complete) {
      throw lineError(
        { ...where, ...rollout },
        'a whole JSON record',
        `a file that ends inside one, after ${end}`,
        'the file was cut; write it again',
      )
    }
    throw lineError({ ...where, ...rollout }, 'one JSON record', excerpt(text), parserWords(cause))
  }
}

/** What the JSON parser says, without the excerpt of the text that some engines add. */
function parserWords(cause: unknown): string {
  const words = cause instanceof Error ? cause.message.split(/, "|, \.\.\.| in JSON/)[0] : 'not JSON'
  const position = cause instanceof Error ? /position (\d+)/.exec(cause.message)?.[1] : undefined
  return escapeControls(position === undefined ? words : `${words} at character ${position}`)
}

function excerpt(text: string): string {
  return escapeControls(text.length > 60 ? `${text.slice(0, 57)}…` : text)
}

interface Where {
  file?: string
  line: number
  rollout?: string
  path?: string[]
  cause?: unknown
}

function lineError(
  where: Where,
  expected: string,
  got: string,
  hint: string,
  code: 'parse' | 'not_finite' = 'parse',
): GuerdonError {
  const rollout = where.rollout === undefined ? '' : `, rollout ${describeValue(where.rollout)}`
  const field = where.path === undefined ? '' : `, ${escapeControls(where.path.join('.'))}`
  const place = `${where.file === undefined ? '' : `${where.file}, `}line ${where.line}${rollout}${field}`
  return new GuerdonError(code, `expected ${expected}; got ${got} — ${place}`, { ...where, expected, got, hint })
}

function throwIfAborted(signal: AbortSignal | undefined, line: number): void {
  if (signal?.aborted !== true) return
  throw new GuerdonError('aborted', `reading was aborted before line ${line}`, { cause: signal.reason })
}
