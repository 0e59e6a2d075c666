import type { Random } from '@guerdon/core'
import { GuerdonError } from '@guerdon/core'
import type { Evaluated, Tensor } from '@guerdon/tensor'
import type { Settings } from '../run/learner.ts'

/**
 * A network that says what is noise in a sample, knowing how noisy it is. What its output means (ε, x₀ or v) the model
 * decides that holds it.
 */
export interface DenoiserNetwork<P> {
  readonly name: string
  /** Sizes, as plain data. */
  readonly settings: Settings
  /** Shape of one sample: `[2]`, or `[channels, height, width]`. */
  readonly shape: readonly number[]
  /** Classes it can be conditioned on; 0: none. Label `classes` is the empty condition. */
  readonly classes: number
  initial(random: Random): Evaluated<P>
  /**
   * The prediction, shaped as the samples.
   *
   * @param samples [B][…shape]; timesteps [B] floats in 0 … T − 1; labels [B] int32, not looked at without classes
   */
  apply(parameters: P, samples: Tensor, timesteps: Tensor, labels: Tensor): Tensor
}

/** Numbers in one sample. */
export function sampleSize({ shape }: { readonly shape: readonly number[] }): number {
  return shape.reduce((product, extent) => product * extent, 1)
}

/**
 * Labels of `count` samples: those given, checked, or empty conditions.
 *
 * @throws shape_mismatch for another number of labels; invalid_input for a label outside 0 … classes
 */
export function conditionLabels(
  network: { readonly classes: number },
  labels: ArrayLike<number> | null | undefined,
  count: number,
): Int32Array {
  const { classes } = network
  if (labels === null || labels === undefined) return new Int32Array(count).fill(classes)
  if (labels.length !== count) {
    throw new GuerdonError('shape_mismatch', `expected ${count} labels; got ${labels.length}`, { path: ['labels'] })
  }
  for (let i = 0; i < count; i++) {
    if (Number.isInteger(labels[i]) && labels[i] >= 0 && labels[i] <= classes) continue
    throw new GuerdonError('invalid_input', `expected labels in 0 … ${classes}; got ${labels[i]} — sample ${i}`, {
      path: ['labels', i],
      hint: classes === 0 ? 'the network was made without classes' : `label ${classes} is the empty condition`,
    })
  }
  return Int32Array.from(labels)
}
