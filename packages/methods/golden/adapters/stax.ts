import {
  type ChunkChoice,
  emitterFront,
  initialTrainingSchedule,
  initialUcbState,
  learnedBehaviours,
  paretoFronts,
  replayTraining,
  samplingPoints,
  trainingScheduleAfter,
  ucbChoice,
  ucbUpdate,
  viewSteps,
  visitStatistics,
} from '@guerdon/methods/exploration/stax'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  viewSteps: (input: { maxSteps: number; samplesPerTrajectory: number; trajectoryLength: number }) => {
    const points = samplingPoints(input.maxSteps, { views: input.samplesPerTrajectory })
    const steps = viewSteps(points, input.trajectoryLength)
    return { samplingPoints: points, viewStepsAfterPadding: steps, numViews: steps.length }
  },
  behaviorDescriptorAndSurprise: (input: {
    samplesPerTrajectory: number
    features: number[][]
    inputsFlat: number[][]
    reconstructionsFlat: number[][]
  }) => {
    const { errors, descriptors, surprise } = learnedBehaviours(
      { features: input.features, inputs: input.inputsFlat, reconstructions: input.reconstructionsFlat },
      { views: input.samplesPerTrajectory },
    )
    return { errorPerView: errors, descriptors, surprise }
  },
  autoencoderTrainingSchedule: (input: { chunkChoices: ChunkChoice[] }) => {
    let schedule = initialTrainingSchedule
    const trainedAfterChunk = input.chunkChoices.flatMap((choice, chunk) => {
      const result = trainingScheduleAfter(schedule, choice)
      schedule = result.schedule
      return result.train ? [chunk] : []
    })
    return { trainedAfterChunk, nextInterval: schedule.interval }
  },
  autoencoderEarlyStop: (input: {
    validationErrorsFromSecondEpoch: number[]
    maxTrainingEpochs: number
    patience: number
  }) => {
    const result = replayTraining(input.validationErrorsFromSecondEpoch, {
      maxEpochs: input.maxTrainingEpochs,
      patience: input.patience,
    })
    return {
      epochsRun: result.epochs,
      stoppedEarly: result.stop === 'stale',
      exhausted: result.exhausted,
      bestError: result.best,
    }
  },
  paretoFronts: (input: { values1: number[]; values2: number[] }) => ({
    fronts: paretoFronts([input.values1, input.values2]),
  }),
  emitterSelectionFront: (input: {
    ancestorDescriptors: number[][]
    rewardArchiveDescriptors: number[][]
    improvements: number[]
    noveltyNeighbors: number
  }) => {
    const { novelty, eligible } = emitterFront(
      input.ancestorDescriptors,
      input.rewardArchiveDescriptors,
      input.improvements,
      { neighbours: input.noveltyNeighbors, aloneNovelty: Number.NaN },
    )
    return { novelties: novelty, eligibleEmitters: eligible }
  },
  coverageAndUniformity: (input: { bins: number; minCoord: number[]; maxCoord: number[]; points: number[][] }) =>
    visitStatistics(input.points, { bins: input.bins, lower: input.minCoord, upper: input.maxCoord }),
  ucbScheduler: (input: { c: number; alpha: number; rewards: number[]; liveEmittersAfterChunk: number[] }) => {
    let state = initialUcbState
    const choices = input.rewards.map((reward, i) => {
      const choice = ucbChoice(state, input)
      state = ucbUpdate(state, { choice, reward, emittersAvailable: input.liveEmittersAfterChunk[i] > 0 }, input)
      return choice
    })
    return { choices, q: state.values, pulls: state.pulls }
  },
} satisfies Adapters
