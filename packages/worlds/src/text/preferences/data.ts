import { assertInRange, assertInteger, type Random } from '@guerdon/core'
import type { AnnotatorOptions, JudgedAnswer } from '../annotators.ts'
import { type PreferencePair, preferencePairs } from '../data.ts'
import { specialTokens } from '../vocabulary.ts'
import {
  answerFeatures,
  attributes,
  attributeWords,
  glue,
  maximumAnswerLength,
  praise,
  preferenceVocabulary,
  topics,
  utilityOf,
} from './answers.ts'
import { drawGoal, type PreferenceTask, preferencePrompt, preferenceTask, type Reveal } from './tasks.ts'
import type { User } from './users.ts'

/** Gold utility of an answer for the task's user, and what else annotators see of it. */
export function judgedAnswer(task: PreferenceTask, answer: ArrayLike<number>): JudgedAnswer {
  const features = answerFeatures(task.topic, answer)
  const most = features.attributes.indexOf(Math.max(...features.attributes))
  return {
    utility: utilityOf(features, task.user.weights),
    length: features.length,
    praise: features.praise,
    kind: (most % 3) as 0 | 1 | 2,
  }
}

/**
 * An answer by a writer without a plan: two to nine words, the topic with probability 0.7, otherwise words of a few
 * attributes, with glue, now and then another topic or praise.
 *
 * @returns token ids ending with the end token
 */
export function draftPreferenceAnswer(task: PreferenceTask, random: Random): Int32Array {
  const words: string[] = random.bernoulli(0.7) ? [task.topic] : []
  const favourites = random.permutation(attributes.length).slice(0, 1 + random.integer(3))
  const length = 2 + random.integer(8)
  while (words.length < length) {
    const draw = random.float()
    if (draw < 0.75)
      words.push(random.choice(attributeWords[attributes[favourites[random.integer(favourites.length)]]]))
    else if (draw < 0.9) words.push(random.choice(glue))
    else if (draw < 0.95) words.push(random.choice(praise))
    else words.push(random.choice(topics))
  }
  random.shuffle(words)
  return Int32Array.from([...words.map(preferenceVocabulary.id), specialTokens.end])
}

/** Options of `userPreferences`. */
export interface UserPreferencesOptions {
  readonly users: readonly User[]
  readonly count: number
  readonly random: Random
  /** What prompts tell of the user. Default nothing. */
  readonly reveal?: Reveal
  readonly annotator?: AnnotatorOptions
}

/** Pairs judged by users drawn in turn at random; each names its user. Candidates are drafts. */
export function userPreferences(options: UserPreferencesOptions): PreferencePair[] {
  const { users, reveal = 'nothing', count, random, annotator } = options
  return preferencePairs(
    {
      task: draws => preferenceTask({ user: draws.choice(users), reveal, random: draws }),
      user: task => task.user.name,
      prompt: task => preferenceVocabulary.encode(preferencePrompt(task)),
      candidate: draftPreferenceAnswer,
      judged: judgedAnswer,
    },
    { count, random, ...(annotator && { annotator }) },
  )
}

/** A pair whose prompt states a goal: `chosen` keeps to it, `rejected` leaves it for good at a drawn place. */
export interface GoalPair extends PreferencePair {
  /** Indices into `attributes`, ascending. */
  readonly goal: readonly number[]
  /** Position of the first token of `rejected` from which other attributes prevail. */
  readonly turnedAt: number
}

/** Options of `goalPairs`. */
export interface GoalPairOptions {
  readonly count: number
  readonly random: Random
  /** Words of each answer, in [2, 15]. Default 12. */
  readonly length?: number
  /** Share of words that serve the attributes of the moment; the others are of any attribute. Default 0.6. */
  readonly focus?: number
}

/**
 * Pairs for goal-conditioned representations: the answers state the same topic; up to `turnedAt` both draw their words
 * alike, then one turns to attributes that are not wanted. The utility differs by what saturates: `margin` says how much,
 * and may be 0 or below where an early good part already paid; which answer kept to the goal is exact all the same.
 */
export function goalPairs(options: GoalPairOptions): GoalPair[] {
  const { count, random, length = 12, focus = 0.6 } = options
  assertInteger(count, 'count')
  assertInteger(length, 'length', 2)
  assertInRange(length, 'length', 2, maximumAnswerLength - 1)
  assertInRange(focus, 'focus', 0, 1)
  return Array.from({ length: count }, () => {
    const task = preferenceTask({ user: drawGoal(random), reveal: 'goal', random })
    const indices = attributes.map((_, i) => i)
    const goal = indices.filter(i => task.user.weights[i] > 0)
    const others = indices.filter(i => task.user.weights[i] <= 0)
    const turnedAt = 1 + random.integer(length - 1)
    const answer = (turn: number): number[] => {
      const words = Array.from({ length }, (_, t) => {
        if (t === 0) return task.topic
        const focused = random.bernoulli(focus) ? (t < turn ? goal : others) : indices
        return random.choice(attributeWords[attributes[random.choice(focused)]])
      })
      return [...words.map(preferenceVocabulary.id), specialTokens.end]
    }
    const chosen = answer(length)
    const rejected = answer(turnedAt)
    return {
      task: task.id,
      user: task.user.name,
      prompt: Array.from(preferenceVocabulary.encode(preferencePrompt(task))),
      chosen,
      rejected,
      tie: false,
      margin: judgedAnswer(task, chosen).utility - judgedAnswer(task, rejected).utility,
      goal,
      turnedAt,
    }
  })
}
