import { mean, type Random, sigmoid } from '@guerdon/core'
import { baseScores } from '@guerdon/methods/process/laser'
import { type ChoicePolicy, choicePolicy, choiceProbabilities, draw } from '../../toys/choice-policy.ts'

/** Size of the toy: questions of three difficulties in turn, responses a question, and the longest response. */
export const questions = 24
export const groupSize = 8
export const longest = 16

/** What a question of each difficulty takes: tokens needed, and the best accuracy length can buy. */
const difficulties = [
  { need: 2, cap: 0.97 },
  { need: 6, cap: 0.85 },
  { need: 11, cap: 0.75 },
] as const

/** P(correct | length) of a question: cap·σ((length − need)/0.8). */
export function chanceOfSuccess(question: number, length: number): number {
  const { need, cap } = difficulties[question % difficulties.length]
  return cap * sigmoid((length - need) / 0.8)
}

/** One response of each of a group's rollouts, for every question. */
export interface Responses {
  readonly groups: number[]
  readonly lengths: number[]
  readonly correct: boolean[]
  readonly scores: number[]
}

/** Responses of a policy: a length each, and a coin for its success. */
export function respond(policy: ChoicePolicy, random: Random): Responses {
  const responses: Responses = { groups: [], lengths: [], correct: [], scores: [] }
  for (let question = 0; question < questions; question++) {
    for (let i = 0; i < groupSize; i++) {
      const length = draw(policy, question, random) + 1
      const correct = random.bernoulli(chanceOfSuccess(question, length))
      responses.groups.push(question)
      responses.lengths.push(length)
      responses.correct.push(correct)
      responses.scores.push(correct ? baseScores.correct : baseScores.wrong)
    }
  }
  return responses
}

/** A policy that likes to write at length 12. */
export function lengthPolicy(random: Random): ChoicePolicy {
  return choicePolicy(questions, longest, (_, i) => -((i + 1 - 12) ** 2) / 18 + 0.2 * random.normal())
}

/** Accuracy and length the policy has on average, exactly; `hardAccuracy` of the questions that take longest. */
export function expectedOf(
  policy: ChoicePolicy,
): Record<'accuracy' | 'hardAccuracy' | 'easyLength' | 'length', number> {
  const accuracies: number[] = []
  const lengths: number[] = []
  for (let question = 0; question < questions; question++) {
    const probabilities = choiceProbabilities(policy, question)
    accuracies.push(probabilities.reduce((sum, p, i) => sum + p * chanceOfSuccess(question, i + 1), 0))
    lengths.push(probabilities.reduce((sum, p, i) => sum + p * (i + 1), 0))
  }
  const of = (values: readonly number[], difficulty: number): number =>
    mean(values.filter((_, question) => question % difficulties.length === difficulty))
  return {
    accuracy: mean(accuracies),
    hardAccuracy: of(accuracies, 2),
    easyLength: of(lengths, 0),
    length: mean(lengths),
  }
}
