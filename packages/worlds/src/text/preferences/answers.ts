import { specialTokens, type Vocabulary, vocabularyOf } from '../vocabulary.ts'

/** What answers can be like, in the order of a user's weights. */
export const attributes = ['formal', 'warm', 'playful', 'careful', 'detailed', 'practical'] as const
/** Name of an attribute. */
export type Attribute = (typeof attributes)[number]

/** Words that make an answer so. */
export const attributeWords: Readonly<Record<Attribute, readonly [string, string, string]>> = {
  formal: ['regarding', 'therefore', 'sincerely'],
  warm: ['dear', 'gladly', 'together'],
  playful: ['whee', 'tada', 'yippee'],
  careful: ['perhaps', 'possibly', 'roughly'],
  detailed: ['namely', 'precisely', 'specifically'],
  practical: ['first', 'then', 'finally'],
}
/** What prompts ask about. */
export const topics = ['travel', 'cooking', 'music', 'sleep', 'money', 'gardens'] as const
/** Words that say nothing. */
export const glue = ['and', 'so', 'with', 'about'] as const
/** Words of praise for the reader. */
export const praise = ['brilliant', 'wonderful'] as const
/** Names users may go by in prompts. */
export const userNames = ['ana', 'ben', 'cleo', 'dan', 'eva', 'finn', 'gita', 'hugo'] as const
const promptWords = ['topic', 'goal', 'user', 'liked', 'disliked'] as const

/** The words of prompts and answers. */
export const preferenceVocabulary: Vocabulary = vocabularyOf([
  ...topics,
  ...attributes,
  ...Object.values(attributeWords).flat(),
  ...glue,
  ...praise,
  ...userNames,
  ...promptWords,
])

/** Tokens of the longest answer, its end token included. */
export const maximumAnswerLength = 16
/** Words of an attribute that count; more of them change nothing. */
export const saturation = 2

const attributeOf: ReadonlyMap<string, number> = new Map(
  attributes.flatMap((attribute, index) => attributeWords[attribute].map(word => [word, index] as const)),
)

/** What is measured of an answer, without anyone's taste. */
export interface AnswerFeatures {
  /** [attributes] share of the words that count: min(words, 2)/2, in [0, 1]. */
  readonly attributes: readonly number[]
  /** Whether the prompt's topic is named. */
  readonly onTopic: boolean
  /** Topics nobody asked for, and words that belong in prompts only. */
  readonly offTopic: number
  readonly praise: number
  /** Tokens that repeat the token before them. */
  readonly repetitions: number
  /** Tokens, the end token included. */
  readonly length: number
  /** Whether the answer has its end token. */
  readonly finished: boolean
}

/** Measures an answer to a prompt about this topic. Token ids outside the vocabulary count as off topic. */
export function answerFeatures(topic: string, answer: ArrayLike<number>): AnswerFeatures {
  const counts = new Array<number>(attributes.length).fill(0)
  let onTopic = false
  let offTopic = 0
  let praises = 0
  let repetitions = 0
  let length = 0
  let finished = false
  for (let t = 0; t < answer.length && !finished; t++) {
    length++
    finished = answer[t] === specialTokens.end
    if (finished) break
    if (t > 0 && answer[t] === answer[t - 1]) repetitions++
    const word = preferenceVocabulary.tokens[answer[t]]
    const attribute = attributeOf.get(word)
    if (attribute !== undefined) counts[attribute]++
    else if (word === topic) onTopic = true
    else if (isOneOf(word, praise)) praises++
    else if (!isOneOf(word, glue)) offTopic++
  }
  const shares = counts.map(count => Math.min(count, saturation) / saturation)
  return { attributes: shares, onTopic, offTopic, praise: praises, repetitions, length, finished }
}

/**
 * Gold utility of an answer for someone with these weights:
 * u = w·φ + 1[on topic] − ½·offTopic − ½·praise − ⅒·repetitions − 1[unfinished], φ the attribute shares.
 *
 * @param weights [attributes]
 */
export function utilityOf(features: AnswerFeatures, weights: readonly number[]): number {
  const taste = weights.reduce((sum, weight, i) => sum + weight * features.attributes[i], 0)
  const blame = 0.5 * features.offTopic + 0.5 * features.praise + 0.1 * features.repetitions
  return taste + (features.onTopic ? 1 : 0) - blame - (features.finished ? 0 : 1)
}

/** The largest utility anyone with these weights can have: 1 + Σ max(w, 0). An answer of full length can reach it. */
export function bestUtility(weights: readonly number[]): number {
  return 1 + weights.reduce((sum, weight) => sum + Math.max(weight, 0), 0)
}

/** Words of a best answer: the topic, then two words of every attribute with a positive weight. */
export function bestAnswer(topic: string, weights: readonly number[]): string {
  const wanted = attributes.filter((_, i) => weights[i] > 0)
  return [topic, ...wanted.flatMap(attribute => attributeWords[attribute].slice(0, saturation))].join(' ')
}

function isOneOf(word: string, words: readonly string[]): boolean {
  return words.includes(word)
}
