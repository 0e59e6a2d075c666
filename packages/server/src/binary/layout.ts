import { GuerdonError, type Level, levels } from '@guerdon/core'

/** Content type of the binary layout. */
export const batchContentType = 'application/vnd.guerdon.batch'

/** A column of numbers, one entry for each item of its level. */
export interface BinaryColumn {
  /** `level.name`, as in a batch. */
  readonly name: string
  readonly level: Level
  /** float32 or float64 as they travel. */
  readonly values: Float32Array | Float64Array
  /** 0 scored, 1 abstained, 2 failed for each entry; absent when all are scored. The value of others counts for nothing. */
  readonly status?: Uint8Array
}

/** What one body in the binary layout holds. */
export interface BinaryBatch {
  /** What is asked or answered besides the numbers, as JSON. */
  readonly metadata: Readonly<Record<string, unknown>>
  /** [G+1] rollouts of group g are `groupOffsets[g] … groupOffsets[g+1] − 1`. */
  readonly groupOffsets: Int32Array
  /** [R+1] turns of each rollout. */
  readonly turnOffsets: Int32Array
  /** [R+1] tokens of each rollout. */
  readonly tokenOffsets: Int32Array
  /** [2·T] first and one-past-last token of each turn; −1, −1 without a span. */
  readonly turnSpans: Int32Array
  readonly columns: readonly BinaryColumn[]
}

const MAGIC = 0x424e4447
const VERSION = 1
const HEADER = 32
const COLUMN = 8

/**
 * The bytes of a batch, version 1, everything little-endian, every section padded with zeros to a multiple of 8:
 *
 *     header    "GDNB", u16 version, u16 0, u32 G groups, R rollouts, T turns, N tokens, C columns, M bytes of metadata
 *     metadata  M bytes, JSON in UTF-8
 *     offsets   i32[G+1] groups, i32[R+1] turns, i32[R+1] tokens, i32[2·T] spans of turns
 *     columns   C times: u32 bytes of the name, u8 level (0 group … 3 token), u8 type (0 float64, 1 float32), u8 has status,
 *               u8 0; the name in UTF-8; the values; u8 status of each entry, where there is one
 */
export function encodeBatch(batch: BinaryBatch): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder()
  const metadata = text.encode(JSON.stringify(batch.metadata))
  const names = batch.columns.map(({ name }) => text.encode(name))
  const offsets = [batch.groupOffsets, batch.turnOffsets, batch.tokenOffsets, batch.turnSpans]
  let size = HEADER + padded(metadata.length)
  for (const array of offsets) size += padded(array.byteLength)
  batch.columns.forEach(({ values, status }, i) => {
    size += COLUMN + padded(names[i].length) + padded(values.byteLength) + padded(status?.length ?? 0)
  })
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  let at = HEADER
  const put = (array: Uint8Array | Int32Array | Float32Array | Float64Array) => {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at)
    at += padded(array.byteLength)
  }
  const { groupOffsets, tokenOffsets, turnSpans, columns } = batch
  const rollouts = tokenOffsets.length - 1
  view.setUint32(0, MAGIC, true)
  view.setUint16(4, VERSION, true)
  const sizes = [groupOffsets.length - 1, rollouts, turnSpans.length / 2, tokenOffsets[rollouts], columns.length]
  ;[...sizes, metadata.length].forEach((count, i) => {
    view.setUint32(8 + 4 * i, count, true)
  })
  put(metadata)
  for (const array of offsets) put(array)
  columns.forEach(({ level, values, status }, i) => {
    view.setUint32(at, names[i].length, true)
    const kinds = [levels.indexOf(level), values instanceof Float32Array ? 1 : 0, status === undefined ? 0 : 1]
    bytes.set(kinds, at + 4)
    at += COLUMN
    put(names[i])
    put(values)
    if (status !== undefined) put(status)
  })
  return bytes
}

