import type { Random } from '@guerdon/core'
import { attributes, attributeWords, topics } from './answers.ts'
import type { User } from './users.ts'

/** How much a prompt tells of who will judge: the wanted attributes, a name, two answers this user judged, or nothing. */
export type Reveal = 'goal' | 'name' | 'examples' | 'nothing'

/** One prompt and the user who will judge answers to it; plain JSON. */
export interface PreferenceTask {
  readonly id: string
  readonly level: number
  readonly topic: string
  readonly reveal: Reveal
  readonly user: User
  /** Words this user liked and disliked, for `examples`. */
  readonly liked: readonly string[]
  readonly disliked: readonly string[]
}

/** Options of `preferenceTask`. */
export interface PreferenceTaskOptions {
  readonly user: User
  readonly reveal: Reveal
  readonly random: Random
  readonly level?: number
}

/** A task for this user: draws the topic, then the words of the examples. */
export function preferenceTask(options: PreferenceTaskOptions): PreferenceTask {
  const { user, reveal, random, level = 0 } = options
  const topic = random.choice(topics)
  const shown = (sign: 1 | -1): string[] =>
    reveal === 'examples'
      ? attributes
          .filter((_, i) => sign * user.weights[i] > 0)
          .map(attribute => random.choice(attributeWords[attribute]))
      : []
  const liked = shown(1)
  const disliked = shown(-1)
  const taste = user.weights.map(weight => Math.round(weight * 1e6) / 1e6).join(',')
  return {
    id: ['preferences', topic, reveal, user.name, taste, ...liked, '|', ...disliked].join(' '),
    level,
    topic,
    reveal,
    user,
    liked,
    disliked,
  }
}

/** The prompt in words. */
export function preferencePrompt(task: PreferenceTask): string {
  const wanted = attributes.filter((_, i) => task.user.weights[i] > 0)
  const told = {
    goal: ['goal', ...wanted],
    name: ['user', task.user.name],
    examples: ['liked', ...task.liked, 'disliked', ...task.disliked],
    nothing: [],
  }[task.reveal]
  return ['topic', task.topic, ...told].join(' ')
}

/** Someone who wants exactly these attributes (+1 each) and would rather not have the others (−½ each). */
export function goalUser(wanted: readonly string[]): User {
  return { name: `goal:${wanted.join('+')}`, weights: attributes.map(name => (wanted.includes(name) ? 1 : -0.5)) }
}

/** Draws a goal of one to three attributes. */
export function drawGoal(random: Random): User {
  const count = 1 + random.integer(3)
  const chosen = random.permutation(attributes.length).slice(0, count).sort()
  return goalUser(Array.from(chosen, index => attributes[index]))
}
