import { GuerdonError } from '@guerdon/core'
import { specialTokens } from '@guerdon/worlds/text/vocabulary'

/** Text to token ids and back. Ids 0, 1 and 2 are padding, start and end, as in the text worlds; no text encodes to them. */
export interface TextTokenizer {
  /** Number of token ids. */
  readonly size: number
  encode(text: string): Int32Array
  /** The text of the ids, padding, start and end left out. Throws `invalid_input` for an id outside. */
  decode(ids: ArrayLike<number>): string
}

/** Ids before the first that stands for text. */
export const specialTokenCount = Object.keys(specialTokens).length

/** A token for each byte of UTF-8: 259 ids, every text can be written. Bytes that are no UTF-8 decode to U+FFFD. */
export function byteTokenizer(): TextTokenizer {
  const size = specialTokenCount + 256
  return {
    size,
    encode: text => Int32Array.from(new TextEncoder().encode(text), byte => byte + specialTokenCount),
    decode: ids => new TextDecoder().decode(Uint8Array.from(textIds(ids, size), id => id - specialTokenCount)),
  }
}

/**
 * A token for each character (code point) that occurs in `sample`, in order of code point.
 *
 * `encode` throws invalid_input for a character that does not occur, naming its place.
 */
export function characterTokenizer(sample: string): TextTokenizer {
  const characters = [...new Set(sample)].sort((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0))
  const ids = new Map(characters.map((character, i) => [character, i + specialTokenCount]))
  const size = specialTokenCount + characters.length
  return {
    size,
    encode: text =>
      Int32Array.from([...text], (character, i) => {
        const id = ids.get(character)
        if (id !== undefined) return id
        throw new GuerdonError(
          'invalid_input',
          `expected characters of the sample; got ${JSON.stringify(character)} at ${i}`,
          { path: ['text', i], hint: 'make the tokenizer from a sample with every character, or use byteTokenizer' },
        )
      }),
    decode: tokens =>
      textIds(tokens, size)
        .map(id => characters[id - specialTokenCount])
        .join(''),
  }
}

/** The ids that stand for text. Throws invalid_input for one outside, naming its place. */
export function textIds(ids: ArrayLike<number>, size: number): number[] {
  return Array.from(ids).filter((id, i) => {
    if (Number.isInteger(id) && id >= 0 && id < size) return id >= specialTokenCount
    throw new GuerdonError('invalid_input', `expected token ids in [0, ${size}); got ${id} at ${i}`, {
      path: ['ids', i],
    })
  })
}