/** A batch from its bytes. Throws `parse` for bytes that are not of this layout, `version` for another version of it. */
export function decodeBatch(given: Uint8Array): BinaryBatch {
  // Views of numbers need their place in the buffer to be aligned, which bytes off a socket are not.
  const bytes = new Uint8Array(given)
  const view = new DataView(bytes.buffer)
  if (bytes.length < HEADER || view.getUint32(0, true) !== MAGIC) {
    throw broken(`a header of ${HEADER} bytes that begins with "GDNB"`, `${bytes.length} other bytes`)
  }
  const version = view.getUint16(4, true)
  if (version !== VERSION) {
    throw new GuerdonError('version', `expected version ${VERSION} of the binary layout; got version ${version}`)
  }
  const [G, R, T, N, C, M] = Array.from({ length: 6 }, (_, i) => view.getUint32(8 + 4 * i, true))
  let at = HEADER
  const take = (length: number, what: string): number => {
    const start = at
    at += padded(length)
    if (at > bytes.length) throw broken(`${length} bytes of ${what} at byte ${start}`, `${bytes.length} bytes in all`)
    return start
  }
  const text = (length: number, what: string): string => {
    const start = take(length, what)
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(start, start + length))
    } catch {
      throw broken(`${what} in UTF-8`, 'other bytes')
    }
  }
  const integers = (length: number, what: string) => new Int32Array(bytes.buffer, take(4 * length, what), length)
  const metadata = readMetadata(text(M, 'metadata'))
  const groupOffsets = checkOffsets(integers(G + 1, 'group offsets'), R, 'group')
  const turnOffsets = checkOffsets(integers(R + 1, 'turn offsets'), T, 'turn')
  const tokenOffsets = checkOffsets(integers(R + 1, 'token offsets'), N, 'token')
  const turnSpans = checkSpans(integers(2 * T, 'spans of turns'), turnOffsets, tokenOffsets)
  const size = { group: G, rollout: R, turn: T, token: N }
  const columns: BinaryColumn[] = []
  for (let c = 0; c < C; c++) {
    const head = take(COLUMN, `column ${c}`)
    const [level, type, hasStatus] = bytes.subarray(head + 4, head + 7)
    const name = text(view.getUint32(head, true), `the name of column ${c}`)
    if (level >= levels.length || type > 1 || hasStatus > 1) throw broken('a known level and type', `column "${name}"`)
    const count = size[levels[level]]
    const values =
      type === 1
        ? new Float32Array(bytes.buffer, take(4 * count, name), count)
        : new Float64Array(bytes.buffer, take(8 * count, name), count)
    const column = { name, level: levels[level], values }
    columns.push(hasStatus === 0 ? column : { ...column, status: readStatus(name, count) })
  }
  if (at !== bytes.length) throw broken(`${at} bytes`, `${bytes.length} bytes`)
  return { metadata, groupOffsets, turnOffsets, tokenOffsets, turnSpans, columns }

  function readStatus(name: string, count: number): Uint8Array {
    const start = take(count, `the status of ${name}`)
    const status = bytes.subarray(start, start + count)
    const wrong = status.findIndex(code => code > 2)
    if (wrong < 0) return status
    throw broken('0, 1 or 2 as a status', `${status[wrong]} at ${name}[${wrong}]`)
  }
}

function readMetadata(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Told below.
  }
  throw broken('a JSON object as metadata', 'other text')
}

function checkOffsets(offsets: Int32Array, end: number, what: string): Int32Array {
  const falling = offsets.findIndex((offset, i) => i > 0 && offset < offsets[i - 1])
  if (offsets[0] === 0 && falling < 0 && offsets[offsets.length - 1] === end) return offsets
  throw broken(`${what} offsets that rise from 0 to ${end}`, `others (at ${falling < 0 ? 'an end' : falling})`)
}

function checkSpans(spans: Int32Array, turnOffsets: Int32Array, tokenOffsets: Int32Array): Int32Array {
  for (let r = 0; r + 1 < turnOffsets.length; r++) {
    for (let t = turnOffsets[r]; t < turnOffsets[r + 1]; t++) {
      const [start, end] = spans.subarray(2 * t, 2 * t + 2)
      if (start === -1 && end === -1) continue
      if (start <= end && start >= tokenOffsets[r] && end <= tokenOffsets[r + 1]) continue
      throw broken('a span within the tokens of its rollout, or −1, −1', `${start}, ${end} at turn ${t}`)
    }
  }
  return spans
}

function padded(size: number): number {
  return size + ((8 - (size % 8)) % 8)
}

function broken(expected: string, got: string): GuerdonError {
  return new GuerdonError('parse', `expected ${expected}; got ${got} — the binary body`, {
    hint: `${batchContentType} is laid out as encodeBatch of @guerdon/server describes it`,
  })
}
