import type { Random } from '@guerdon/core'
import type { Tensor } from '../graph.ts'
import type { NdArray } from '../ndarray.ts'
import { add } from '../operators/binary.ts'
import { type ConvOptions, conv2d, type Pair, pairOf } from '../operators/conv.ts'
import { reshape } from '../operators/layout.ts'
import { uniformArray } from './initialise.ts'

/** Parameters of {@link conv2dLayer}: kernel `[outputs][inputs/groups][kh][kw]`, bias `[outputs]`. */
export interface Conv2d<T = Tensor> {
  kernel: T
  bias: T
}

/** New parameters, uniform in ±1/√(inputs/groups·kh·kw). */
export function conv2dParameters(
  random: Random,
  options: { inputs: number; outputs: number; kernel: Pair; groups?: number },
): Conv2d<NdArray> {
  const { inputs, outputs, groups = 1 } = options
  const [height, width] = pairOf(options.kernel, 1)
  const bound = 1 / Math.sqrt((inputs / groups) * height * width)
  return {
    kernel: uniformArray(random, [outputs, inputs / groups, height, width], bound),
    bias: uniformArray(random, [outputs], bound),
  }
}

/** Cross-correlation of images `[N][inputs][H][W]` and a bias for every output channel. */
export function conv2dLayer(parameters: Conv2d, x: Tensor, options: ConvOptions = {}): Tensor {
  return add(conv2d(x, parameters.kernel, options), reshape(parameters.bias, [-1, 1, 1]))
}
