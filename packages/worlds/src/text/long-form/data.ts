import { assertInteger, type Random } from '@guerdon/core'
import type { AnnotatorOptions } from '../annotators.ts'
import { type PreferencePair, preferencePairs } from '../data.ts'
import { readAction, writeAction } from '../turns.ts'
import { type AnnotationNoise, annotateLongForm, factLabel } from './annotate.ts'
import { type LongFormLabels, longFormLabels } from './labels.ts'
import { longFormReward } from './reward.ts'
import { type LongFormTask, longFormPrompt, longFormTask, longFormVocabulary, places, qualities } from './tasks.ts'

/** How carelessly a draft is written; each a probability. */
export interface DraftOptions {
  /** A required fact is left out. Default 0.2. */
  readonly omit?: number
  /** A fact is stated with another attribute or place. Default 0.25. */
  readonly unsupported?: number
  /** After a clause comes one about a place nobody asked for. Default 0.15. */
  readonly irrelevant?: number
  /** A clause is said twice. Default 0.1. */
  readonly repeat?: number
}

/** An answer with errors of every category. Token ids ending with the end token. */
export function draftLongForm(task: LongFormTask, random: Random, options: DraftOptions = {}): Int32Array {
  const { omit = 0.2, unsupported = 0.25, irrelevant = 0.15, repeat = 0.1 } = options
  const clauses: string[] = []
  const others = task.passage.filter(({ place }) => !task.asked.includes(place))
  for (const { place, quality, relation } of task.passage.filter(facts => task.asked.includes(facts.place))) {
    const wrong = (): boolean => random.bernoulli(unsupported)
    const claims = [`${place} is ${wrong() ? random.choice(qualities) : quality}`]
    if (relation) claims.push(`${place} ${relation[0]} ${wrong() ? random.choice(places) : relation[1]}`)
    for (const claim of claims) {
      if (!random.bernoulli(omit)) clauses.push(claim)
      if (random.bernoulli(repeat)) clauses.push(claim)
      if (others.length > 0 && random.bernoulli(irrelevant)) {
        const other = random.choice(others)
        clauses.push(`${other.place} is ${wrong() ? random.choice(qualities) : other.quality}`)
      }
    }
  }
  const text = clauses.map((clause, i) => `${clause} ${i + 1 < clauses.length && random.bernoulli(0.3) ? ',' : '.'}`)
  return writeAction(longFormVocabulary, text.join(' '))
}

/** One annotated answer; plain JSON. Token positions are of `response`, character offsets of `prediction`. */
export interface LongFormFeedback {
  readonly task: string
  readonly prompt: readonly number[]
  readonly response: readonly number[]
  readonly prediction: string
  /** Error spans in characters; relevance errors are clauses, factuality errors sentences. */
  readonly errors: readonly {
    readonly start: number
    readonly end: number
    readonly category: 'relevance' | 'factuality'
  }[]
  /** What the annotator missed in the answer. */
  readonly missing: readonly string[]
  /** A triple for each clause: object, attribute, relation, each −1 nothing said, 0 clean, 1 hallucinated. */
  readonly factLabels: readonly (readonly [number, number, number])[]
  readonly annotated: LongFormLabels
  /** What an annotator who never errs would have said. */
  readonly gold: LongFormLabels
}

/** Options of `longFormFeedback`. */
export interface FeedbackOptions {
  readonly count: number
  readonly level: number
  readonly random: Random
  readonly draft?: DraftOptions
  readonly noise?: AnnotationNoise
}

/** Drafts with segment labels of an annotator with the given error rates. */
export function longFormFeedback(options: FeedbackOptions): LongFormFeedback[] {
  const { count, level, random, draft, noise = {} } = options
  assertInteger(count, 'count')
  return Array.from({ length: count }, () => {
    const task = longFormTask(level, random)
    const response = draftLongForm(task, random, draft)
    return annotatedAnswer(task, response, { noise, random })
  })
}

/** Labels of one answer as a feedback record. */
export function annotatedAnswer(
  task: LongFormTask,
  response: ArrayLike<number>,
  options: { readonly noise: AnnotationNoise; readonly random: Random },
): LongFormFeedback {
  const read = readAction(longFormVocabulary, response)
  const gold = longFormLabels(task, read)
  const annotated = annotateLongForm(gold, options.noise, options.random)
  const offsets = characterOffsets(read.words)
  const span = ({ start, end }: { readonly start: number; readonly end: number }) => {
    return { start: offsets[start], end: offsets[end - 1] + read.words[end - 1].length }
  }
  return {
    task: task.id,
    prompt: Array.from(longFormVocabulary.encode(longFormPrompt(task))),
    response: Array.from(response),
    prediction: read.words.join(' '),
    errors: [
      ...annotated.clauses.filter(clause => clause.irrelevant).map(clause => errorSpan(span(clause), 'relevance')),
      ...annotated.sentences.filter(line => line.unsupported).map(line => errorSpan(span(line), 'factuality')),
    ],
    missing: annotated.missing,
    factLabels: annotated.clauses.map(({ facts }) => [
      factLabel(facts, 'object'),
      factLabel(facts, 'attribute'),
      factLabel(facts, 'relation'),
    ]),
    annotated,
    gold,
  }
}

/** Pairs of drafts, judged by the gold reward as a whole: what holistic reward models learn from. */
export function longFormPairs(options: {
  readonly count: number
  readonly level: number
  readonly random: Random
  readonly draft?: DraftOptions
  readonly annotator?: AnnotatorOptions
}): PreferencePair[] {
  const { count, level, random, draft, annotator } = options
  return preferencePairs<LongFormTask>(
    {
      task: draws => longFormTask(level, draws),
      prompt: task => longFormVocabulary.encode(longFormPrompt(task)),
      candidate: (task, draws) => draftLongForm(task, draws, draft),
      judged(task, answer) {
        const labels = longFormLabels(task, readAction(longFormVocabulary, answer))
        const kind = (labels.clauses.length % 3) as 0 | 1 | 2
        return { utility: longFormReward(labels), length: answer.length, praise: 0, kind }
      },
    },
    { count, random, ...(annotator && { annotator }) },
  )
}

/** Where each word begins in the text of words joined by single blanks. */
export function characterOffsets(words: readonly string[]): number[] {
  let at = 0
  return words.map(word => {
    const start = at
    at += word.length + 1
    return start
  })
}

function errorSpan<Category extends string>(span: { start: number; end: number }, category: Category) {
  return { ...span, category }
}
