import { assertInteger } from '@guerdon/core'
import type { TokensOrVector } from './inputs.ts'

/** Tokens that reward models need besides those of text; no text encodes to them. */
export interface MarkTokens {
  /** Ends a step or a segment. */
  readonly mark: number
  /** Between a reference and a candidate. */
  readonly separator: number
  /** Asks a generative model for its verdict, and the two answers. */
  readonly question: number
  readonly yes: number
  readonly no: number
  /** Ids in all, those of text included. */
  readonly vocabularySize: number
}

/** Marks behind the ids of a tokenizer of `size` ids. */
export function markTokens(size: number): MarkTokens {
  assertInteger(size, 'size', 1)
  return {
    mark: size,
    separator: size + 1,
    question: size + 2,
    yes: size + 3,
    no: size + 4,
    vocabularySize: size + 5,
  }
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
