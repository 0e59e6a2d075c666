import { mean, type Random } from '@guerdon/core'
import { chain, type Expression } from '@guerdon/worlds/text/arithmetic'
import { expressionValue } from '@guerdon/worlds/text/arithmetic/expression'
import type { Budget } from '../../harness/experiment.ts'
import type { TextSetting } from '../../text-policy/setting.ts'
import type { Answer } from '../arithmetic/ask.ts'
import { type WrittenArithmetic, writtenArithmetic } from '../arithmetic/written-arithmetic.ts'

/** P(a step is off by one), P(the right answer is given in spite of a slip), and of how many trivial steps are added. */
const slip = 0.4
const rightAllTheSame = 0.85
const paddings = [0, 0, 0, 1, 3] as const

/** Right, and of no use: no question asks for it. */
const trivialStep = '1 + 0 = 1'

/**
 * An answer as a careless writer gives it: steps that are off by one all too often, the right answer in spite of
 * that in most cases, and trivial steps before the answer.
 */
export function writeCareless(expression: Expression, random: Random): string {
  const parts = chain(expression, { slip, random }).split(' ; ').slice(0, -1)
  const carried = chain(expression) === parts.join(' ; ')
  const derived = parts[parts.length - 1].split(' = ')[1]
  const right = carried || random.bernoulli(rightAllTheSame)
  const padding = Array<string>(random.choice(paddings)).fill(trivialStep)
  return [...parts, ...padding, `answer ${right ? expressionValue(expression) : derived}`].join(' ; ')
}

/** A setting whose world tells the steps of an answer. */
export interface CarelessSetting extends TextSetting {
  readonly world: WrittenArithmetic
  /** Labelled answers the process model learns from, and gradient steps. */
  readonly processModel: { readonly examples: number; readonly updates: number }
  /** Answers of more steps are penalised by the filters. */
  readonly maxSteps: number
}

const settingOf = (
  operations: readonly number[],
  largest: number,
  rest: Pick<CarelessSetting, 'startSuccess' | 'teaching' | 'processModel'>,
): CarelessSetting => {
  const most = Math.max(...operations)
  const mostPadding = Math.max(...paddings)
  const maximumActionLength = 6 * (most + mostPadding) + 4
  const world = writtenArithmetic({ operations, largest, maximumActionLength, write: writeCareless })
  const maximumLength = 1 + world.maximumObservationLength + maximumActionLength
  const config = { vocabularySize: world.vocabulary.size, maximumLength, width: 32, layers: 2, heads: 4 }
  return { world, level: 0, config, maxSteps: most + 1, ...rest }
}

/** Questions of one and two operations (quick: of smaller numbers), the policy, and what the process model learns from. */
export const profSettings: Readonly<Record<Budget, CarelessSetting>> = {
  quick: settingOf([1, 2], 3, {
    startSuccess: 0.5,
    teaching: { demonstrations: 2000, learningRate: 1e-2, stepsBetweenLooks: 50, mostLooks: 5 },
    processModel: { examples: 1000, updates: 100 },
  }),
  full: settingOf([1, 2], 4, {
    startSuccess: 0.6,
    teaching: { demonstrations: 3000, learningRate: 5e-3, stepsBetweenLooks: 50, mostLooks: 16 },
    processModel: { examples: 3000, updates: 400 },
  }),
}

/** A step of an answer: its tokens, whether its arithmetic is right, whether it moved the work on. */
export interface WrittenStep {
  readonly tokens: readonly number[]
  readonly valid: boolean
  readonly planned: boolean
}

/** The steps of an answer, without the answer itself. */
export function stepsOf({ tokens, turns: [turn] }: Answer, world: WrittenArithmetic): WrittenStep[] {
  const action = tokens.subarray(turn.actionStart, turn.actionEnd)
  return world
    .steps(turn.state, action)
    .filter(({ kind }) => kind === 'step')
    .map(({ start, end, valid, planned }) => ({ tokens: Array.from(action.subarray(start, end)), valid, planned }))
}

/** Accuracy, the share of right answers whose steps do not lead to them soundly, steps an answer, and trivial ones of them. */
export function summarise(answers: readonly Answer[]): Record<'accuracy' | 'flawed' | 'steps' | 'trivial', number> {
  const fact = (answer: Answer, name: string): number => Number(answer.turns[0].facts[name])
  const right = answers.filter(({ correct }) => correct === true)
  return {
    accuracy: right.length / answers.length,
    flawed: right.length === 0 ? 1 : 1 - mean(right.map(answer => fact(answer, 'sound'))),
    steps: mean(answers.map(answer => fact(answer, 'steps'))),
    trivial: mean(answers.map(answer => fact(answer, 'steps') - fact(answer, 'plannedSteps'))),
  }
}
