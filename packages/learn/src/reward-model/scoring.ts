import { type Concrete, type Evaluated, jit, type NdArray } from '@guerdon/tensor'
import type { EncoderConfig, EncoderInput } from './encoder.ts'
import { packInputs, rowCount, rowRange, selectInputs } from './inputs.ts'
import type { ScoreRequest } from './reward-model.ts'

/** How scoring runs. */
export interface ScoringOptions {
  /** Requests scored at once at most. Default 32. */
  readonly batchSize?: number
  /** Threads of the runtime. Default 1. */
  readonly threads?: number
}

/** Smallest power of two that is at least `count`: few sizes, so few graphs. */
export function paddedSize(count: number): number {
  return 2 ** Math.ceil(Math.log2(count))
}

/** Row numbers of a batch of `paddedSize` rows; those beyond `count` repeat the last. */
export function paddedRows(count: number): Int32Array {
  return rowRange(0, paddedSize(count)).map(row => Math.min(row, count - 1))
}

/**
 * A graph with fixed parameters, compiled once a batch size and run on what is to be scored. Rows of the result beyond the
 * requests repeat the last.
 */
export function scoringGraph<P, R>(
  parameters: Evaluated<P>,
  graph: (parameters: P, input: EncoderInput) => R,
  config: EncoderConfig,
  options: ScoringOptions = {},
): (requests: readonly ScoreRequest[]) => Promise<Evaluated<R>> {
  const run = jit(graph, { threads: options.threads ?? 1 })
  return async requests => {
    const rows = packInputs(requests, config)
    const input = selectInputs(rows, paddedRows(rowCount(rows)))
    return run(...([parameters, input] as unknown as Concrete<[P, EncoderInput]>))
  }
}

/** Entry `i` of the first axis, as plain numbers. */
export function entryOf(array: NdArray, i: number): Float64Array {
  const size = array.data.length / array.shape[0]
  return Float64Array.from(array.data.subarray(i * size, (i + 1) * size))
}
