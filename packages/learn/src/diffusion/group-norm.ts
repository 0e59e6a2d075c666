import { GuerdonError } from '@guerdon/core'
import { add, filledArray, layerNorm, mul, type NdArray, reshape, type Tensor } from '@guerdon/tensor'

/** Parameters of `groupNorm`: scale and bias `[channels]`. */
export interface GroupNorm<T = Tensor> {
  scale: T
  bias: T
}

/** Scale 1, bias 0. */
export function groupNormParameters(channels: number): GroupNorm<NdArray> {
  return { scale: filledArray([channels], 1), bias: filledArray([channels], 0) }
}

/**
 * Normalises images [N][C][H][W] over each group of C/groups channels and all places, then scales and shifts every channel
 * (Wu & He, arXiv 1803.08494).
 *
 * @throws shape_mismatch when the groups do not divide the channels
 */
export function groupNorm(parameters: GroupNorm, x: Tensor, options: { readonly groups: number }): Tensor {
  const [count, channels, height, width] = x.shape
  const { groups } = options
  if (channels % groups !== 0) {
    throw new GuerdonError('shape_mismatch', `expected channels that ${groups} groups divide; got ${channels}`, {
      path: ['groups'],
    })
  }
  const grouped = layerNorm(reshape(x, [count, groups, (channels / groups) * height * width]))
  const { scale, bias } = parameters
  const each = (values: Tensor) => reshape(values, [1, channels, 1, 1])
  return add(mul(reshape(grouped, x.shape), each(scale)), each(bias))
}
