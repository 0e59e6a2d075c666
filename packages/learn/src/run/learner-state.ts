import { GuerdonError } from '@guerdon/core'
import { type NdArray, readSafetensors, type Tree, writeSafetensors } from '@guerdon/tensor'
import type { Settings } from './learner.ts'

/** Whose state it is. */
export interface StateOwner {
  readonly name: string
  readonly settings: Settings
}

const format = 'guerdon-learner'
const version = '1'

/**
 * The state of a learner as the bytes of a safetensors file: arrays under their paths, and `rest` (counts, random
 * streams, snapshots) as JSON in the file's free text.
 */
export function writeLearnerState(owner: StateOwner, arrays: Tree<NdArray>, rest: object): Uint8Array {
  const { name, settings } = owner
  return writeSafetensors(arrays, {
    metadata: { format, version, learner: name, settings: JSON.stringify(settings), rest: JSON.stringify(rest) },
  })
}

/**
 * Takes the state of a learner apart.
 *
 * @param like arrays of the expected form, and what `rest` holds; the caller knows the latter, as the version vouches for it
 * @throws parse, version or shape_mismatch, naming what differs
 */
export function readLearnerState<Rest>(
  bytes: Uint8Array,
  owner: StateOwner,
): { readonly tensors: Readonly<Record<string, NdArray>>; readonly rest: Rest } {
  const { tensors, metadata } = readSafetensors(bytes)
  if (metadata['format'] !== format) {
    throw new GuerdonError('parse', 'expected the saved state of a learner; got a file of parameters or other arrays', {
      hint: 'give the bytes that save() of a learner returned',
    })
  }
  if (metadata['version'] !== version) {
    throw new GuerdonError(
      'version',
      `expected a learner's state of version ${version}; got version ${metadata['version']}`,
      { hint: 'restore it with the release that wrote it' },
    )
  }
  assertSameOwner(owner, { name: metadata['learner'], settings: JSON.parse(metadata['settings']) as Settings })
  return { tensors, rest: JSON.parse(metadata['rest']) as Rest }
}

/** Throws shape_mismatch naming the first thing in which `found` differs from `expected`. */
export function assertSameOwner(expected: StateOwner, found: StateOwner): void {
  if (expected.name !== found.name) {
    throw new GuerdonError('shape_mismatch', `expected a run of ${expected.name}; got one of ${found.name}`, {
      path: ['name'],
      hint: 'use another folder for another learner',
    })
  }
  for (const key of new Set([...Object.keys(expected.settings), ...Object.keys(found.settings)])) {
    const [wanted, got] = [JSON.stringify(expected.settings[key]), JSON.stringify(found.settings[key])]
    if (wanted === got) continue
    throw new GuerdonError('shape_mismatch', `expected a run of ${expected.name} with ${key} ${wanted}; got ${got}`, {
      path: ['settings', key],
      hint: 'go on with the settings it was begun with, or start a new run in another folder',
    })
  }
}

/** The arrays below a path, under what is left of their names: `replay.rewards` below `replay` is `rewards`. */
export function arraysBelow(
  tensors: Readonly<Record<string, NdArray>>,
  path: string,
): Readonly<Record<string, NdArray>> {
  const below = Object.entries(tensors).filter(([name]) => name.startsWith(`${path}.`))
  return Object.fromEntries(below.map(([name, array]) => [name.slice(path.length + 1), array]))
}

/** Bytes as text, for `rest`. */
export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}

/** The inverse of `toBase64`. */
export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), character => character.charCodeAt(0))
}
