import { GuerdonError } from '@guerdon/core'

/** Ids every vocabulary begins with: padding, the start of an episode, the end of an action. */
export const specialTokens = { pad: 0, start: 1, end: 2 } as const

/** The tokens of a text world; an id is a position in the list. */
export interface Vocabulary {
  /** `<pad>`, `<start>`, `<end>`, then the world's own words. */
  readonly tokens: readonly string[]
  readonly size: number
  /** Id of one token. Throws `unknown_name` for a word the vocabulary does not have. */
  id(token: string): number
  /** Ids of the words of a text, separated by blanks. */
  encode(text: string): Int32Array
  /** Words of the ids separated by blanks, without padding and end. Throws `invalid_input` for an id outside. */
  decode(ids: ArrayLike<number>): string
}

/**
 * A vocabulary of the given words, which must be distinct, not empty and without blanks; the special tokens stand before
 * them.
 *
 * @throws invalid_option naming the first word that is not like that
 */
export function vocabularyOf(words: readonly string[]): Vocabulary {
  const tokens = ['<pad>', '<start>', '<end>', ...words]
  const ids = new Map<string, number>()
  tokens.forEach((token, i) => {
    if (token === '' || /\s/.test(token) || ids.has(token)) {
      throw new GuerdonError('invalid_option', `expected distinct words without blanks; got ${JSON.stringify(token)}`, {
        path: ['words', i - 3],
      })
    }
    ids.set(token, i)
  })
  const id = (token: string): number => {
    const found = ids.get(token)
    if (found !== undefined) return found
    throw new GuerdonError('unknown_name', `expected a word of the vocabulary; got ${JSON.stringify(token)}`)
  }
  return {
    tokens,
    size: tokens.length,
    id,
    encode(text) {
      const words = text.split(/\s+/).filter(Boolean)
      const sequence = new Int32Array(words.length)
      for (let i = 0; i < words.length; i++) sequence[i] = id(words[i])
      return sequence
    },
    decode: sequence =>
      Array.from(sequence)
        .filter((token, i) => {
          assertTokenId(token, tokens.length, i)
          return token !== specialTokens.pad && token !== specialTokens.end
        })
        .map(token => tokens[token])
        .join(' '),
  }
}

function assertTokenId(token: number, size: number, at: number): void {
  if (Number.isInteger(token) && token >= 0 && token < size) return
  throw new GuerdonError('invalid_input', `expected token ids in [0, ${size}); got ${token} at ${at}`, {
    path: [at],
  })
}
