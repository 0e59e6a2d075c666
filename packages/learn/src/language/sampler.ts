import { assertInRange, assertInteger, GuerdonError, type Random } from '@guerdon/core'
import { jit, type NdArray, type Tensor } from '@guerdon/tensor'
import { type PolicyParameters, policyStep } from './policy.ts'
import type { Sequences } from './sequences.ts'
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
    assertInRange(temperature, 'temperature', 1e-6, Number.MAX_VALUE)
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
    const row = { probabilities: new Float64Array(vocabularySize), logProbs: new Float64Array(vocabularySize) }
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
        const entropy = distribution(logits, i * vocabularySize, temperature, row)
        const token = random.categorical(row.probabilities)
        const at = i * width + t + 1
        tokens[at] = token
        logProbs[at] = row.logProbs[token]
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

/** Fills in log softmax(logits) and softmax(logits / temperature) of one row; returns the entropy of the former. */
function distribution(
  logits: Float32Array,
  start: number,
  temperature: number,
  row: { probabilities: Float64Array; logProbs: Float64Array },
): number {
  const { probabilities, logProbs } = row
  let largest = Number.NEGATIVE_INFINITY
  for (let v = 0; v < logProbs.length; v++) largest = Math.max(largest, logits[start + v])
  let total = 0
  for (let v = 0; v < logProbs.length; v++) total += Math.exp(logits[start + v] - largest)
  const normaliser = largest + Math.log(total)
  if (!Number.isFinite(normaliser)) {
    throw new GuerdonError('not_finite', 'expected finite logits from the policy; got NaN or Infinity', {
      hint: 'training has diverged: lower the learning rate or go back to an earlier checkpoint',
    })
  }
  let entropy = 0
  for (let v = 0; v < logProbs.length; v++) {
    logProbs[v] = logits[start + v] - normaliser
    entropy -= Math.exp(logProbs[v]) * logProbs[v]
    probabilities[v] = Math.exp((logits[start + v] - largest) / temperature)
  }
  return entropy
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
