import type { RolloutBatch } from '@guerdon/core'
import type { PolicyParameters } from '@guerdon/learn'
import { tokenLogProbs, trainingRows } from '@guerdon/learn'
import { grad, isNdArray, jit, mul, type NdArray, neg, sum, type Tensor, type Tree, treeLeaves } from '@guerdon/tensor'
import type { TextSetting } from './setting.ts'
import type { Policy } from './start-policy.ts'

/**
 * Signal-to-noise ratio of the policy gradient that a batch's credit makes, over its G groups as independent samples:
 *
 *   ĝ_i = −∇ Σ A·log π over the tokens of group i,  s² = Σ‖ĝ_i − ḡ‖² / (G − 1),  SNR = (‖ḡ‖² − s²/G) / s²
 *
 * The numerator is an unbiased estimate of the squared norm of the true gradient, so it may be negative by chance. Scaling
 * the credit changes nothing.
 *
 * @param batch with `token.advantage`
 */
export async function gradientSignalToNoise(
  batch: RolloutBatch,
  policy: Policy,
  { config }: TextSetting,
): Promise<number> {
  const width = config.maximumLength
  const rows = trainingRows(batch, { maximumLength: width, widthStep: width })
  const size = width - 1
  const gradientOf = jit(
    grad((parameters: PolicyParameters, tokens: Tensor, weights: Tensor) =>
      neg(sum(mul(tokenLogProbs(parameters, tokens, config), weights))),
    ),
    { threads: 1 },
  )
  const { value: _, ...actor } = policy
  const largest = Math.max(...batch.groupIds.map((_, g) => batch.groupOffsets[g + 1] - batch.groupOffsets[g]))
  const gradients: Float32Array[] = []
  for (let g = 0; g < batch.groupIds.length; g++) {
    const [from, to] = [batch.groupOffsets[g], batch.groupOffsets[g + 1]]
    const tokens = new Int32Array(largest * width)
    const weights = new Float32Array(largest * size)
    tokens.set(rows.tokens.subarray(from * width, to * width))
    for (let i = 0; i < (to - from) * size; i++)
      weights[i] = rows.mask[from * size + i] * rows.advantages[from * size + i]
    const gradient = await gradientOf(
      actor,
      { dtype: 'int32', shape: [largest, width], data: tokens },
      { dtype: 'float32', shape: [largest, size], data: weights },
    )
    gradients.push(flatten(gradient as unknown as Tree<NdArray>))
  }
  return signalToNoise(gradients)
}

/** (‖ḡ‖² − s²/G) / s² of sampled vectors; 0 where all are 0. */
export function signalToNoise(samples: readonly Float32Array[]): number {
  const count = samples.length
  const length = samples[0]?.length ?? 0
  let signal = 0
  let noise = 0
  for (let i = 0; i < length; i++) {
    let mean = 0
    for (const sample of samples) mean += sample[i] / count
    signal += mean * mean
    for (const sample of samples) noise += (sample[i] - mean) ** 2 / (count - 1)
  }
  return noise === 0 ? 0 : (signal - noise / count) / noise
}

function flatten(tree: Tree<NdArray>): Float32Array {
  const leaves = treeLeaves(tree, isNdArray) as readonly NdArray[]
  const flat = new Float32Array(leaves.reduce((total, { data }) => total + data.length, 0))
  let at = 0
  for (const { data } of leaves) {
    flat.set(data as Float32Array, at)
    at += data.length
  }
  return flat
}
