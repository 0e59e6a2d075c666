import { assertInRange, type Random } from '@guerdon/core'
import {
  add,
  argMax,
  cast,
  conv2d,
  crossEntropy,
  equal,
  expandDims,
  gather,
  logSoftmax,
  maxPool2d,
  mean,
  mul,
  neg,
  oneHot,
  relu,
  reshape,
  sum,
  type Tensor,
  transpose,
} from '@guerdon/tensor'
import { affine, type MlpLayer } from '../../shared/mlp.ts'

/** Labels of a pair: the first is better, the second is, or neither. */
export const RankingLabel = { first: 0, second: 1, tie: 2 } as const

/**
 * Ranking loss: mean −Σ_k q_k·log softmax(R(o₁), R(o₂))_k with q one-hot, or (½, ½) for a tie.
 *
 * @param rewards [B][2] of the two captions of each pair
 * @param labels [B] `RankingLabel`
 */
export function rankingLoss(rewards: Tensor, labels: Tensor): Tensor {
  const classes = cast(labels, 'int32')
  const ties = cast(equal(classes, RankingLabel.tie), rewards.dtype)
  // a tie is outside [0, 2), so its one-hot row is 0 and gets one half on both sides
  const wanted = add(cast(oneHot(classes, { depth: 2 }), rewards.dtype), expandDims(mul(ties, 0.5), { axis: 1 }))
  return mean(neg(sum(mul(wanted, logSoftmax(rewards)), { axis: 1 })))
}

/** Share of decided pairs whose better caption has the higher reward; undefined when all are ties. */
export function rankingAccuracy(rewards: readonly ArrayLike<number>[], labels: ArrayLike<number>): number | undefined {
  let decided = 0
  let right = 0
  rewards.forEach((pair, i) => {
    if (labels[i] === RankingLabel.tie) return
    decided++
    if ((pair[1] > pair[0] ? RankingLabel.second : RankingLabel.first) === labels[i]) right++
  })
  return decided === 0 ? undefined : right / decided
}

/** Cross-entropy of caption logits [B][2] with labels [B] (0 or 1), mean over the batch. */
export function captionLoss(logits: Tensor, labels: Tensor): Tensor {
  return crossEntropy(logits, cast(labels, 'int32'))
}

/** Share of captions classified as labelled, as a scalar graph. */
export function captionAccuracy(logits: Tensor, labels: Tensor): Tensor {
  return mean(cast(equal(argMax(logits, { axis: 1 }), cast(labels, 'int32')), logits.dtype))
}

/** One convolution over characters. */
export interface CharacterConvolution {
  /** [out][in][k] */
  readonly weight: Tensor
  /** [out] */
  readonly bias: Tensor
}

/** Weights of the character network. */
export interface CaptionNetwork {
  /** [256][32] */
  readonly embedding: Tensor
  /** Kernels 7, 7, 3, 3, 3, 3; pooling by 3 after the first, the second and the last. */
  readonly convolutions: readonly CharacterConvolution[]
  /** 128 units. */
  readonly dense: MlpLayer
  /** 512, 512, then 2 logits (classification) or 1 reward (ranking). */
  readonly head: readonly MlpLayer[]
}

/** Choices of `captionNetwork`. */
export interface CaptionNetworkOptions {
  /**
   * Masks of `dropoutMask`, [B][width] each, on the hidden layers of the head in order: while training. Without them nothing is
   * dropped, as when evaluating.
   */
  readonly dropout?: readonly Tensor[]
}

/**
 * A dropout mask: 0 with probability `rate` (default 0.1, the head's), else 1/(1 − rate), so that the expectation stays. One
 * uniform an entry, row by row.
 *
 * @returns [rows][width]
 */
export function dropoutMask(
  rows: number,
  width: number,
  random: Random,
  options: { readonly rate?: number } = {},
): Float64Array[] {
  const { rate = 0.1 } = options
  assertInRange(rate, 'rate', 0, 1 - Number.EPSILON)
  const row = () => Float64Array.from({ length: width }, () => (random.float() < rate ? 0 : 1 / (1 - rate)))
  return Array.from({ length: rows }, row)
}

/**
 * Character-level network of captions: embedding → six convolutions with ReLU, max-pooling by 3 after the first, second and
 * last → dense 128 → perceptron. Captions of 256 bytes leave 5 positions before the dense layer.
 *
 * @param captions [B][256] bytes, padded with 0
 * @returns [B][outputs]
 */
export function captionNetwork(captions: Tensor, network: CaptionNetwork, options: CaptionNetworkOptions = {}): Tensor {
  const embedded = gather(network.embedding, cast(captions, 'int32'))
  let signal = expandDims(transpose(embedded, [0, 2, 1]), { axis: 2 })
  network.convolutions.forEach((layer, i) => {
    const kernel = expandDims(layer.weight, { axis: 2 })
    const bias = reshape(layer.bias, [1, layer.bias.shape[0], 1, 1])
    signal = relu(add(conv2d(signal, kernel), bias))
    if (i < 2 || i === network.convolutions.length - 1) signal = maxPool2d(signal, { kernel: [1, 3] })
  })
  const [batch, channels, , width] = signal.shape
  const flat = reshape(signal, [batch, channels * width])
  const { dropout = [] } = options
  let hidden = relu(affine(flat, network.dense))
  network.head.forEach((layer, i) => {
    hidden = affine(hidden, layer)
    if (i === network.head.length - 1) return
    hidden = relu(hidden)
    if (dropout[i]) hidden = mul(hidden, dropout[i])
  })
  return hidden
}
