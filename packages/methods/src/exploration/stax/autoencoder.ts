import { assertNotEmpty, type Random } from '@guerdon/core'
import {
  add,
  type Conv2d,
  conv2dLayer,
  conv2dParameters,
  convTranspose2d,
  type Dense,
  dense,
  expm1,
  maximum,
  mean,
  minimum,
  mlpParameters,
  mul,
  type NdArray,
  relu,
  reshape,
  square,
  sub,
  type Tensor,
  uniformArray,
} from '@guerdon/tensor'

const seluScale = 1.0507009873554805
const seluAlpha = 1.6732632423543772

/** Self-normalising unit: 1.0507·x above 0, 1.0507·1.6733·(eˣ − 1) below. Klambauer et al., arXiv 1706.02515. */
export function selu(x: Tensor): Tensor {
  return mul(seluScale, add(maximum(x, 0), mul(seluAlpha, expm1(minimum(x, 0)))))
}

/** What an auto-encoder makes of a batch. */
export interface Reconstruction {
  /** [B][b] latent codes: the behaviour descriptors. */
  readonly features: Tensor
  /** Shape of the inputs. */
  readonly reconstructions: Tensor
  /** [B] mean squared error: the surprise of a view. */
  readonly errors: Tensor
}

/** A transposed convolution with bias: kernel `[inputs][outputs][kh][kw]`. */
export interface TransposedConv2d<T = Tensor> {
  kernel: T
  bias: T
}

/** Parameters of `convAutoencoder`. */
export interface ConvAutoencoder<T = Tensor> {
  encoder: Conv2d<T>[]
  toFeatures: Dense<T>
  fromFeatures: Dense<T>
  decoder: TransposedConv2d<T>[]
}

/** Sizes of `convAutoencoderParameters`. */
export interface ConvAutoencoderOptions {
  /** Channels from the image inwards. Default [3, 32, 64, 32, 16]. */
  readonly channels?: readonly number[]
  /** Height and width, a multiple of 2 for each layer. Default 64. */
  readonly size?: number
  /** Latent code b. Default 10. */
  readonly features?: number
}

const window = { stride: 2, padding: 1 }

/** New parameters, uniform in ±1/√fan-in as PyTorch's defaults. */
export function convAutoencoderParameters(
  random: Random,
  options: ConvAutoencoderOptions = {},
): ConvAutoencoder<NdArray> {
  const { channels = [3, 32, 64, 32, 16], size = 64, features = 10 } = options
  assertNotEmpty(channels, 'channels')
  const layers = channels.length - 1
  const flat = channels[layers] * (size / 2 ** layers) ** 2
  const [toFeatures, fromFeatures] = mlpParameters(random, [flat, features, flat])
  return {
    encoder: channels
      .slice(1)
      .map((outputs, i) => conv2dParameters(random, { inputs: channels[i], outputs, kernel: 4 })),
    toFeatures,
    fromFeatures,
    decoder: Array.from({ length: layers }, (_, i) => {
      const [inputs, outputs] = [channels[layers - i], channels[layers - i - 1]]
      const bound = 1 / Math.sqrt(outputs * 16)
      return {
        kernel: uniformArray(random, [inputs, outputs, 4, 4], bound),
        bias: uniformArray(random, [outputs], bound),
      }
    }),
  }
}

/**
 * Convolutional auto-encoder: strided 4×4 convolutions with SELU, a linear layer to the code with SELU, the mirror of it
 * back, ReLU at the end for images in [0, 1].
 *
 * @param images [B][C][H][W]
 */
export function convAutoencoder(parameters: ConvAutoencoder, images: Tensor): Reconstruction {
  const hidden = parameters.encoder.reduce((x, layer) => selu(conv2dLayer(layer, x, window)), images)
  const [batch, channels, height, width] = hidden.shape
  const features = selu(dense(parameters.toFeatures, reshape(hidden, [batch, channels * height * width])))
  const start = reshape(selu(dense(parameters.fromFeatures, features)), [batch, channels, height, width])
  const last = parameters.decoder.length - 1
  const reconstructions = parameters.decoder.reduce((x, { kernel, bias }, i) => {
    const grown = add(convTranspose2d(x, kernel, window), reshape(bias, [-1, 1, 1]))
    return i === last ? relu(grown) : selu(grown)
  }, start)
  return { features, reconstructions, errors: viewErrors(images, reconstructions) }
}

/** Parameters of `denseAutoencoder`: layers from the view to the code and back. */
export interface DenseAutoencoder<T = Tensor> {
  encoder: Dense<T>[]
  decoder: Dense<T>[]
}

/**
 * New parameters of a fully connected auto-encoder.
 *
 * @param widths from the view to the code, e.g. [256, 48, 6]; the decoder mirrors them
 */
export function denseAutoencoderParameters(random: Random, widths: readonly number[]): DenseAutoencoder<NdArray> {
  return { encoder: mlpParameters(random, widths), decoder: mlpParameters(random, [...widths].reverse()) }
}

/** Fully connected auto-encoder: SELU after each layer, ReLU after the last. @param views [B][pixels] */
export function denseAutoencoder(parameters: DenseAutoencoder, views: Tensor): Reconstruction {
  const features = parameters.encoder.reduce((x, layer) => selu(dense(layer, x)), views)
  const last = parameters.decoder.length - 1
  const reconstructions = parameters.decoder.reduce(
    (x, layer, i) => (i === last ? relu(dense(layer, x)) : selu(dense(layer, x))),
    features,
  )
  return { features, reconstructions, errors: viewErrors(views, reconstructions) }
}

/** What is trained: the mean reconstruction error over the batch, a scalar. */
export function reconstructionLoss(reconstruction: Reconstruction): Tensor {
  return mean(reconstruction.errors)
}

function viewErrors(views: Tensor, reconstructions: Tensor): Tensor {
  return mean(square(sub(views, reconstructions)), { axis: views.shape.slice(1).map((_, i) => i + 1) })
}
