import { assertInteger, GuerdonError, type Random } from '@guerdon/core'
import { jit, type NdArray, type Tensor } from '@guerdon/tensor'
import { type PolicyParameters, policyStep } from './policy.ts'
import type { Sequences } from './sequences.ts'
import { createTokenDraw } from './token-draw.ts'
import {
  emptyCache,
  extendTransformerCache,
  type TransformerCache,
  type TransformerConfig,
  transformerShape,
} from './transformer.ts'

/** What a sampler is built for. */
export interface SamplerOptions {
  readonly config: TransformerConfig
  readonly endToken: number
  readonly padToken: number
  /** Longest response, the end token included. */
  readonly maximumResponseLength: number
  /** Threads of the runtime. Default 1. */
  readonly threads?: number
}

/** Sampled responses with what the policy thought of each token. */
export interface SampledSequences extends Sequences {
  /** [count·width] log π of each response token under temperature 1; 0 elsewhere. */
  readonly logProbs: Float32Array
  /** [count·width] entropy of the distribution each response token was drawn from, nats; 0 elsewhere. */
  readonly entropies: Float32Array
}

/** Samples responses to prompts of one common length. */
export type Sampler = (
  parameters: PolicyParameters<NdArray>,
  prompts: readonly ArrayLike<number>[],
  random: Random,
  options?: { readonly temperature?: number },
) => Promise<SampledSequences>

/**
 * A sampler over a cached one-token step: the prefix is never computed twice. Draws one uniform a live sequence a token, in
 * row order, so a run is a function of the generator. Sampling stops when every sequence has ended.
 */
export function createSampler(options: SamplerOptions): Sampler {
  const { config, endToken, padToken, maximumResponseLength } = options
  const { vocabularySize, maximumLength } = transformerShape(config)
  assertInteger(maximumResponseLength, 'maximumResponseLength', 1)
  const step = jit(
    (parameters: PolicyParameters, cache: TransformerCache, tokens: Tensor, position: Tensor) =>
      policyStep(parameters, cache, tokens, position, config),
    { threads: options.threads ?? 1 },
  )
  return async (parameters, prompts, random, { temperature = 1 } = {}) => {
    const draw = createTokenDraw({ vocabularySize, temperature })
    const count = prompts.length
    const promptLength = commonLength(prompts)
    const width = promptLength + maximumResponseLength
    if (width > maximumLength) {
      throw new GuerdonError(
        'invalid_option',
        `expected prompt and response within ${maximumLength} tokens; got ${width}`,
        {
          path: ['maximumResponseLength'],
        },
      )
    }
    const tokens = new Int32Array(count * width).fill(padToken)
    const logProbs = new Float32Array(count * width)
    const entropies = new Float32Array(count * width)
    const responseLengths = new Int32Array(count)
    const ended = new Uint8Array(count)
    for (let i = 0; i < count; i++) tokens.set(Array.from(prompts[i]), i * width)

    let live = count
    const cache = emptyCache(config, count)
    const current = new Int32Array(count)
    for (let t = 0; t < width - 1 && live > 0; t++) {
      for (let i = 0; i < count; i++) current[i] = tokens[i * width + t]
      const result = await step(
        parameters,
        cache,
        { dtype: 'int32', shape: [count], data: current },
        { dtype: 'int32', shape: [], data: Int32Array.of(t) },
      )
      extendTransformerCache(cache, result.entries, t)
      if (t < promptLength - 1) continue
      const logits = result.logits.data as Float32Array
      for (let i = 0; i < count; i++) {
        if (ended[i]) continue
        const { token, logProb, entropy } = draw(logits, i * vocabularySize, random)
        const at = i * width + t + 1
        tokens[at] = token
        logProbs[at] = logProb
        entropies[at] = entropy
        responseLengths[i]++
        if (token === endToken) {
          ended[i] = 1
          live--
        }
      }
    }
    const promptLengths = new Int32Array(count).fill(promptLength)
    return { count, width, tokens, promptLengths, responseLengths, logProbs, entropies }
  }
}

function commonLength(prompts: readonly ArrayLike<number>[]): number {
  const length = prompts[0]?.length ?? 0
  const other = prompts.findIndex(prompt => prompt.length !== length)
  if (length === 0 || other >= 0) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected non-empty prompts of one length; got ${length} and ${prompts[other]?.length ?? 0} tokens`,
      { path: ['prompts', Math.max(other, 0)] },
    )
  }
  return length
}
