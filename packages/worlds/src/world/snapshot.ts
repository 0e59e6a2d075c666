import { GuerdonError } from '@guerdon/core'

/** What a snapshot belongs to; all of it must match the world that restores it. */
export interface SnapshotOwner {
  readonly world: string
  readonly copies: number
  readonly firstCopy: number
  readonly horizon: number
  readonly autoreset: string
  readonly outOfRange: string
  /** Numbers in a state and in an observation. */
  readonly stateSize: number
  readonly observationSize: number
}

const format = 'guerdon-world'
const version = 1

/** Bytes before the contents: the header's length (uint32, little-endian), the header as JSON, spaces up to a multiple of 8. */
export function writeSnapshot(owner: SnapshotOwner, contents: Uint8Array): Uint8Array {
  const header = new TextEncoder().encode(JSON.stringify({ format, version, ...owner, bytes: contents.length }))
  const start = Math.ceil((4 + header.length) / 8) * 8
  const snapshot = new Uint8Array(start + contents.length).fill(0x20, 4, start)
  new DataView(snapshot.buffer).setUint32(0, start - 4, true)
  snapshot.set(header, 4)
  snapshot.set(contents, start)
  return snapshot
}

/**
 * The contents of a snapshot.
 *
 * @throws parse for bytes that are no snapshot or a part of one; version for one of another version; shape_mismatch for
 * one of another world, number of copies, horizon or mode, naming what differs
 */
export function readSnapshot(owner: SnapshotOwner, snapshot: Uint8Array): Uint8Array {
  const header = readHeader(snapshot)
  if (header['version'] !== version)
    throw new GuerdonError('version', `expected a snapshot of version ${version}; got version ${header['version']}`, {
      hint: 'restore it with the release that wrote it',
    })
  for (const [name, expected] of Object.entries(owner)) {
    if (header[name] === expected) continue
    throw new GuerdonError(
      'shape_mismatch',
      `expected a snapshot with ${name} ${expected}; got ${name} ${header[name]} — snapshot of ${header['world']}`,
      { path: [name], hint: 'restore it into a world made with the same definition and options' },
    )
  }
  const start = 4 + new DataView(snapshot.buffer, snapshot.byteOffset).getUint32(0, true)
  const contents = snapshot.subarray(start)
  if (contents.length !== header['bytes']) {
    throw new GuerdonError(
      'parse',
      `expected ${header['bytes']} bytes after the header of a snapshot; got ${contents.length}`,
      {
        hint: 'the snapshot was cut short or has grown; write it to a new file and rename that',
      },
    )
  }
  return contents
}

function readHeader(snapshot: Uint8Array): Readonly<Record<string, unknown>> {
  const length =
    snapshot.length < 4
      ? Number.POSITIVE_INFINITY
      : new DataView(snapshot.buffer, snapshot.byteOffset).getUint32(0, true)
  if (length <= snapshot.length - 4) {
    try {
      const header: unknown = JSON.parse(new TextDecoder().decode(snapshot.subarray(4, 4 + length)))
      if (typeof header === 'object' && header !== null && 'format' in header && header.format === format)
        return header as Readonly<Record<string, unknown>>
    } catch {
      // told below, with what was expected
    }
  }
  throw new GuerdonError('parse', `expected a snapshot of a world; got ${snapshot.length} other bytes`, {
    hint: 'give the bytes that save() returned',
  })
}
