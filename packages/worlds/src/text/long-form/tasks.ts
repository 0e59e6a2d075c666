import type { Random } from '@guerdon/core'
import { type Vocabulary, vocabularyOf } from '../vocabulary.ts'

/** What passages tell of. */
export const places = ['bridge', 'harbour', 'market', 'tower', 'garden', 'mill', 'chapel', 'school'] as const
/** What a place may be. */
export const qualities = ['old', 'new', 'tall', 'small', 'red', 'quiet'] as const
/** How a place may stand to another. */
export const relations = ['near', 'behind'] as const

/** The words of prompts and answers. */
export const longFormVocabulary: Vocabulary = vocabularyOf([
  ...places,
  ...qualities,
  ...relations,
  'is',
  'the',
  'and',
  ',',
  '.',
  'passage',
  'rumour',
  'describe',
])

/** What is true of one place. */
export interface PlaceFacts {
  readonly place: string
  readonly quality: string
  /** `[relation, other place]`, or null. */
  readonly relation: readonly [string, string] | null
}

/** A question about some places of a passage; plain JSON. */
export interface LongFormTask {
  readonly id: string
  readonly level: number
  /** What the passage states: all that is known to be true. */
  readonly passage: readonly PlaceFacts[]
  /** Claims nobody vouches for, of places in the passage: stating one cannot be verified. */
  readonly rumours: readonly { readonly place: string; readonly quality: string }[]
  /** Places to describe. */
  readonly asked: readonly string[]
}

const sizes = [
  { known: 2, asked: 1, rumours: 0 },
  { known: 3, asked: 1, rumours: 0 },
  { known: 4, asked: 2, rumours: 1 },
  { known: 6, asked: 3, rumours: 2 },
] as const

/** Number of difficulty levels. */
export const longFormLevels = sizes.length

/** Draws a passage, rumours and the places asked about. */
export function longFormTask(level: number, random: Random): LongFormTask {
  const { known, asked, rumours } = sizes[level]
  const present = Array.from(random.permutation(places.length).slice(0, known), index => places[index])
  const passage = present.map((place): PlaceFacts => {
    const quality = random.choice(qualities)
    const related = random.bernoulli(0.7)
    const relation = random.choice(relations)
    const other = random.choice(present.filter(name => name !== place))
    return { place, quality, relation: related ? [relation, other] : null }
  })
  const rumoured = passage.slice(0, rumours).map(({ place, quality }) => {
    return { place, quality: random.choice(qualities.filter(name => name !== quality)) }
  })
  const chosen = random.shuffle([...present]).slice(0, asked)
  const parts = { passage, rumours: rumoured, asked: chosen }
  return { id: `long-form ${level} ${promptOf(parts)}`, level, ...parts }
}

/** The prompt in words. */
export function longFormPrompt(task: LongFormTask): string {
  return promptOf(task)
}

/** The sentence that says all the passage knows of a place. */
export function placeSentence({ place, quality, relation }: PlaceFacts): string {
  return [place, 'is', quality, ...(relation ?? []), '.'].join(' ')
}

function promptOf({ passage, rumours, asked }: Pick<LongFormTask, 'passage' | 'rumours' | 'asked'>): string {
  const told = rumours.flatMap(({ place, quality }) => ['rumour', place, 'is', quality, '.'])
  return ['passage', ...passage.map(placeSentence), ...told, 'describe', ...asked].join(' ')
}
