import type { Random } from '@guerdon/core'
import {
  expandDims,
  logSoftmax,
  matmul,
  type NdArray,
  slice,
  squeeze,
  type Tensor,
  takeAlongAxis,
} from '@guerdon/tensor'
import {
  type AttentionCache,
  initialTransformer,
  normalArray,
  type TransformerConfig,
  type TransformerParameters,
  transformerHidden,
  transformerShape,
  transformerStep,
} from './transformer.ts'

/** A language policy: a causal transformer and a linear head over the vocabulary. */
export interface PolicyParameters<T> {
  readonly body: TransformerParameters<T>
  /** [d, V] */
  readonly head: T
}

/** Fresh policy parameters; the head starts near zero, so the first policy is near uniform. */
export function initialPolicy(config: TransformerConfig, random: Random): PolicyParameters<NdArray> {
  const { width, vocabularySize } = transformerShape(config)
  return { body: initialTransformer(config, random), head: normalArray([width, vocabularySize], 0.02, random) }
}

/** Logits of the next token at every position: [B][T][V]. */
export function policyLogits(parameters: PolicyParameters<Tensor>, tokens: Tensor, config: TransformerConfig): Tensor {
  return matmul(transformerHidden(parameters.body, tokens, config, { causal: true }), parameters.head)
}

/**
 * log π(token t+1 | tokens 0 … t) of given sequences.
 *
 * @param tokens [B][T] int32
 * @returns [B][T−1]; entry t belongs to the token at t+1
 */
export function tokenLogProbs(parameters: PolicyParameters<Tensor>, tokens: Tensor, config: TransformerConfig): Tensor {
  const length = tokens.shape[1]
  const inputs = slice(tokens, { starts: [0], ends: [length - 1], axes: [1] })
  const targets = slice(tokens, { starts: [1], ends: [length], axes: [1] })
  const logProbs = logSoftmax(policyLogits(parameters, inputs, config))
  return squeeze(takeAlongAxis(logProbs, expandDims(targets, { axis: 2 }), { axis: 2 }), { axis: 2 })
}

/** Logits after one more token a sequence, from the cache: [B][V]. */
export function policyStep(
  parameters: PolicyParameters<Tensor>,
  cache: AttentionCache<Tensor>,
  tokens: Tensor,
  position: Tensor,
  config: TransformerConfig,
): { logits: Tensor; cache: AttentionCache<Tensor> } {
  const step = transformerStep(parameters.body, cache, tokens, position, config)
  return { logits: matmul(step.hidden, parameters.head), cache: step.cache }
}
