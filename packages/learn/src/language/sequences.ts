import { GuerdonError } from '@guerdon/core'
import type { NdArray } from '@guerdon/tensor'

/** Prompts and responses as rows of one width: prompt, response, padding. */
export interface Sequences {
  readonly count: number
  /** Tokens a row, padding included. */
  readonly width: number
  /** [count·width] */
  readonly tokens: Int32Array
  /** [count] tokens of each prompt. */
  readonly promptLengths: Int32Array
  /** [count] tokens of each response, the end token included. */
  readonly responseLengths: Int32Array
}

/**
 * Lays prompts and responses out as rows of `width` tokens.
 *
 * @throws shape_mismatch when a row does not fit
 */
export function packSequences(
  prompts: readonly ArrayLike<number>[],
  responses: readonly ArrayLike<number>[],
  options: { readonly width: number; readonly padToken: number },
): Sequences {
  const { width, padToken } = options
  const tokens = new Int32Array(prompts.length * width).fill(padToken)
  const promptLengths = new Int32Array(prompts.length)
  const responseLengths = new Int32Array(prompts.length)
  for (let i = 0; i < prompts.length; i++) {
    const length = prompts[i].length + responses[i].length
    if (length > width) {
      throw new GuerdonError('shape_mismatch', `expected at most ${width} tokens a row; row ${i} has ${length}`, {
        path: ['responses', i],
      })
    }
    tokens.set(Array.from(prompts[i]), i * width)
    tokens.set(Array.from(responses[i]), i * width + prompts[i].length)
    promptLengths[i] = prompts[i].length
    responseLengths[i] = responses[i].length
  }
  return { count: prompts.length, width, tokens, promptLengths, responseLengths }
}

/** The response of row `i`. */
export function responseOf(sequences: Sequences, i: number): Int32Array {
  const start = i * sequences.width + sequences.promptLengths[i]
  return sequences.tokens.subarray(start, start + sequences.responseLengths[i])
}

/** The rows of the given indices, in that order. */
export function selectRows(sequences: Sequences, rows: ArrayLike<number>): Sequences {
  const { width } = sequences
  const tokens = new Int32Array(rows.length * width)
  for (let i = 0; i < rows.length; i++) {
    tokens.set(sequences.tokens.subarray(rows[i] * width, (rows[i] + 1) * width), i * width)
  }
  const pick = (values: Int32Array): Int32Array => Int32Array.from(rows, row => values[row])
  return {
    count: rows.length,
    width,
    tokens,
    promptLengths: pick(sequences.promptLengths),
    responseLengths: pick(sequences.responseLengths),
  }
}

/** [count][width] int32 array of the rows. */
export function tokenArray(sequences: Sequences): NdArray {
  return { dtype: 'int32', shape: [sequences.count, sequences.width], data: sequences.tokens }
}

/** [count][width−1] 1 where the *next* token belongs to the response: the positions a policy is trained on. */
export function responseTargetMask(sequences: Sequences): NdArray {
  const { count, width, promptLengths, responseLengths } = sequences
  const data = new Float32Array(count * (width - 1))
  for (let i = 0; i < count; i++) {
    const first = promptLengths[i] - 1
    data.fill(1, i * (width - 1) + first, i * (width - 1) + first + responseLengths[i])
  }
  return { dtype: 'float32', shape: [count, width - 1], data }
}

/** [count][width] true on prompt and response tokens, false on padding. */
export function visibleArray(sequences: Sequences): NdArray {
  const { count, width, promptLengths, responseLengths } = sequences
  const data = new Uint8Array(count * width)
  for (let i = 0; i < count; i++) data.fill(1, i * width, i * width + promptLengths[i] + responseLengths[i])
  return { dtype: 'bool', shape: [count, width], data }
}
