import { assertInteger, GuerdonError, type Random } from '@guerdon/core'
import {
  add,
  arange,
  causalMask,
  equal,
  gather,
  gelu,
  layerNorm,
  lessEqual,
  matmul,
  mul,
  type NdArray,
  ndarray,
  reshape,
  slice,
  softmax,
  split,
  type Tensor,
  transpose,
  where,
} from '@guerdon/tensor'

/** Size of a transformer. */
export interface TransformerConfig {
  readonly vocabularySize: number
  /** Longest sequence, prompt and response together, in tokens. */
  readonly maximumLength: number
  /** Width d of the residual stream. Default 64. */
  readonly width?: number
  /** Number of blocks. Default 2. */
  readonly layers?: number
  /** Attention heads; must divide the width. Default 4. */
  readonly heads?: number
  /** Width of the feed-forward layer. Default 4·width. */
  readonly hiddenWidth?: number
}

/** Config with every default filled in. */
export type TransformerShape = Required<TransformerConfig>

/** Parameters of one block, of arrays or of tensors. */
export interface BlockParameters<T> {
  readonly attentionNorm: { readonly scale: T; readonly bias: T }
  /** [d, 3d] queries, keys and values side by side. */
  readonly attentionIn: T
  /** [d, d] */
  readonly attentionOut: T
  readonly feedForwardNorm: { readonly scale: T; readonly bias: T }
  readonly feedForwardIn: { readonly weight: T; readonly bias: T }
  readonly feedForwardOut: { readonly weight: T; readonly bias: T }
}

/** All parameters of a transformer without its head. */
export interface TransformerParameters<T> {
  /** [V, d] */
  readonly tokenEmbedding: T
  /** [L, d] */
  readonly positionEmbedding: T
  readonly blocks: readonly BlockParameters<T>[]
  readonly finalNorm: { readonly scale: T; readonly bias: T }
}

/** Fills in defaults and checks the sizes. */
export function transformerShape(config: TransformerConfig): TransformerShape {
  const { width = 64, layers = 2, heads = 4 } = config
  const shape = { ...config, width, layers, heads, hiddenWidth: config.hiddenWidth ?? 4 * width }
  for (const [name, value] of Object.entries(shape)) assertInteger(value, name, 1)
  if (width % heads !== 0) {
    throw new GuerdonError('invalid_option', `expected heads to divide width; got ${heads} heads and width ${width}`, {
      path: ['heads'],
    })
  }
  return shape
}

/** Draws from N(0, deviation²). */
export function normalArray(shape: readonly number[], deviation: number, random: Random): NdArray {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1))
  for (let i = 0; i < data.length; i++) data[i] = deviation * random.normal()
  return ndarray(data, { shape })
}

/** An array with one value everywhere. */
export function filledArray(shape: readonly number[], value: number): NdArray {
  return ndarray(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value), { shape })
}

/**
 * Fresh parameters: embeddings from N(0, 0.02²), weights from N(0, 1/fan-in), the two projections back into the residual
 * stream divided by √(2·layers) as in GPT-2, norms at identity.
 */
export function initialTransformer(config: TransformerConfig, random: Random): TransformerParameters<NdArray> {
  const { vocabularySize, maximumLength, width, layers, hiddenWidth } = transformerShape(config)
  const weight = (rows: number, columns: number, scale = 1): NdArray =>
    normalArray([rows, columns], scale / Math.sqrt(rows), random)
  const norm = (): { scale: NdArray; bias: NdArray } => ({
    scale: filledArray([width], 1),
    bias: filledArray([width], 0),
  })
  const residualScale = 1 / Math.sqrt(2 * layers)
  return {
    tokenEmbedding: normalArray([vocabularySize, width], 0.02, random),
    positionEmbedding: normalArray([maximumLength, width], 0.02, random),
    blocks: Array.from({ length: layers }, () => ({
      attentionNorm: norm(),
      attentionIn: weight(width, 3 * width),
      attentionOut: weight(width, width, residualScale),
      feedForwardNorm: norm(),
      feedForwardIn: { weight: weight(width, hiddenWidth), bias: filledArray([hiddenWidth], 0) },
      feedForwardOut: { weight: weight(hiddenWidth, width, residualScale), bias: filledArray([width], 0) },
    })),
    finalNorm: norm(),
  }
}

/**
 * Hidden states of whole sequences, pre-norm blocks with GELU: h ← h + attention(norm h); h ← h + mlp(norm h); norm h.
 *
 * @param tokens [B][T] int32
 * @param options `causal`: a position sees itself and those before it; otherwise it sees every position with
 *   `visible[b][t]` true (all when absent)
 * @returns [B][T][d]
 */
