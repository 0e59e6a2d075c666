import { assertInteger, GuerdonError, type Random } from '@guerdon/core'
import {
  type AttentionCache,
  add,
  attentionCache,
  type Embedding,
  embedding,
  embeddingParameters,
  extendCache,
  type LayerNorm,
  layerNormLayer,
  layerNormParameters,
  type NdArray,
  reshape,
  slice,
  type Tensor,
  type TransformerBlock,
  transformerBlock,
  transformerBlockParameters,
  transformerBlockStep,
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

/** All parameters of a transformer without its head. */
export interface TransformerParameters<T = Tensor> {
  tokens: Embedding<T>
  positions: Embedding<T>
  blocks: TransformerBlock<T>[]
  finalNorm: LayerNorm<T>
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

/** Fresh parameters: embeddings from N(0, 0.1²), blocks as `@guerdon/tensor` starts them. */
export function initialTransformer(config: TransformerConfig, random: Random): TransformerParameters<NdArray> {
  const { vocabularySize, maximumLength, width, layers, hiddenWidth } = transformerShape(config)
  const table = (entries: number) => embeddingParameters(random, { entries, width, deviation: 0.1 })
  return {
    tokens: table(vocabularySize),
    positions: table(maximumLength),
    blocks: Array.from({ length: layers }, () => transformerBlockParameters(random, { width, hidden: hiddenWidth })),
    finalNorm: layerNormParameters({ width }),
  }
}

/**
 * Hidden states of whole sequences.
 *
 * @param tokens [B][T] int32
 * @param options `causal`: a position sees itself and those before it; otherwise it sees every position with
 *   `visible[b][t]` true (all when absent)
 * @returns [B][T][d]
 */
export function transformerHidden(
  parameters: TransformerParameters,
  tokens: Tensor,
  config: TransformerConfig,
  options: { readonly causal: boolean; readonly visible?: Tensor },
): Tensor {
  const { heads } = transformerShape(config)
  const [batch, length] = tokens.shape
  const { causal, visible } = options
  const attending = visible ? { heads, mask: reshape(visible, [batch, 1, 1, length]) } : { heads, causal }
  const positions = slice(parameters.positions.table, { starts: [0], ends: [length], axes: [0] })
  const hidden = parameters.blocks.reduce(
    (x, block) => transformerBlock(block, x, attending),
    add(embedding(parameters.tokens, tokens), positions),
  )
  return layerNormLayer(parameters.finalNorm, hidden)
}

/** Keys and values of earlier positions, one entry a block. */
export type TransformerCache<T = Tensor> = AttentionCache<T>[]

/** An empty cache for `batch` sequences. */
export function emptyCache(config: TransformerConfig, batch: number): TransformerCache<NdArray> {
  const { layers, heads, maximumLength, width } = transformerShape(config)
  return Array.from({ length: layers }, () => attentionCache({ batch, heads, length: maximumLength, width }))
}

/** Writes what `transformerStep` returned for `position` into the cache's arrays, in place. */
export function extendTransformerCache(
  cache: TransformerCache<NdArray>,
  entries: TransformerCache<NdArray>,
  position: number,
): void {
  for (const [i, entry] of entries.entries()) extendCache(cache[i], entry, position)
}

/**
 * Hidden state of one new token a sequence, with keys and values of the earlier ones from the cache: what
 * `transformerHidden` gives at that position, without computing the prefix again.
 *
 * @param tokens [B] int32
 * @param position [] int32, the same for all sequences
 * @returns hidden [B][d], and the position's keys and values, to be written into the cache with `extendTransformerCache`
 */
export function transformerStep(
  parameters: TransformerParameters,
  cache: TransformerCache,
  tokens: Tensor,
  position: Tensor,
  config: TransformerConfig,
): { hidden: Tensor; entries: TransformerCache } {
  const { heads, width } = transformerShape(config)
  const [batch] = tokens.shape
  const placed = add(embedding(parameters.tokens, tokens), embedding(parameters.positions, reshape(position, [1])))
  let hidden = reshape(placed, [batch, 1, width])
  const entries = parameters.blocks.map((block, i) => {
    const step = transformerBlockStep(block, hidden, cache[i], position, { heads })
    hidden = step.output
    return step.entry
  })
  return { hidden: reshape(layerNormLayer(parameters.finalNorm, hidden), [batch, width]), entries }
}
