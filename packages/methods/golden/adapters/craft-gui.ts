import {
  difficultyTier,
  type GuiAction,
  type OperationWeights,
  operationReward,
  samplingWeights,
  stageAtStep,
  type UnderstandingWeights,
  understandingReward,
} from '@guerdon/methods/rules/craft-gui'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  operationReward: (input: { completion: string; groundTruth: GuiAction; weights: OperationWeights }) =>
    operationReward(input.completion, input.groundTruth, input),
  understandingReward: (input: {
    completion: string
    reference: string
    judgeScore: number | null
    judgeMax: number
    weights: UnderstandingWeights
  }) => understandingReward(input.completion, input.reference, input.judgeScore, input),
  difficultyTier: (input: { trajectoryLengths: number[]; upperBounds: number[] }) =>
    input.trajectoryLengths.map(length => difficultyTier(length, input)),
  samplingWeights: (input: { stage: number; tierSizes: number[]; replayFraction: number }) =>
    samplingWeights(input.stage, input.tierSizes, input),
  stageAtStep: (input: { steps: number[]; stageLengths: number[] }) =>
    input.steps.map(step => stageAtStep(step, input.stageLengths)),
} satisfies Adapters
