import type { Random } from '@guerdon/core'
import type { Tensor } from '../graph.ts'
import type { NdArray } from '../ndarray.ts'
import { gather } from '../operators/indexing.ts'
import { normalArray } from './initialise.ts'

/** Parameters of {@link embedding}: table `[entries][width]`. */
export interface Embedding<T = Tensor> {
  table: T
}

/** New parameters, normal with standard deviation `deviation` (default 1). */
export function embeddingParameters(
  random: Random,
  options: { entries: number; width: number; deviation?: number },
): Embedding<NdArray> {
  return { table: normalArray(random, [options.entries, options.width], options.deviation ?? 1) }
}

/** Rows of the table at int32 indices, `[…]` → `[…][width]`. */
export function embedding(parameters: Embedding, indices: Tensor): Tensor {
  return gather(parameters.table, indices)
}
