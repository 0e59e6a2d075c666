import { GuerdonError } from '@guerdon/core'
import { assertSamples } from './chains.ts'
import type { DiffusionModel } from './model.ts'
import { conditionLabels, sampleSize } from './network.ts'

/** Samples to learn the law of. */
export interface DiffusionData {
  /** [N·D] scaled to about ±1 or unit variance. */
  readonly samples: ArrayLike<number>
  /** [N] classes. Default: none. */
  readonly labels?: ArrayLike<number> | null
  /** [M·D] samples never trained on, with labels if the others have them. */
  readonly heldOut?: { readonly samples: ArrayLike<number>; readonly labels?: ArrayLike<number> | null }
}

/** Samples of one size in float32, with labels. */
export interface CheckedData {
  readonly count: number
  readonly samples: Float32Array
  readonly labels: Int32Array
}

/** @throws empty, shape_mismatch, not_finite naming the sample, invalid_input for labels out of range */
export function checkedData<P>(
  { network }: DiffusionModel<P>,
  { samples, labels }: Pick<DiffusionData, 'samples' | 'labels'>,
  name: string,
): CheckedData {
  const size = sampleSize(network)
  const count = Math.floor(samples.length / size)
  if (count === 0) throw new GuerdonError('empty', `expected samples; got none — ${name}`, { path: [name] })
  assertSamples(samples, count, size, name)
  return { count, samples: Float32Array.from(samples), labels: conditionLabels(network, labels, count) }
}
