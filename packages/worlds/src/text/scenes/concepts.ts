import { assertInteger, type Random } from '@guerdon/core'
import { type Vocabulary, vocabularyOf } from '../vocabulary.ts'

/** Kinds of objects; two words for each, which mean the same. */
export const kinds = [
  ['cup', 'mug'],
  ['ball', 'orb'],
  ['box', 'crate'],
  ['key', 'opener'],
  ['star', 'spark'],
  ['tree', 'oak'],
] as const
/** Colours; two words for each, which mean the same. */
export const colours = [
  ['red', 'crimson'],
  ['blue', 'azure'],
  ['green', 'emerald'],
  ['yellow', 'amber'],
  ['black', 'ebony'],
  ['white', 'ivory'],
] as const
/** Words of descriptions that say nothing. */
export const fillers = ['a', 'and', 'the', 'there', 'is', 'with'] as const
/** How one object may lie to another. */
export const directions = ['left', 'right', 'above', 'below'] as const
/** Side of the largest image. */
export const largestImage = 10

/** Token of one cell that shows an object of this look. */
export function cellToken(colour: number, kind: number): string {
  return `${colours[colour][0]}:${kinds[kind][0]}`
}

/** The words of images, questions and answers. */
export const sceneVocabulary: Vocabulary = vocabularyOf([
  ...Array.from({ length: largestImage + 1 }, (_, i) => String(i)),
  ...['image', '.', '/', 'find', 'count', 'things', 'where', 'from', 'describe', '(', ')'],
  ...directions,
  ...fillers,
  ...colours.flat(),
  ...kinds.flat(),
  ...colours.flatMap((_, colour) => kinds.map((_, kind) => cellToken(colour, kind))),
])

const conceptOf: ReadonlyMap<string, string> = new Map(
  [...colours, ...kinds].flatMap(words => words.map(word => [word, words[0]] as const)),
)

/** The concept a word stands for, named by its first word; undefined for words that stand for none. */
export function wordConcept(word: string): string | undefined {
  return conceptOf.get(word)
}

/** The 24 words that stand for concepts, colours first, the two of a concept side by side. */
export const conceptWords: readonly string[] = [...colours.flat(), ...kinds.flat()]

/** Options of `conceptCooccurrences`. */
export interface CooccurrenceOptions {
  readonly random: Random
  /** Times each word is met. Default 400. */
  readonly perWord?: number
  /** Words it is met with. Default 20. */
  readonly contextWords?: number
}

/**
 * How often each of `conceptWords` was met with each context word in a sampled text. The two words of a concept share one
 * distribution of contexts, drawn for the concept, so vectors learned from the counts place them side by side: what a
 * semantic reward needs and word overlap lacks.
 *
 * @returns [words][contextWords] counts
 */
export function conceptCooccurrences(options: CooccurrenceOptions): number[][] {
  const { random, perWord = 400, contextWords = 20 } = options
  assertInteger(perWord, 'perWord')
  assertInteger(contextWords, 'contextWords', 1)
  const distributions = new Map<string, number[]>()
  return conceptWords.map(word => {
    const concept = conceptOf.get(word) ?? word
    const drawn =
      distributions.get(concept) ?? Array.from({ length: contextWords }, () => Math.exp(2 * random.normal()))
    distributions.set(concept, drawn)
    const counts = new Array<number>(contextWords).fill(0)
    for (let i = 0; i < perWord; i++) counts[random.categorical(drawn)]++
    return counts
  })
}
