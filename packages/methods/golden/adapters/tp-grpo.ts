import {
  groupTokenAdvantages,
  labelCorrectSolution,
  labelIncorrectSolution,
  mergeThoughts,
  type StepLabel,
  stepLevelBaseline,
  thoughtAdvantages,
} from '@guerdon/methods/process/tp-grpo'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  mergeThoughts: (input: { stepLabels: StepLabel[] }) => ({ thoughts: mergeThoughts(input.stepLabels) }),
  thoughtAdvantages: (input: {
    stepLabels: StepLabel[]
    answerCorrect: boolean
    standardizedOutcome: number
    groupAccuracy: number
    alpha: number
  }) =>
    thoughtAdvantages(
      {
        labels: input.stepLabels,
        correct: input.answerCorrect,
        outcome: input.standardizedOutcome,
        groupAccuracy: input.groupAccuracy,
      },
      { alpha: input.alpha },
    ),
  groupTokenAdvantages: (input: {
    solutions: {
      stepSpans: [number, number][]
      answerSpan: [number, number]
      stepLabels: StepLabel[]
      answerCorrect: boolean
      length: number
    }[]
    alpha: number
    ddof: 0 | 1
    epsilon: number
  }) => {
    const { alpha, ddof, epsilon } = input
    const solutions = input.solutions.map(({ stepLabels, answerCorrect, ...solution }) => ({
      ...solution,
      labels: stepLabels,
      correct: answerCorrect,
    }))
    const { outcomes, ...result } = groupTokenAdvantages(solutions, { alpha, ddof, epsilon })
    return { ...result, standardizedOutcomes: outcomes }
  },
  stepLevelBaseline: (input: { solutions: { stepLabels: StepLabel[] }[]; epsilon: number; ddof: 0 | 1 }) => {
    const { rewards, advantages } = stepLevelBaseline(
      input.solutions.map(solution => solution.stepLabels),
      { ddof: input.ddof, epsilon: input.epsilon },
    )
    return { standardizedStepRewards: rewards, stepAdvantages: advantages }
  },
  labelCorrectSolution: (input: { nSteps: number; errorIntervals: [number, number][] }) => ({
    stepLabels: labelCorrectSolution(input.nSteps, input.errorIntervals, { outOfRange: 'ignore' }),
  }),
  labelIncorrectSolution: (input: { nSteps: number; stepsMatchingAnswer: number[] }) => ({
    stepLabels: labelIncorrectSolution(input.nSteps, input.stepsMatchingAnswer, { outOfRange: 'ignore' }),
  }),
} satisfies Adapters
