import type { Random } from '@guerdon/core'
import {
  type ClauseLabel,
  type DraftOptions,
  draftLongForm,
  isUnsupported,
  type LongFormTask,
  longFormLabels,
  longFormReward,
  longFormVocabulary,
  longFormWorld,
  type PlaceFacts,
  places,
  qualities,
} from '@guerdon/worlds/text/long-form'
import type { AnsweredState } from '@guerdon/worlds/text/single-turn'
import type { TextWorld } from '@guerdon/worlds/text/text-world'
import { readAction } from '@guerdon/worlds/text/turns'

/** Places a question asks about, of eight. */
export const askedPlaces = 5

const longForm = longFormWorld()

/** Token that ends a sentence. */
export const fullStop = longFormVocabulary.tokens.indexOf('.')
const comma = longFormVocabulary.tokens.indexOf(',')

/** What is true of the eight places; nobody reads it out. */
export type Town = readonly PlaceFacts[]

/** A town whose places have one quality each. */
export function drawTown(random: Random): Town {
  return places.map(place => ({ place, quality: random.choice(qualities), relation: null }))
}

/** Questions about some places of the town each. */
export function drawQuestions(town: Town, count: number, random: Random): LongFormTask[] {
  return Array.from({ length: count }, () => askAbout(town, random))
}

function askAbout(town: Town, random: Random): LongFormTask {
  const asked = Array.from(random.permutation(places.length).subarray(0, askedPlaces), index => places[index])
  return { id: questionOf(asked), level: 0, passage: town, rumours: [], asked }
}

/** What policy and judges read of a task: the places asked for, and nothing of what is true of them. */
export function promptOf({ asked }: LongFormTask): Int32Array {
  return longFormVocabulary.encode(questionOf(asked))
}

function questionOf(asked: readonly string[]): string {
  return ['describe', ...asked].join(' ')
}

/** A draft in sentences of one clause each, cut where answers are. */
export function draftAnswer(task: LongFormTask, random: Random, writer: DraftOptions): Int32Array {
  const draft = draftLongForm(task, random, writer).subarray(0, longForm.maximumActionLength)
  return draft.map(token => (token === comma ? fullStop : token))
}

/**
 * The long-form world by heart: a few questions about one town, without the passage that tells of it. Its expert errs as
 * the writer does.
 */
export function townWorld(
  questions: readonly LongFormTask[],
  writer: DraftOptions,
): TextWorld<LongFormTask, AnsweredState<LongFormTask>> {
  return {
    ...longForm,
    levels: 1,
    maximumObservationLength: 1 + askedPlaces,
    task: (_, random) => random.choice(questions),
    observe: ({ task, answer }) => (answer === null ? promptOf(task) : new Int32Array(0)),
    expert: ({ task }, random) => draftAnswer(task, random, writer),
  }
}

/** A sentence as the world labels it. */
export interface SentenceTruth {
  /** Its last token, counted from the start of the answer. */
  readonly end: number
  /** Whether it ends with a full stop, as all do but a last one that was cut. */
  readonly closed: boolean
  /** Coherent, asked for, and not said before. */
  readonly relevant: boolean
  /** It says something of a place, and nothing that is not true. */
  readonly factual: boolean
}

/** An answer as the world labels it. */
export interface AnswerTruth {
  readonly sentences: readonly SentenceTruth[]
  /** Share of what was asked for that is said, in [0, 1]. */
  readonly coverage: number
  /** The world's gold reward. */
  readonly reward: number
}

/** Exact labels of an answer. */
export function truthOf(task: LongFormTask, answer: ArrayLike<number>): AnswerTruth {
  const labels = longFormLabels(task, readAction(longFormVocabulary, answer))
  const { clauses, required, missing } = labels
  return {
    sentences: labels.sentences.map(({ end }, s) => {
      const own = clauses.filter(({ sentence }) => sentence === s)
      return {
        end: end - 1,
        closed: answer[end - 1] === fullStop,
        relevant: !own.some(({ irrelevant }) => irrelevant),
        factual: own.some(saysSomething) && !own.some(isUnsupported),
      }
    }),
    coverage: (required.length - missing.length) / required.length,
    reward: longFormReward(labels),
  }
}

/** More than the name of a place. */
function saysSomething({ facts }: ClauseLabel): boolean {
  return facts.some(({ type }) => type !== 'object')
}

/** Shares over all sentences of all answers, and means over answers. */
export function summarise(truths: readonly AnswerTruth[]): Record<string, number> {
  const sentences = truths.flatMap(truth => truth.sentences)
  const share = (holds: (sentence: SentenceTruth) => boolean): number =>
    sentences.length === 0 ? 0 : sentences.filter(holds).length / sentences.length
  const average = (of: (truth: AnswerTruth) => number): number =>
    truths.reduce((sum, truth) => sum + of(truth), 0) / truths.length
  return {
    factual: share(({ factual }) => factual),
    relevant: share(({ relevant }) => relevant),
    sound: share(({ factual, relevant }) => factual && relevant),
    covered: average(({ coverage }) => coverage),
    sentences: average(truth => truth.sentences.length),
    gold: average(({ reward }) => reward),
  }
}
