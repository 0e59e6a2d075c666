import { GuerdonError } from '@guerdon/core'
import { add, leakyRelu, matmul, relu, sigmoid, silu, type Tensor, tanh } from '@guerdon/tensor'

/** One affine layer: y = W·x + b. */
export interface MlpLayer {
  /** [out][in] */
  readonly weight: Tensor
  /** [out]; none for a layer without bias. */
  readonly bias?: Tensor | undefined
}

export const activations = ['none', 'tanh', 'relu', 'leakyRelu', 'silu', 'sigmoid'] as const
export type Activation = (typeof activations)[number]

export interface MlpOptions {
  /** Between layers. Default `relu`. */
  readonly activation?: Activation
  /** After the last layer. Default `none`. */
  readonly outputActivation?: Activation
  /** Slope of `leakyRelu` below 0. Default 0.2. */
  readonly slope?: number
}

/**
 * A multi-layer perceptron applied to rows: affine layers with an activation between them.
 *
 * @param x [B][in]
 * @returns [B][out of the last layer]
 * @throws empty for no layer
 */
export function mlp(x: Tensor, layers: readonly MlpLayer[], options: MlpOptions = {}): Tensor {
  const { activation = 'relu', outputActivation = 'none' } = options
  if (layers.length === 0)
    throw new GuerdonError('empty', 'expected at least one layer; got none', { path: ['layers'] })
  let hidden = x
  layers.forEach((layer, index) => {
    hidden = affine(hidden, layer)
    hidden = activate(hidden, index < layers.length - 1 ? activation : outputActivation, options.slope)
  })
  return hidden
}

/** x·Wᵀ + b for rows `x` [B][in]. */
export function affine(x: Tensor, layer: MlpLayer): Tensor {
  const product = matmul(x, layer.weight, { transposeB: true })
  return layer.bias === undefined ? product : add(product, layer.bias)
}

/** The named activation; `slope` is that of `leakyRelu`, 0.2 unless told. */
export function activate(x: Tensor, activation: Activation, slope = 0.2): Tensor {
  switch (activation) {
    case 'none':
      return x
    case 'tanh':
      return tanh(x)
    case 'relu':
      return relu(x)
    case 'leakyRelu':
      return leakyRelu(x, { slope })
    case 'silu':
      return silu(x)
    case 'sigmoid':
      return sigmoid(x)
  }
}
