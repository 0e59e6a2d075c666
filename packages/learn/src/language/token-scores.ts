import { jit, type NdArray, type Tensor } from '@guerdon/tensor'
import { type PolicyParameters, tokenTerms } from './policy.ts'
import type { TokenRows } from './training-rows.ts'
import type { TransformerConfig } from './transformer.ts'

/**
 * log π of given tokens under temperature 1, [count·(width − 1)]; entry t of a row belongs to the token at t + 1. What
 * stands at padding means nothing.
 */
export type TokenScorer = (parameters: PolicyParameters<NdArray>, rows: TokenRows) => Promise<Float32Array>

/** A scorer of whole batches in one pass each. */
export function createTokenScorer(config: TransformerConfig, options: { readonly threads?: number } = {}): TokenScorer {
  const run = jit((parameters: PolicyParameters, tokens: Tensor) => tokenTerms(parameters, tokens, config).logProbs, {
    threads: options.threads ?? 1,
  })
  return async (parameters, { count, width, tokens }) => {
    const result = await run(parameters, { dtype: 'int32', shape: [count, width], data: tokens })
    return result.data as Float32Array
  }
}