export function transformerHidden(
  parameters: TransformerParameters<Tensor>,
  tokens: Tensor,
  config: TransformerConfig,
  options: { causal: boolean; visible?: Tensor },
): Tensor {
  const shape = transformerShape(config)
  const [batch, length] = tokens.shape
  const positions = slice(parameters.positionEmbedding, { starts: [0], ends: [length], axes: [0] })
  let hidden = add(gather(parameters.tokenEmbedding, tokens, { axis: 0 }), positions)
  const mask = options.causal
    ? reshape(causalMask(length), [1, 1, length, length])
    : options.visible && reshape(options.visible, [batch, 1, 1, length])
  for (const block of parameters.blocks) {
    const [query, key, value] = attentionInputs(block, hidden, shape)
    hidden = add(hidden, attentionOutput(block, query, key, value, mask))
    hidden = add(hidden, feedForward(block, hidden))
  }
  return layerNorm(hidden, parameters.finalNorm)
}

/** Keys and values of earlier positions, one pair a block: [B][heads][L][d/heads]. */
export type AttentionCache<T> = readonly { readonly key: T; readonly value: T }[]

/** An empty cache for `batch` sequences. */
export function emptyCache(config: TransformerConfig, batch: number): AttentionCache<NdArray> {
  const { layers, heads, maximumLength, width } = transformerShape(config)
  const shape = [batch, heads, maximumLength, width / heads]
  return Array.from({ length: layers }, () => ({ key: filledArray(shape, 0), value: filledArray(shape, 0) }))
}

/**
 * Hidden state of one new token a sequence, with keys and values of the earlier ones from the cache: what
 * `transformerHidden` gives at that position, without computing the prefix again.
 *
 * @param tokens [B] int32
 * @param position [] int32, the same for all sequences
 * @returns hidden [B][d] and the cache with this position written
 */
export function transformerStep(
  parameters: TransformerParameters<Tensor>,
  cache: AttentionCache<Tensor>,
  tokens: Tensor,
  position: Tensor,
  config: TransformerConfig,
): { hidden: Tensor; cache: AttentionCache<Tensor> } {
  const shape = transformerShape(config)
  const [batch] = tokens.shape
  const slots = arange(shape.maximumLength)
  const written = reshape(equal(slots, position), [1, 1, shape.maximumLength, 1])
  const mask = reshape(lessEqual(slots, position), [1, 1, 1, shape.maximumLength])
  const embedded = gather(parameters.tokenEmbedding, tokens, { axis: 0 })
  const placed = add(embedded, gather(parameters.positionEmbedding, reshape(position, [1]), { axis: 0 }))
  let hidden = reshape(placed, [batch, 1, shape.width])
  const updated = parameters.blocks.map((block, i) => {
    const [query, newKey, newValue] = attentionInputs(block, hidden, shape)
    const key = where(written, newKey, cache[i].key)
    const value = where(written, newValue, cache[i].value)
    hidden = add(hidden, attentionOutput(block, query, key, value, mask))
    hidden = add(hidden, feedForward(block, hidden))
    return { key, value }
  })
  return { hidden: reshape(layerNorm(hidden, parameters.finalNorm), [batch, shape.width]), cache: updated }
}

/** Queries, keys and values of the normed states: [B][heads][T][d/heads] each. */
function attentionInputs(block: BlockParameters<Tensor>, hidden: Tensor, shape: TransformerShape): Tensor[] {
  const [batch, length] = hidden.shape
  const projected = matmul(layerNorm(hidden, block.attentionNorm), block.attentionIn)
  return split(projected, 3, { axis: 2 }).map(part =>
    transpose(reshape(part, [batch, length, shape.heads, shape.width / shape.heads]), [0, 2, 1, 3]),
  )
}

/** softmax(Q·Kᵀ/√dₕ, masked)·V, heads joined and projected: [B][T][d]. */
function attentionOutput(
  block: BlockParameters<Tensor>,
  query: Tensor,
  key: Tensor,
  value: Tensor,
  mask: Tensor | undefined,
): Tensor {
  const [batch, heads, length, headWidth] = query.shape
  const scores = mul(matmul(query, key, { transposeB: true }), 1 / Math.sqrt(headWidth))
  const weights = softmax(mask === undefined ? scores : where(mask, scores, -1e9))
  const mixed = transpose(matmul(weights, value), [0, 2, 1, 3])
  return matmul(reshape(mixed, [batch, length, heads * headWidth]), block.attentionOut)
}

function feedForward(block: BlockParameters<Tensor>, hidden: Tensor): Tensor {
  const inner = gelu(
    add(matmul(layerNorm(hidden, block.feedForwardNorm), block.feedForwardIn.weight), block.feedForwardIn.bias),
  )
  return add(matmul(inner, block.feedForwardOut.weight), block.feedForwardOut.bias)
}
