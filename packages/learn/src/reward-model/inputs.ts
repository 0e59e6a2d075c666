import { assertFinite, GuerdonError } from '@guerdon/core'
import type { NdArray } from '@guerdon/tensor'
import { packSequences, type Sequences, selectRows, tokenArray, visibleArray } from '../language/sequences.ts'
import type { EncoderConfig, EncoderInput } from './encoder.ts'

/** Rows to be scored: tokens of prompt and candidate, or vectors. */
export type InputRows =
  | { readonly kind: 'tokens'; readonly sequences: Sequences }
  | { readonly kind: 'vectors'; readonly count: number; readonly size: number; readonly data: Float32Array }

/** What is packed: token ids, or the numbers of an embedding; a prompt may be empty. */
export interface TokensOrVector {
  readonly prompt: ArrayLike<number>
  readonly candidate: ArrayLike<number>
}

/** Number of rows. */
export function rowCount(rows: InputRows): number {
  return rows.kind === 'tokens' ? rows.sequences.count : rows.count
}

/**
 * Rows for an encoder. Tokens are padded to its longest sequence; vectors of prompt and candidate are put side by side.
 *
 * @throws shape_mismatch for what is too long or of another size, invalid_input for a token outside the vocabulary or a row
 * without tokens, not_finite; all naming the row
 */
export function packInputs(items: readonly TokensOrVector[], config: EncoderConfig): InputRows {
  if (config.kind === 'tokens') {
    const { maximumLength, vocabularySize } = config.transformer
    items.forEach((item, row) => {
      assertTokens(item, row, vocabularySize)
    })
    const sequences = packSequences(
      items.map(item => item.prompt),
      items.map(item => item.candidate),
      { width: maximumLength, padToken: 0 },
    )
    return { kind: 'tokens', sequences }
  }
  const { size } = config
  const data = new Float32Array(items.length * size)
  items.forEach(({ prompt, candidate }, row) => {
    if (prompt.length + candidate.length !== size) {
      throw new GuerdonError(
        'shape_mismatch',
        `expected ${size} numbers of prompt and candidate together; row ${row} has ${prompt.length} + ${candidate.length}`,
        { path: ['items', row], hint: 'the embeddings are of another model' },
      )
    }
    assertFinite(prompt, 'prompt', ['items', row, 'prompt'])
    assertFinite(candidate, 'candidate', ['items', row, 'candidate'])
    data.set(Array.from(prompt), row * size)
    data.set(Array.from(candidate), row * size + prompt.length)
  })
  return { kind: 'vectors', count: items.length, size, data }
}

function assertTokens({ prompt, candidate }: TokensOrVector, row: number, vocabularySize: number): void {
  const tokens = [...Array.from(prompt), ...Array.from(candidate)]
  const bad = tokens.findIndex(token => !(Number.isInteger(token) && token >= 0 && token < vocabularySize))
  if (bad < 0 && tokens.length > 0) return
  const got = bad < 0 ? 'no token' : `${tokens[bad]} at ${bad}`
  throw new GuerdonError('invalid_input', `expected tokens in [0, ${vocabularySize}); row ${row} has ${got}`, {
    path: ['items', row],
  })
}

/** The rows of the given indices as a batch, in that order. */
export function selectInputs(rows: InputRows, indices: ArrayLike<number>): EncoderInput<NdArray> {
  if (rows.kind === 'tokens') {
    const picked = selectRows(rows.sequences, indices)
    return { tokens: tokenArray(picked), visible: visibleArray(picked) }
  }
  const { size } = rows
  const data = new Float32Array(indices.length * size)
  for (let i = 0; i < indices.length; i++) {
    data.set(rows.data.subarray(indices[i] * size, (indices[i] + 1) * size), i * size)
  }
  return { vectors: { dtype: 'float32', shape: [indices.length, size], data } }
}

/** Row numbers start … end − 1. */
export function rowRange(start: number, end: number): Int32Array {
  return Int32Array.from({ length: end - start }, (_, i) => start + i)
}

/** Ranges of at most `size` rows that cover `count` rows in order. */
export function rowChunks(count: number, size: number): Int32Array[] {
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => rowRange(i * size, Math.min((i + 1) * size, count)))
}

/** Numbers as a float32 column. */
export function floatColumn(values: ArrayLike<number>, shape: readonly number[] = [values.length]): NdArray {
  return { dtype: 'float32', shape, data: Float32Array.from(values) }
}
