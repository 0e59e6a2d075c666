import { GuerdonError } from '@guerdon/core'
import { specialTokens, type Vocabulary } from './vocabulary.ts'

/** An action as the world reads it. */
export interface ActionWords {
  /** Words before the first end token. */
  readonly words: readonly string[]
  /** Whether there was an end token; an action cut at the longest length has none. */
  readonly complete: boolean
}

/**
 * The words of an action up to its first end token. Padding and start tokens within it are words like any other, which no
 * grammar knows.
 *
 * @throws invalid_input for a token outside the vocabulary, naming its place
 */
export function readAction(vocabulary: Vocabulary, action: ArrayLike<number>): ActionWords {
  const words: string[] = []
  for (let t = 0; t < action.length; t++) {
    const token = action[t]
    if (!Number.isInteger(token) || token < 0 || token >= vocabulary.size) {
      throw new GuerdonError('invalid_input', `expected token ids in [0, ${vocabulary.size}); got ${token} at ${t}`, {
        path: ['action', t],
      })
    }
    if (token === specialTokens.end) return { words, complete: true }
    words.push(vocabulary.tokens[token])
  }
  return { words, complete: false }
}

/** The action of these words, with the end token after them. */
export function writeAction(vocabulary: Vocabulary, text: string): Int32Array {
  return vocabulary.encode(`${text} ${vocabulary.tokens[specialTokens.end]}`)
}

/** Throws `state` for a step after the end of an episode. */
export function assertRunning(over: boolean, world: string): void {
  if (!over) return
  throw new GuerdonError('state', `expected an episode of ${world} that goes on; got a step after its end`, {
    hint: 'start(task) begins a new episode',
  })
}

/** Throws `invalid_option` for a difficulty level the world does not have. */
export function assertLevel(level: number, levels: number): void {
  if (Number.isInteger(level) && level >= 0 && level < levels) return
  throw new GuerdonError('invalid_option', `expected a level in 0 … ${levels - 1}; got ${level}`, { path: ['level'] })
}

/** The ten digits, as words. */
export const digits = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] as const

/** A whole number ≥ 0 as digits separated by blanks: `42` is `4 2`. */
export function numberWords(value: number): string {
  return String(value).split('').join(' ')
}

/** The largest number that is read. */
export const largestNumber = 9999

/** The whole number ≤ 9999 that these digits write; undefined when they are none, too many or begin with a spare 0. */
export function readNumber(words: readonly string[]): number | undefined {
  if (words.length === 0 || words.length > 4 || (words.length > 1 && words[0] === '0')) return undefined
  return words.every(word => /^[0-9]$/.test(word)) ? Number(words.join('')) : undefined
}
