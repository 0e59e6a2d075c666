import { assertInteger, type Random } from '@guerdon/core'
import type { Evaluated, NdArray } from '@guerdon/tensor'
import type { GradientTask } from '../training/gradient-learner.ts'
import { rowChunks } from './inputs.ts'

/** Examples that become a batch by their numbers. */
export interface ExampleRows<B> {
  readonly count: number
  /** `random` for further draws of a minibatch; absent for held-out rows, which must come out the same each time. */
  batch(rows: Int32Array, random?: Random): Evaluated<B>
}

/** What all tasks on labelled examples may be told. */
export interface RowTaskOptions<Examples, Parameters> {
  /** Examples a minibatch, drawn with replacement. Default 32. */
  readonly batchSize?: number
  /** Never trained on. */
  readonly heldOut?: Examples
  /** Parameters to start from instead of fresh ones. */
  readonly initial?: Parameters
}

/** A task on labelled examples: minibatches drawn with replacement, one integer an example,
 * before whatever else a batch draws; held-out batches in order. */
export function rowTask<P, B>(
  task: Pick<GradientTask<P, B>, 'name' | 'settings' | 'initial' | 'loss'>,
  examples: ExampleRows<B>,
  options: { readonly batchSize?: number | undefined; readonly heldOut?: ExampleRows<B> | undefined },
): GradientTask<P, B> {
  const { batchSize = 32, heldOut } = options
  assertInteger(batchSize, 'batchSize', 1)
  const { count } = examples
  return {
    ...task,
    settings: { ...task.settings, batchSize, examples: count },
    nextBatch: random =>
      examples.batch(
        Int32Array.from({ length: batchSize }, () => random.integer(count)),
        random,
      ),
    heldOut: heldOut
      ? rowChunks(heldOut.count, batchSize).map(rows => ({ batch: heldOut.batch(rows), count: rows.length }))
      : [],
  }
}

/** A float32 column of the chosen rows, [rows][1]. */
export function pickColumn(values: ArrayLike<number>, rows: Int32Array): NdArray {
  return { dtype: 'float32', shape: [rows.length, 1], data: Float32Array.from(rows, row => values[row]) }
}
