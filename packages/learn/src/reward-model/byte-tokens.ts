import { assertInteger } from '@guerdon/core'
import type { TokensOrVector } from './inputs.ts'

/** Tokens of texts read byte by byte: 0 is padding, 1 … 256 are the bytes 0 … 255 of UTF-8, then the marks. */
export const byteTokens = {
  pad: 0,
  /** Ends a step or a segment. */
  mark: 257,
  /** Between a reference and a candidate. */
  separator: 258,
  /** Asks a generative model for its verdict, and the two answers. */
  question: 259,
  yes: 260,
  no: 261,
  vocabularySize: 262,
} as const

const encoder = new TextEncoder()

/** A text as tokens, one a byte of its UTF-8. */
export function textTokens(text: string): number[] {
  return Array.from(encoder.encode(text), byte => byte + 1)
}

/** A prompt and a candidate that fit together, and whether something was cut. */
export interface FittedItem extends TokensOrVector {
  readonly prompt: readonly number[]
  readonly candidate: readonly number[]
  readonly cut: boolean
}

/**
 * Makes prompt and candidate fit into `length` tokens: the beginning of the prompt is cut first, what was asked last being
 * what matters, then the end of the candidate.
 */
export function fitTokens(
  prompt: readonly number[],
  candidate: readonly number[],
  options: { readonly length: number },
): FittedItem {
  const { length } = options
  assertInteger(length, 'length', 1)
  const kept = candidate.slice(0, length)
  const room = length - kept.length
  const before = prompt.slice(Math.max(0, prompt.length - room))
  return {
    prompt: before,
    candidate: kept,
    cut: before.length < prompt.length || kept.length < candidate.length,
  }
}
