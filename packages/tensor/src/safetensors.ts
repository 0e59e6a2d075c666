import { describeValue, GuerdonError } from '@guerdon/core'
import { isNdArray, type NdArray } from './ndarray.ts'
import { readArray } from './safetensors-elements.ts'
import { readHeader } from './safetensors-header.ts'
import { type Tree, treePaths } from './tree.ts'

const written = { float32: 'F32', float64: 'F64', int32: 'I32', bool: 'BOOL' } as const

/** What a safetensors file holds. */
export interface Safetensors {
  /** Arrays by their name in the file, in the file's order. */
  readonly tensors: Record<string, NdArray>
  /** The file's free text entries (`__metadata__`). */
  readonly metadata: Record<string, string>
}

/**
 * The arrays of a safetensors file held in memory (https://github.com/huggingface/safetensors, "Format").
 *
 * F32, F64, I32 and BOOL become views of `bytes` without copying (an array is copied only if the file does not align it),
 * so changing one changes the other. F16 and BF16 widen to float32; I8, U8, I16 and U16 widen to int32; U32, I64 and U64
 * become int32 if every value fits.
 *
 * @throws GuerdonError `parse` for a truncated, inconsistent or overlapping file and for repeated names; `unsupported`
 * for other element types and for integers beyond 32 bits.
 */
export function readSafetensors(bytes: Uint8Array | ArrayBuffer): Safetensors {
  const file = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)
  const { entries, metadata, start } = readHeader(file)
  const tensors = Object.fromEntries(entries.map(entry => [entry.name, readArray(file, start, entry)]))
  return { tensors, metadata }
}

/**
 * The bytes of a safetensors file holding `parameters`: an array of a nested tree is named by its path joined with dots
 * (`blocks.0.attention.query`), flat records keep their names.
 *
 * The same arrays always give the same bytes: entries are ordered by element size, largest first, then by name, which
 * aligns each of them, as the reference writer does.
 *
 * @throws GuerdonError `invalid_input` if two arrays get the same name or one is called `__metadata__`.
 */
export function writeSafetensors(
  parameters: Tree<NdArray>,
  options: { metadata?: Readonly<Record<string, string>> } = {},
): Uint8Array<ArrayBuffer> {
  const parts = safetensorsParts(parameters, options)
  const bytes = new Uint8Array(parts.reduce((total, part) => total + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/**
 * The same file as {@link writeSafetensors} as a header and views of the arrays' own memory, to be written one after the
 * other (`filehandle.writev(parts)`, `new Blob(parts)`): a large model is saved without a second copy of it.
 */
export function safetensorsParts(
  parameters: Tree<NdArray>,
  options: { metadata?: Readonly<Record<string, string>> } = {},
): Uint8Array<ArrayBuffer>[] {
  const arrays = treePaths(parameters, isNdArray).sort(
    ({ path: a, leaf: x }, { path: b, leaf: y }) =>
      y.data.BYTES_PER_ELEMENT - x.data.BYTES_PER_ELEMENT || (a < b ? -1 : 1),
  )
  const header = new Map<string, unknown>()
  if (options.metadata !== undefined) header.set('__metadata__', options.metadata)
  let end = 0
  for (const { path: name, leaf: array } of arrays) {
    if (header.has(name) || name === '__metadata__') {
      throw new GuerdonError(
        'invalid_input',
        `expected every array to have its own name; got ${describeValue(name)} twice`,
        {
          path: [name],
          hint: 'rename one of them ("__metadata__" is taken by the format)',
        },
      )
    }
    const begin = end
    end += array.data.byteLength
    header.set(name, { dtype: written[array.dtype], shape: array.shape, data_offsets: [begin, end] })
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)))
  const padded = Math.ceil(json.length / 8) * 8
  const head = new Uint8Array(8 + padded).fill(0x20)
  new DataView(head.buffer).setBigUint64(0, BigInt(padded), true)
  head.set(json, 8)
  return [
    head,
    ...arrays.map(({ leaf: { data } }) => new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)),
  ]
}

/**
 * A nested tree from arrays named by paths: the inverse of the naming in {@link writeSafetensors}. A level whose keys are
 * exactly 0 … n−1 becomes an array.
 *
 * @throws GuerdonError `invalid_input` if one name is a path through another (`a` and `a.b`).
 */
export function nestNames(tensors: Readonly<Record<string, NdArray>>): Tree<NdArray> {
  type Level = Map<string, Level | NdArray>
  const root: Level = new Map()
  for (const [name, array] of Object.entries(tensors)) {
    const keys = name.split('.')
    const last = keys.pop() as string
    let level = root
    for (const key of keys) {
      let next = level.get(key)
      if (next === undefined) level.set(key, (next = new Map()))
      if (!(next instanceof Map)) throw nestingError(name)
      level = next
    }
    if (level.has(last)) throw nestingError(name)
    level.set(last, array)
  }
  const build = (level: Level | NdArray): Tree<NdArray> => {
    if (!(level instanceof Map)) return level
    const built: [string, Tree<NdArray>][] = [...level].map(([key, value]) => [key, build(value)])
    const isList = built.length > 0 && built.every((_, index) => level.has(String(index)))
    return isList ? built.map((_, index) => build(level.get(String(index))!)) : Object.fromEntries(built)
  }
  return build(root)
}

function nestingError(name: string): GuerdonError {
  return new GuerdonError(
    'invalid_input',
    `expected names that nest; got ${describeValue(name)} and a name that is a path through it`,
    {
      path: [name],
      hint: 'use the flat record of tensors instead',
    },
  )
}
