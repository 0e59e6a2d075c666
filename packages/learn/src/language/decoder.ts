import { jit, type NdArray, type Tensor } from '@guerdon/tensor'
import { type PolicyParameters, policyStep } from './policy.ts'
import { emptyCache, extendTransformerCache, type TransformerCache, type TransformerConfig } from './transformer.ts'

/** What a policy answers to one more token a row. */
export interface DecodedStep {
  /** [rows·V] logits of the next token. */
  readonly logits: Float32Array
  /** [rows] values of the states reached; only with a value head. */
  readonly values?: Float32Array
}

/** Rows of tokens that a policy reads side by side, each with its own keys and values of what it has read. */
export interface Decoder {
  readonly rows: number
  /** Reads one token a row at `position`, the same for all rows; positions come in order from 0. */
  step(parameters: PolicyParameters<NdArray>, tokens: Int32Array, position: number): Promise<DecodedStep>
  /** Goes on with `rows` rows, of which the first are the rows `kept`, in that order; one may be kept several times. */
  rearrange(kept: readonly number[], rows: number): void
}

/** Makes decoders whose compiled step is shared. A graph is compiled for each number of rows that occurs. */
export function createDecoders(
  config: TransformerConfig,
  options: { readonly threads?: number } = {},
): (rows: number) => Decoder {
  const run = jit(
    (parameters: PolicyParameters, cache: TransformerCache, tokens: Tensor, position: Tensor) =>
      policyStep(parameters, cache, tokens, position, config),
    { threads: options.threads ?? 1 },
  )
  return initialRows => {
    let rows = initialRows
    let cache = emptyCache(config, rows)
    return {
      get rows() {
        return rows
      },
      async step(parameters, tokens, position) {
        const result = await run(
          parameters,
          cache,
          { dtype: 'int32', shape: [rows], data: tokens },
          { dtype: 'int32', shape: [], data: Int32Array.of(position) },
        )
        extendTransformerCache(cache, result.entries, position)
        const logits = result.logits.data as Float32Array
        return result.values ? { logits, values: result.values.data as Float32Array } : { logits }
      },
      rearrange(kept, count) {
        const next = emptyCache(config, count)
        const sources = cacheData(cache)
        for (const [i, target] of cacheData(next).entries()) {
          const size = target.length / count
          for (const [to, from] of kept.entries()) {
            target.set(sources[i].subarray(from * size, (from + 1) * size), to * size)
          }
        }
        cache = next
        rows = count
      },
    }
  }
}

function cacheData(cache: TransformerCache<NdArray>): Float32Array[] {
  return cache.flatMap(({ keys, values }) => [keys.data as Float32Array, values.data as Float32Array])
}
