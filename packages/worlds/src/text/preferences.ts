import { Random } from '@guerdon/core'
import {
  answerFeatures,
  attributes,
  bestAnswer,
  bestUtility,
  maximumAnswerLength,
  preferenceVocabulary,
  userNames,
  utilityOf,
} from './preferences/answers.ts'
import { drawGoal, type PreferenceTask, preferencePrompt, preferenceTask, type Reveal } from './preferences/tasks.ts'
import { drawUsers, meanWeights, type User } from './preferences/users.ts'
import { type AnsweredState, type Judgement, singleTurnWorld } from './single-turn.ts'
import type { TextWorld } from './text-world.ts'

export * from './preferences/answers.ts'
export * from './preferences/data.ts'
export * from './preferences/tasks.ts'
export * from './preferences/users.ts'

/** Options of `preferencesWorld`. */
export interface PreferencesOptions {
  /** Seed of the two populations that go by name. Default 0. */
  readonly seed?: number
  /**
   * Prompts tell nothing of the user, who is one of the two at levels 0 and 1 and one of the eight at the others: the
   * best answer in expectation then serves the mean taste. Default false.
   */
  readonly hidden?: boolean
}

const reveals: readonly Reveal[] = ['goal', 'name', 'name', 'examples']

/**
 * Answers for users with different tastes. Level 0 states the wanted attributes; 1 names one of two opposite users; 2 one of
 * eight; 3 shows words that a user never met before liked and disliked. The reward is the gold utility of the task's user
 * (`utilityOf`), known exactly; `correct` means within a tenth of the best utility there is for this user.
 *
 * The expert serves the taste its prompt tells of, with `hidden` the mean taste.
 */
export function preferencesWorld(
  options: PreferencesOptions = {},
): TextWorld<PreferenceTask, AnsweredState<PreferenceTask>> {
  const { seed = 0, hidden = false } = options
  const random = new Random(seed).split('users')
  const pair = drawUsers({ count: 2, kind: 'opposite', random })
  const all = drawUsers({ count: userNames.length, random })
  const drawUser = (level: number, draws: Random): User => {
    if (hidden) return draws.choice(level < 2 ? pair : all)
    if (level === 0) return drawGoal(draws)
    if (level === 3) return { ...drawUsers({ count: 1, random: draws })[0], name: 'stranger' }
    return draws.choice(level === 1 ? pair : all)
  }
  return singleTurnWorld<PreferenceTask>({
    name: hidden ? 'preferences-hidden' : 'preferences',
    about: 'Answer so that this user likes it: users want different things, and prompts tell more or less of who asks.',
    vocabulary: preferenceVocabulary,
    levels: reveals.length,
    maximumActionLength: maximumAnswerLength,
    maximumObservationLength: 4 + attributes.length,
    task: (level, draws) =>
      preferenceTask({
        user: drawUser(level, draws),
        reveal: hidden ? 'nothing' : reveals[level],
        random: draws,
        level,
      }),
    prompt: preferencePrompt,
    judge: (task, _, answer) => judgePreference(task, answer),
    expert: ({ level, topic, user }) => bestAnswer(topic, hidden ? meanWeights(level < 2 ? pair : all) : user.weights),
    question: task => `Answer ${task.user.name} about ${task.topic}. The prompt says: ${preferencePrompt(task)}`,
  })
}

function judgePreference(task: PreferenceTask, answer: ArrayLike<number>): Judgement {
  const { attributes: shares, ...features } = answerFeatures(task.topic, answer)
  const utility = utilityOf({ attributes: shares, ...features }, task.user.weights)
  const regret = bestUtility(task.user.weights) - utility
  const byName = Object.fromEntries(attributes.map((attribute, i) => [attribute, shares[i]]))
  return { reward: utility, correct: regret <= 0.1, facts: { utility, regret, ...features, ...byName } }
}
