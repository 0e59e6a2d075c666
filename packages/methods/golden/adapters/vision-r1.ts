import {
  boxRewards,
  differentiate,
  type LabelledBox,
  releasedFormatReward,
  releasedVisionReward,
  thresholdsAt,
  visionAdvantages,
} from '@guerdon/methods/rules/vision-r1'
import { type Box, boxOverlap } from '@guerdon/methods/shared/boxes'
import type { Adapters } from '../adapter.ts'

const unlabelled = (boxes: Box[]): LabelledBox[] => boxes.map(box => ({ label: '', box }))

export const adapters = {
  generalizedIou: (input: { boxA: Box; boxB: Box }) => boxOverlap(input.boxA, input.boxB),
  differentiate: (input: { values: number[]; minimal: number; maximum: number }) =>
    input.values.map(value => differentiate(value, { lower: input.minimal, upper: input.maximum, boundary: 'strict' })),
  officialRewards: (input: {
    completion: string
    groundTruth: LabelledBox[]
    labelIds?: Record<string, number>
    step: number | null
    switchStep: number
    width: number
    height: number
    inputWidth: number
    inputHeight: number
  }) =>
    releasedVisionReward(input.completion, input.groundTruth, {
      step: input.step,
      switchStep: input.switchStep,
      labelIds: input.labelIds,
      sizes: { image: [input.width, input.height], input: [input.inputWidth, input.inputHeight] },
    }),
  paperRewards: (input: {
    predictedBoxes: Box[]
    groundTruthBoxes: Box[]
    xi0: number
    xi1: number
    xi2: number
    precisionDenominator: 'matched' | 'predictions'
  }) => {
    const { matched, ...rewards } = boxRewards(unlabelled(input.predictedBoxes), unlabelled(input.groundTruthBoxes), {
      thresholds: input,
      precisionDenominator: input.precisionDenominator,
      cost: 'l1',
    })
    return { ...rewards, matchedIou: matched }
  },
  thresholdSchedule: (input: { step: number; totalSteps: number; switchFraction: number }) =>
    thresholdsAt(input.step, input.totalSteps, input),
  groupAdvantage: (input: { rewards: number[]; epsilon: number; ddof: 0 | 1 }) =>
    visionAdvantages(input.rewards, input),
  dualFormat: (input: { completion: string; numInstances: number }) =>
    releasedFormatReward(input.completion, input.numInstances),
} satisfies Adapters
