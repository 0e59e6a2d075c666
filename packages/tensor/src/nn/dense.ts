import type { Random } from '@guerdon/core'
import type { Tensor } from '../graph.ts'
import type { NdArray } from '../ndarray.ts'
import { add } from '../operators/binary.ts'
import { matmul } from '../operators/matmul.ts'
import { filledArray, orthogonalArray, uniformArray } from './initialise.ts'

/** Parameters of {@link dense}: weight `[inputs][outputs]`, bias `[outputs]`. */
export interface Dense<T = Tensor> {
  weight: T
  bias?: T
}

/**
 * New parameters. `uniform` (default): weight and bias in ±1/√inputs; `orthogonal`: orthonormal times `gain`, bias 0;
 * `zero`: all 0, for heads that must start neutral.
 */
export function denseParameters(
  random: Random,
  options: {
    inputs: number
    outputs: number
    bias?: boolean
    initialise?: 'uniform' | 'orthogonal' | 'zero'
    gain?: number
  },
): Dense<NdArray> {
  const { inputs, outputs, bias = true, initialise = 'uniform', gain = 1 } = options
  const bound = 1 / Math.sqrt(inputs)
  const weight =
    initialise === 'uniform'
      ? uniformArray(random, [inputs, outputs], bound)
      : initialise === 'orthogonal'
        ? orthogonalArray(random, [inputs, outputs], gain)
        : filledArray([inputs, outputs], 0)
  if (!bias) return { weight }
  return { weight, bias: initialise === 'uniform' ? uniformArray(random, [outputs], bound) : filledArray([outputs], 0) }
}

/** y = x·W + b over the last axis, `[…][inputs]` → `[…][outputs]`. */
export function dense(parameters: Dense, x: Tensor): Tensor {
  const product = matmul(x, parameters.weight)
  return parameters.bias === undefined ? product : add(product, parameters.bias)
}

/** Parameters of a chain of dense layers with the given widths, e.g. `[8, 64, 64, 4]`. */
export function mlpParameters(random: Random, widths: readonly number[]): Dense<NdArray>[] {
  return widths.slice(1).map((outputs, i) => denseParameters(random, { inputs: widths[i], outputs }))
}

/** Dense layers with `activation` between them, none after the last. */
export function mlp(parameters: readonly Dense[], x: Tensor, options: { activation: (x: Tensor) => Tensor }): Tensor {
  return parameters.reduce((value, layer, i) => dense(layer, i === 0 ? value : options.activation(value)), x)
}
