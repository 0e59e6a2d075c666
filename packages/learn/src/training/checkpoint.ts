import { GuerdonError } from '@guerdon/core'
import { isNdArray, type NdArray, readSafetensors, type Tree, treeMap, writeSafetensors } from '@guerdon/tensor'

/** Parameters as the bytes of a safetensors file; arrays are named by their paths, such as `body.blocks.0.attentionIn`. */
export function saveCheckpoint(parameters: unknown): Uint8Array {
  return writeSafetensors(parameters as Tree<NdArray>)
}

/**
 * Parameters from a safetensors file.
 *
 * @param like parameters of the expected form: names, shapes and types must agree
 * @throws shape_mismatch naming the first array that is missing, left over, or of another shape
 */
export function loadCheckpoint<T>(bytes: Uint8Array, like: T): T {
  return arraysLike(readSafetensors(bytes).tensors, like)
}

/**
 * A tree like `like` of named arrays, the names being paths.
 *
 * @throws shape_mismatch naming the first array that is missing, left over, or of another shape
 */
export function arraysLike<T>(tensors: Readonly<Record<string, NdArray>>, like: T): T {
  const unused = new Set(Object.keys(tensors))
  const loaded = treeMap(like, isNdArray, (leaf: NdArray, path) => {
    const name = path.join('.')
    const found = tensors[name]
    unused.delete(name)
    if (found !== undefined && found.dtype === leaf.dtype && `${found.shape}` === `${leaf.shape}`) return found
    const got = found === undefined ? 'nothing' : `${found.dtype} [${found.shape}]`
    throw new GuerdonError(
      'shape_mismatch',
      `expected ${name} as ${leaf.dtype} [${leaf.shape}] in the checkpoint; got ${got}`,
      {
        path: [...path],
        hint: 'the checkpoint belongs to a model of another size or kind',
      },
    )
  })
  const [extra] = unused
  if (extra !== undefined) {
    throw new GuerdonError('shape_mismatch', `the checkpoint has an array ${extra} that the model has no place for`, {
      path: extra.split('.'),
      hint: 'the checkpoint belongs to a model of another size or kind',
    })
  }
  return loaded as T
}
