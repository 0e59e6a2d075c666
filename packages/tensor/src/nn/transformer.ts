import type { Random } from '@guerdon/core'
import type { Tensor } from '../graph.ts'
import type { NdArray } from '../ndarray.ts'
import { add } from '../operators/binary.ts'
import { gelu } from '../operators/unary.ts'
import { type Attention, type AttentionCache, attention, attentionParameters, attentionStep } from './attention.ts'
import { type Dense, dense, denseParameters } from './dense.ts'
import { type LayerNorm, layerNormLayer, layerNormParameters } from './norm.ts'

/** Parameters of {@link transformerBlock}. */
export interface TransformerBlock<T = Tensor> {
  attentionNorm: LayerNorm<T>
  attention: Attention<T>
  hiddenNorm: LayerNorm<T>
  expand: Dense<T>
  contract: Dense<T>
}

/** New parameters; `hidden` defaults to 4·width. */
export function transformerBlockParameters(
  random: Random,
  options: { width: number; hidden?: number },
): TransformerBlock<NdArray> {
  const { width, hidden = 4 * width } = options
  return {
    attentionNorm: layerNormParameters({ width }),
    attention: attentionParameters(random, { width }),
    hiddenNorm: layerNormParameters({ width }),
    expand: denseParameters(random, { inputs: width, outputs: hidden }),
    contract: denseParameters(random, { inputs: hidden, outputs: width }),
  }
}

function hiddenPart(parameters: TransformerBlock, x: Tensor): Tensor {
  const expanded = gelu(dense(parameters.expand, layerNormLayer(parameters.hiddenNorm, x)))
  return add(x, dense(parameters.contract, expanded))
}

/** A transformer block that normalises before each part: x + attention(norm(x)), then x + W₂·gelu(W₁·norm(x)). */
export function transformerBlock(
  parameters: TransformerBlock,
  x: Tensor,
  options: { heads: number; causal?: boolean; mask?: Tensor },
): Tensor {
  const normal = layerNormLayer(parameters.attentionNorm, x)
  return hiddenPart(parameters, add(x, attention(parameters.attention, normal, options)))
}

/** One further position of a causal {@link transformerBlock}; see `attentionStep`. */
export function transformerBlockStep(
  parameters: TransformerBlock,
  x: Tensor,
  cache: AttentionCache,
  position: Tensor,
  options: { heads: number },
): { output: Tensor; cache: AttentionCache; entry: AttentionCache } {
  const normal = layerNormLayer(parameters.attentionNorm, x)
  const step = attentionStep(parameters.attention, normal, cache, position, options)
  return { ...step, output: hiddenPart(parameters, add(x, step.output)) }
}
