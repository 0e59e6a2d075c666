import type { Tensor } from '../graph.ts'
import { sizeOf } from '../ndarray.ts'
import { concat, reshape, sliceAxis } from '../operators/layout.ts'
import { isTensor } from '../transform/gradients.ts'
import { treeLeaves, treeMap } from '../tree.ts'

/** All leaves one after the other as one vector: an optimiser then needs a few operators, not a few for each leaf. */
export function flatten(tree: unknown): Tensor {
  return concat(treeLeaves(tree, isTensor).map(leaf => reshape(leaf, [-1])))
}

/** A tree shaped as `like` filled from a vector. */
export function unflatten<P>(like: P, vector: Tensor): P {
  let position = 0
  return treeMap(like, isTensor, leaf => {
    const start = position
    position += sizeOf(leaf.shape)
    return reshape(sliceAxis(vector, 0, start, position), leaf.shape)
  }) as P
}
