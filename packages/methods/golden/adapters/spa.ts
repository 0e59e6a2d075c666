import * as spa from '@guerdon/methods/credit/spa'
import { interpret, ndarray, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'

interface Placement {
  stepRewards: number[][]
  actionMask: number[][]
  logProbs: number[][]
  refLogProbs: number[][]
  klCoef?: number
}
const float64 = (values: number[] | number[][] | number[][][], shape: number[]) =>
  ndarray(values, { dtype: 'float64', shape })
const place = (input: Placement, compat?: 'released') => ({
  tokenRewards: input.stepRewards.map((rewards, i) =>
    spa.placeStepRewards(
      rewards,
      { actionMask: input.actionMask[i], logProbs: input.logProbs[i], refLogProbs: input.refLogProbs[i] },
      { klCoef: input.klCoef, compat },
    ),
  ),
})

export const adapters = {
  progressEstimator: (input: {
    assistantMask: number[][]
    hiddenStates: number[][][]
    headWeight: number[]
    headBias: number
    trajectoryRewards: number[]
  }) => {
    const [rows, length, width] = [input.assistantMask.length, input.assistantMask[0].length, input.headWeight.length]
    const run = interpret((features: Tensor, weight: Tensor, bias: Tensor, turnEnds: Tensor, rewards: Tensor) => {
      const contributions = spa.linearContributions(features, { weight, bias })
      return { contributions, ...spa.progressLoss(contributions, turnEnds, rewards) }
    })
    const result = run(
      float64(input.hiddenStates, [rows, length, width]),
      float64(input.headWeight, [width]),
      input.headBias,
      float64(
        input.assistantMask.map(mask => [...spa.turnEndMask(mask)]),
        [rows, length],
      ),
      float64(input.trajectoryRewards, [rows]),
    )
    const ends = input.assistantMask.map(mask => [...spa.turnEndIndices(mask)])
    return {
      turnEndIndices: ends,
      contributions: ends.map((row, i) => row.map(t => result.contributions.data[i * length + t])),
      predictions: result.predictions.data,
      mseLoss: result.loss.data[0],
    }
  },
  progressLoss: (input: { contributions: number[][]; trajectoryRewards: number[] }) => {
    const rows = input.contributions.length
    const longest = Math.max(...input.contributions.map(row => row.length))
    const padded = (value: (entry: number) => number) =>
      float64(
        input.contributions.map(row => Array.from({ length: longest }, (_, t) => (t < row.length ? value(row[t]) : 0))),
        [rows, longest],
      )
    const run = interpret(
      valueAndGrad(
        (contributions: Tensor, turnEnds: Tensor, rewards: Tensor) => {
          const { loss, predictions } = spa.progressLoss(contributions, turnEnds, rewards)
          return [loss, predictions] as const
        },
        { hasAux: true },
      ),
    )
    const { value, gradient, aux } = run(
      padded(entry => entry),
      padded(() => 1),
      float64(input.trajectoryRewards, [rows]),
    )
    return {
      loss: value.data[0],
      predictions: aux.data,
      gradContributions: input.contributions.map((row, i) => row.map((_, t) => gradient.data[i * longest + t])),
    }
  },
  groundingSignal: (input: { nextObservations: string[]; failureMarker?: string; groundedValue?: number }) => ({
    grounding: spa.groundingSignal(input.nextObservations, {
      failure: input.failureMarker,
      groundedValue: input.groundedValue,
    }),
  }),
  fusedStepReward: (input: { contributions: number[]; grounded: number[]; alpha?: number; beta?: number }) => ({
    stepRewards: spa.fusedStepRewards(input.contributions, input.grounded, input),
  }),
  leaveOneOutOutcome: (input: { taskIds: (string | number)[]; finalRewards: number[] }) => ({
    values: spa.leaveOneOutOutcome(input.finalRewards, input.taskIds),
  }),
  placeStepRewardsReleasedCode: (input: Placement) => place(input, 'released'),
  placeStepRewards: (input: Placement) => place(input),
} satisfies Adapters
