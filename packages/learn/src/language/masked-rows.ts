import { GuerdonError } from '@guerdon/core'
import type { NdArray } from '@guerdon/tensor'
import { responseTargetMask, type Sequences } from './sequences.ts'
import type { MaskedRows } from './training-rows.ts'

/** Prompts and responses as rows on which the response is learnt. */
export function sequenceRows(sequences: Sequences): MaskedRows {
  const { count, width, tokens } = sequences
  return { count, width, tokens, mask: responseTargetMask(sequences).data as Float32Array }
}

/** The rows of the given indices, in that order. */
export function selectMaskedRows({ width, tokens, mask }: MaskedRows, rows: ArrayLike<number>): MaskedRows {
  const chosen = { count: rows.length, width, tokens: new Int32Array(rows.length * width) }
  const chosenMask = new Float32Array(rows.length * (width - 1))
  for (let i = 0; i < rows.length; i++) {
    chosen.tokens.set(tokens.subarray(rows[i] * width, (rows[i] + 1) * width), i * width)
    chosenMask.set(mask.subarray(rows[i] * (width - 1), (rows[i] + 1) * (width - 1)), i * (width - 1))
  }
  return { ...chosen, mask: chosenMask }
}

/** Rows as the arrays a loss takes: tokens [B][T] int32, mask [B][T − 1]. */
export function maskedRowArrays({ count, width, tokens, mask }: MaskedRows): { tokens: NdArray; mask: NdArray } {
  return {
    tokens: { dtype: 'int32', shape: [count, width], data: tokens },
    mask: { dtype: 'float32', shape: [count, width - 1], data: mask },
  }
}

/** Throws invalid_input unless there are rows and every one has something to learn, within `maximumLength` tokens. */
export function assertRows(rows: MaskedRows, name: string, maximumLength: number): void {
  if (rows.count === 0) throw new GuerdonError('empty', `expected at least one row in ${name}`, { path: [name] })
  if (rows.width > maximumLength) {
    throw new GuerdonError('shape_mismatch', `expected rows of at most ${maximumLength} tokens; got ${rows.width}`, {
      path: [name],
    })
  }
  for (let i = 0; i < rows.count; i++) {
    if (rows.mask.subarray(i * (rows.width - 1), (i + 1) * (rows.width - 1)).some(weight => weight > 0)) continue
    throw new GuerdonError('invalid_input', `expected a token to learn in every row of ${name}; row ${i} has none`, {
      path: [name, i],
    })
  }
}
