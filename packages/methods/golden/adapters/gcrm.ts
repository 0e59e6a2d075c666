import {
  auroc,
  contrastiveGoalLoss,
  filteredMajorityVote,
  type GoalIndexTensors,
  type GoalStates,
  gcrmLoss,
  goalIndices,
  goalState,
  prefixReward,
  qValues,
  stateIndex,
} from '@guerdon/methods/models/gcrm'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'
import { blocks, scalar } from '../nested.ts'

export const adapters = {
  contrastiveGoalLoss: (input: {
    chosenHidden: number[][][]
    rejectedHidden: number[][][]
    chosenNumActions: number[]
    rejectedNumActions: number[]
    uniformsSimilarity: [number[], number[]][]
    uniformsChosenUnsim: number[][]
    uniformsRejectedUnsim: number[][]
    strategy: 'cosine' | 'cosine_avg'
    sourceStatePercentile: number
    goalStatePercentile: number
    beta: number
  }) => {
    const indices = goalIndices(
      { similar: input.uniformsSimilarity, chosen: input.uniformsChosenUnsim, rejected: input.uniformsRejectedUnsim },
      {
        chosenActions: input.chosenNumActions,
        rejectedActions: input.rejectedNumActions,
        sequenceLength: input.chosenHidden[0].length,
        sourcePercentile: input.sourceStatePercentile,
        goalPercentile: input.goalStatePercentile,
      },
    )
    const strategy = input.strategy === 'cosine_avg' ? 'cosineAverage' : 'cosine'
    const { value, gradient } = interpret(
      valueAndGrad((states: GoalStates, at: GoalIndexTensors) =>
        contrastiveGoalLoss(states, at, { beta: input.beta, strategy }),
      ),
    )(
      { chosen: input.chosenHidden, rejected: input.rejectedHidden },
      { source: indices.source, goal: indices.goal, chosen: indices.chosen, rejected: indices.rejected },
    )
    return {
      loss: scalar(value),
      sourceIndices: indices.source,
      goalIndices: indices.goal,
      unsimChosenIndices: indices.chosen,
      unsimRejectedIndices: indices.rejected,
      gradChosenHidden: blocks(gradient.chosen),
      gradRejectedHidden: blocks(gradient.rejected),
    }
  },
  sampleStateIndex: (input: { uniforms: number[]; numActions: number; sequenceLength: number; percentile: number }) => {
    const { numActions: actions, sequenceLength, percentile } = input
    return { negativeIndices: input.uniforms.map(u => stateIndex(u, { actions, sequenceLength, percentile })) }
  },
  totalLoss: (input: {
    chosenRewards: number[]
    rejectedRewards: number[]
    margin: number[] | null
    contrastiveLoss: number
  }) => {
    const loss = interpret((chosen: Tensor, rejected: Tensor, extra: { margin?: Tensor }) =>
      gcrmLoss(chosen, rejected, input.contrastiveLoss, extra),
    )(input.chosenRewards, input.rejectedRewards, input.margin ? { margin: input.margin } : {})
    return { preferenceLoss: scalar(loss.preference), total: scalar(loss.total) }
  },
  goalState: (input: { lastTokenHiddenStates: number[][] }) => ({ goalState: goalState(input.lastTokenHiddenStates) }),
  qValues: (input: { hiddenStates: number[][]; goalState: number[] }) => ({
    cosine: qValues(input.hiddenStates, input.goalState),
  }),
  filteredMajorityVote: (input: {
    threshold: number
    dropFirstTokens: number
    generations: { question: string; isCorrect: boolean; predictedAnswer: string; cosine: number[] }[]
  }) => {
    const samples = input.generations.map(({ question, isCorrect, predictedAnswer, cosine }) => ({
      question,
      correct: isCorrect,
      answer: predictedAnswer,
      cosines: cosine,
    }))
    const { accuracy, questions } = filteredMajorityVote(samples, {
      threshold: input.threshold,
      dropFirst: input.dropFirstTokens,
    })
    return {
      accuracy,
      filteredPerQuestion: questions.map(vote => vote.stopped),
      tokensSavedPerQuestion: questions.map(vote => vote.tokensSaved),
      tokensPerQuestion: questions.map(vote => vote.tokens),
      proportionCorrectFiltered: questions.map(vote => vote.shareCorrectKept),
      proportionCorrect: questions.map(vote => vote.shareCorrect),
    }
  },
  auroc: (input: { scores: number[]; labels: number[] }) => ({ auroc: auroc(input.scores, input.labels) ?? null }),
  prefixReward: (input: { tokenRewardsWholeSequence: number[]; numActions: number; percentiles: number[] }) => ({
    rewardAtPercentile: input.percentiles.map(share =>
      prefixReward(input.tokenRewardsWholeSequence, { actions: input.numActions, share }),
    ),
  }),
} satisfies Adapters
