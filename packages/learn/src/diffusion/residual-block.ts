import type { Random } from '@guerdon/core'
import {
  add,
  type Conv2d,
  conv2dLayer,
  conv2dParameters,
  type Dense,
  dense,
  denseParameters,
  expandDims,
  type NdArray,
  silu,
  type Tensor,
} from '@guerdon/tensor'
import { type GroupNorm, groupNorm, groupNormParameters } from './group-norm.ts'

/** Parameters of `residualBlock`. */
export interface ResidualBlock<T = Tensor> {
  firstNorm: GroupNorm<T>
  firstConv: Conv2d<T>
  /** From the embedding of timestep and class to a shift for every channel. */
  shift: Dense<T>
  secondNorm: GroupNorm<T>
  secondConv: Conv2d<T>
  /** 1×1, where the number of channels changes. */
  shortcut?: Conv2d<T>
}

/** Sizes of a block. */
export interface ResidualBlockSize {
  readonly inputs: number
  readonly outputs: number
  /** Numbers of the embedding. */
  readonly embedding: number
}

/** New parameters. */
export function residualBlockParameters(random: Random, size: ResidualBlockSize): ResidualBlock<NdArray> {
  const { inputs, outputs, embedding } = size
  return {
    firstNorm: groupNormParameters(inputs),
    firstConv: conv2dParameters(random, { inputs, outputs, kernel: 3 }),
    shift: denseParameters(random, { inputs: embedding, outputs }),
    secondNorm: groupNormParameters(outputs),
    secondConv: conv2dParameters(random, { inputs: outputs, outputs, kernel: 3 }),
    ...(inputs !== outputs && { shortcut: conv2dParameters(random, { inputs, outputs, kernel: 1 }) }),
  }
}

/**
 * x + conv(silu(norm(conv(silu(norm(x))) + shift(embedding)))): [N][inputs][H][W] → [N][outputs][H][W].
 *
 * @param embedding [N][…] of timestep and class
 */
export function residualBlock(
  parameters: ResidualBlock,
  x: Tensor,
  embedding: Tensor,
  options: { readonly groups: number },
): Tensor {
  const { firstNorm, firstConv, shift, secondNorm, secondConv, shortcut } = parameters
  const first = conv2dLayer(firstConv, silu(groupNorm(firstNorm, x, options)), { padding: 1 })
  const shifted = add(first, expandDims(dense(shift, embedding), { axis: [2, 3] }))
  const second = conv2dLayer(secondConv, silu(groupNorm(secondNorm, shifted, options)), { padding: 1 })
  return add(shortcut ? conv2dLayer(shortcut, x) : x, second)
}
