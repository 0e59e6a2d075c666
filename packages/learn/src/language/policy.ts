import type { Random } from '@guerdon/core'
import {
  type Dense,
  dense,
  denseParameters,
  expandDims,
  logSoftmax,
  type NdArray,
  slice,
  squeeze,
  type Tensor,
  takeAlongAxis,
} from '@guerdon/tensor'
import {
  initialTransformer,
  type TransformerCache,
  type TransformerConfig,
  type TransformerParameters,
  transformerHidden,
  transformerShape,
  transformerStep,
} from './transformer.ts'

/** A language policy: a causal transformer and a linear head over the vocabulary. */
export interface PolicyParameters<T = Tensor> {
  body: TransformerParameters<T>
  head: Dense<T>
}

/** Fresh policy parameters; the head starts at zero, so the first policy is uniform. */
export function initialPolicy(config: TransformerConfig, random: Random): PolicyParameters<NdArray> {
  const { width, vocabularySize } = transformerShape(config)
  return {
    body: initialTransformer(config, random),
    head: denseParameters(random, { inputs: width, outputs: vocabularySize, initialise: 'zero' }),
  }
}

/** Logits of the next token at every position: [B][T][V]. */
export function policyLogits(parameters: PolicyParameters, tokens: Tensor, config: TransformerConfig): Tensor {
  return dense(parameters.head, transformerHidden(parameters.body, tokens, config, { causal: true }))
}

/**
 * log π(token t+1 | tokens 0 … t) of given sequences.
 *
 * @param tokens [B][T] int32
 * @returns [B][T−1]; entry t belongs to the token at t+1
 */
export function tokenLogProbs(parameters: PolicyParameters, tokens: Tensor, config: TransformerConfig): Tensor {
  const length = tokens.shape[1]
  const inputs = slice(tokens, { starts: [0], ends: [length - 1], axes: [1] })
  const targets = slice(tokens, { starts: [1], ends: [length], axes: [1] })
  const logProbs = logSoftmax(policyLogits(parameters, inputs, config))
  return squeeze(takeAlongAxis(logProbs, expandDims(targets, { axis: 2 }), { axis: 2 }), { axis: 2 })
}

/** Logits [B][V] after one more token a sequence, and what that token adds to the cache. */
export function policyStep(
  parameters: PolicyParameters,
  cache: TransformerCache,
  tokens: Tensor,
  position: Tensor,
  config: TransformerConfig,
): { logits: Tensor; entries: TransformerCache } {
  const step = transformerStep(parameters.body, cache, tokens, position, config)
  return { logits: dense(parameters.head, step.hidden), entries: step.entries }
}
