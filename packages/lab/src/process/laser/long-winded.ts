import { mean, type Random } from '@guerdon/core'
import { baseScore } from '@guerdon/methods/process/laser'
import { chain, type Expression } from '@guerdon/worlds/text/arithmetic'
import type { Budget } from '../../harness/experiment.ts'
import type { TextSetting } from '../../text-policy/setting.ts'
import type { Answer } from '../arithmetic/ask.ts'
import { writtenArithmetic } from '../arithmetic/written-arithmetic.ts'

/** How often a demonstration answers without any step, and how often it does a step again. */
const bareShare = 0.25
const checkShare = 0.5

/**
 * An answer as a long-winded writer gives it: without any step at times, else step by step, where every other step is taken
 * back and done again. `4 + 1 = 5 ; wait ; 4 + 1 = 5 ; answer 5`.
 */
export function writeLongWinded(expression: Expression, random: Random): string {
  const parts = chain(expression).split(' ; ')
  const answer = parts[parts.length - 1]
  if (random.bernoulli(bareShare)) return answer
  const steps = parts.slice(0, -1)
  return [...steps.flatMap(step => (random.bernoulli(checkShare) ? [step, 'wait', step] : [step])), answer].join(' ; ')
}

/** Tokens of an answer with all of n steps and no step twice, its end token included. */
export const plainLength = (steps: number): number => 6 * steps + 3

const settingOf = (
  operations: readonly number[],
  largest: number,
  rest: Pick<TextSetting, 'startSuccess' | 'teaching'>,
) => {
  const most = Math.max(...operations)
  const maximumActionLength = plainLength(most) + 8 * most
  const world = writtenArithmetic({ operations, largest, maximumActionLength, write: writeLongWinded })
  const maximumLength = 1 + world.maximumObservationLength + maximumActionLength
  const config = { vocabularySize: world.vocabulary.size, maximumLength, width: 32, layers: 2, heads: 4 }
  return { world, level: 0, config, operations, ...rest }
}

/** Questions of one, two and, half of them, three operations (quick: one and two, of smaller numbers), and the policy. */
export const laserSettings: Readonly<Record<Budget, TextSetting & { readonly operations: readonly number[] }>> = {
  quick: settingOf([1, 2], 3, {
    startSuccess: 0.7,
    teaching: { demonstrations: 2000, learningRate: 1e-2, stepsBetweenLooks: 50, mostLooks: 5 },
  }),
  full: settingOf([1, 2, 3, 3], 5, {
    startSuccess: 0.75,
    teaching: { demonstrations: 3000, learningRate: 5e-3, stepsBetweenLooks: 50, mostLooks: 16 },
  }),
}

/** What LASER reads of answers. */
export interface Answers {
  /** [R] */
  readonly groups: readonly string[]
  readonly lengths: readonly number[]
  readonly correct: readonly boolean[]
  /** LASER's base scores: an answer that is never given is malformed. */
  readonly scores: readonly number[]
}

/** Lengths, correctness and base scores of answers. */
export function readAnswers(answers: readonly Answer[]): Answers {
  return {
    groups: answers.map(({ groupId }) => groupId),
    lengths: answers.map(lengthOf),
    correct: answers.map(isCorrect),
    scores: answers.map(answer =>
      baseScore({ correct: isCorrect(answer), boxed: answer.turns[0].facts['answered'] === true, delimited: true }),
    ),
  }
}

/** Accuracy and mean length of answers: of all, of the questions with most operations, and of those with fewest. */
export function summarise(answers: readonly Answer[]): Record<string, number> {
  const hardest = Math.max(...answers.map(({ task }) => task.level))
  const hard = answers.filter(({ task }) => task.level === hardest)
  const easy = answers.filter(({ task }) => task.level === 1)
  const accuracy = (some: readonly Answer[]): number => mean(some.map(answer => Number(isCorrect(answer))))
  return {
    accuracy: accuracy(answers),
    hardAccuracy: accuracy(hard),
    length: mean(answers.map(lengthOf)),
    hardLength: mean(hard.map(lengthOf)),
    easyLength: mean(easy.map(lengthOf)),
    waits: mean(answers.map(({ turns }) => Number(turns[0].facts['waits']))),
  }
}

const isCorrect = ({ correct }: Answer): boolean => correct === true
const lengthOf = ({ turns: [turn] }: Answer): number => turn.actionEnd - turn.actionStart
