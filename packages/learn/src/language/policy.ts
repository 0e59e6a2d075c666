import type { Random } from '@guerdon/core'
import { entropyFromLogits } from '@guerdon/methods/shared/policy-loss'
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

/** A language policy: a causal transformer, a linear head over the vocabulary and, for a critic, one for values. */
export interface PolicyParameters<T = Tensor> {
  body: TransformerParameters<T>
  head: Dense<T>
  /** Reads the value of the state after each token from the same hidden states. */
  value?: Dense<T>
}

/** Fresh policy parameters; the heads start at zero, so the first policy is uniform and all of its values are 0. */
export function initialPolicy(
  config: TransformerConfig,
  random: Random,
  options: { readonly valueHead?: boolean } = {},
): PolicyParameters<NdArray> {
  const { width, vocabularySize } = transformerShape(config)
  const policy = {
    body: initialTransformer(config, random),
    head: denseParameters(random, { inputs: width, outputs: vocabularySize, initialise: 'zero' }),
  }
  return options.valueHead ? withValueHead(policy, config, random) : policy
}

/** The same policy with a new value head, all of whose values are 0: a supervised policy made ready for PPO. */
export function withValueHead(
  policy: PolicyParameters<NdArray>,
  config: TransformerConfig,
  random: Random,
): PolicyParameters<NdArray> {
  const { width } = transformerShape(config)
  return { ...policy, value: denseParameters(random, { inputs: width, outputs: 1, initialise: 'zero' }) }
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
  return tokenTerms(parameters, tokens, config).logProbs
}

/** What a policy thinks of each token of given sequences, [B][T−1] each; entry t belongs to the token at t+1. */
export interface TokenTerms {
  /** log π(token t+1 | tokens 0 … t). */
  readonly logProbs: Tensor
  /** Entropy of π(· | tokens 0 … t), nats. */
  readonly entropies: Tensor
  /** Value of the state after tokens 0 … t, in which the token at t+1 is chosen; only with a value head. */
  readonly values?: Tensor
}

/**
 * Log-probabilities, entropies and values of given sequences in one pass; what is not used is not computed.
 *
 * @param tokens [B][T] int32
 */
export function tokenTerms(parameters: PolicyParameters, tokens: Tensor, config: TransformerConfig): TokenTerms {
  const length = tokens.shape[1]
  const inputs = slice(tokens, { starts: [0], ends: [length - 1], axes: [1] })
  const targets = slice(tokens, { starts: [1], ends: [length], axes: [1] })
  const hidden = transformerHidden(parameters.body, inputs, config, { causal: true })
  const logits = dense(parameters.head, hidden)
  const chosen = takeAlongAxis(logSoftmax(logits), expandDims(targets, { axis: 2 }), { axis: 2 })
  const terms = { logProbs: squeeze(chosen, { axis: 2 }), entropies: entropyFromLogits(logits) }
  return parameters.value ? { ...terms, values: squeeze(dense(parameters.value, hidden), { axis: 2 }) } : terms
}

/** Logits [B][V] after one more token a sequence, values [B] with a value head, and what the token adds to the cache. */
export function policyStep(
  parameters: PolicyParameters,
  cache: TransformerCache,
  tokens: Tensor,
  position: Tensor,
  config: TransformerConfig,
): { logits: Tensor; entries: TransformerCache; values?: Tensor } {
  const { hidden, entries } = transformerStep(parameters.body, cache, tokens, position, config)
  const result = { logits: dense(parameters.head, hidden), entries }
  return parameters.value ? { ...result, values: squeeze(dense(parameters.value, hidden), { axis: 1 }) } : result
}
