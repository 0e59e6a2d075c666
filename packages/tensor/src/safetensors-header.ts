import { describeValue, GuerdonError } from '@guerdon/core'

/** One array of a safetensors file: where its bytes stand, counted from the end of the header. */
export interface Entry {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

/** The format's limit, which keeps a broken length from allocating the machine's memory. */
const maximumHeader = 100_000_000

/** Bytes an element takes in the file, for every element type this module reads. */
export const elementSize: Readonly<Record<string, number>> = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
}

/** The header of a safetensors file, checked against the file's length; `start` is where the arrays' bytes begin. */
export function readHeader(file: Uint8Array): { entries: Entry[]; metadata: Record<string, string>; start: number } {
  const { header, start } = parseHeader(file)
  const metadata: Record<string, string> = {}
  const entries: Entry[] = []
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') Object.assign(metadata, readMetadata(value))
    else entries.push(readEntry(name, value))
  }
  checkCoverage(entries, file.length - start)
  return { entries, metadata, start }
}

/** The error for a damaged file: what was expected, and the array concerned. */
export function broken(expected: string, name?: string): GuerdonError {
  return new GuerdonError('parse', `safetensors: expected ${expected}`, {
    ...(name === undefined ? {} : { path: [name] }),
    hint: 'the file is damaged or not a safetensors file; fetch or write it again',
  })
}

function parseHeader(file: Uint8Array): { header: Record<string, unknown>; start: number } {
  if (file.length < 8) throw broken(`at least the 8 bytes of the header's length; got ${file.length} bytes`)
  const size = new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true)
  if (size > maximumHeader) throw broken(`a header of at most ${maximumHeader} bytes; got a length of ${size}`)
  const start = 8 + Number(size)
  if (start > file.length)
    throw broken(`a header of ${size} bytes; the file ends ${start - file.length} bytes too early`)
  let text: string
  let header: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(file.subarray(8, start))
    header = JSON.parse(text)
  } catch (cause) {
    throw new GuerdonError('parse', 'safetensors: expected the header to be JSON in UTF-8', {
      cause,
      hint: 'the file is damaged or not a safetensors file; fetch or write it again',
    })
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw broken(`the header to be a JSON object; got ${describeValue(header)}`)
  }
  const repeated = repeatedKey(text)
  if (repeated !== undefined) throw broken(`every name once; got ${describeValue(repeated)} twice`, repeated)
  return { header: header as Record<string, unknown>, start }
}

/** The first key that stands twice in one object of a valid JSON text (JSON.parse silently keeps the last). */
function repeatedKey(json: string): string | undefined {
  const open: Set<string>[] = []
  for (const [token, string] of json.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token === '{') open.push(new Set())
    else if (token === '}') open.pop()
    else if (string !== undefined) {
      const key = JSON.parse(string) as string
      const seen = open[open.length - 1]
      if (seen.has(key)) return key
      seen.add(key)
    }
  }
  return undefined
}

function readMetadata(value: unknown): Record<string, string> {
  const valid =
    typeof value === 'object' && value !== null && Object.values(value).every(each => typeof each === 'string')
  if (!valid || Array.isArray(value))
    throw broken(`metadata to map names to texts; got ${describeValue(value)}`, '__metadata__')
  return value as Record<string, string>
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(size => Number.isSafeInteger(size) && size >= 0)
}

function readEntry(name: string, value: unknown): Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>
  if (typeof dtype !== 'string' || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
    throw broken(`dtype, shape and two data_offsets; got ${describeValue(value)} in ${describeValue(name)}`, name)
  }
  const size = elementSize[dtype]
  if (size === undefined) {
    throw new GuerdonError(
      'unsupported',
      `safetensors: expected one of ${Object.keys(elementSize).join(', ')}; got dtype ${describeValue(dtype)} in ${describeValue(name)}`,
      {
        path: [name],
        hint: 'convert the array before saving it',
      },
    )
  }
  const [begin, end] = offsets
  const expected = shape.reduce((product, length) => product * length, size)
  if (end - begin !== expected) {
    throw broken(
      `${expected} bytes for ${dtype} of shape [${shape}]; got offsets ${begin} to ${end} in ${describeValue(name)}`,
      name,
    )
  }
  return { name, dtype, shape, begin, end }
}

/** Every byte after the header must belong to exactly one array. */
function checkCoverage(entries: readonly Entry[], length: number): void {
  let covered = 0
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) {
      const fault = begin < covered ? 'overlaps the array before it' : 'leaves a gap before it'
      throw broken(
        `${describeValue(name)} to begin at byte ${covered} of the data; it begins at ${begin} and ${fault}`,
        name,
      )
    }
    covered = end
  }
  if (covered !== length) throw broken(`${covered} bytes of data after the header; got ${length}`)
}
