import {
  bestAgentNormaliser,
  distillationWeight,
  filterTask,
  type Goal,
  gameStatistics,
  goalRewards,
  goalValueBound,
  nashNormaliser,
  normalisedPercentiles,
  paretoDominates,
  pbtExploit,
  selfRewardPlay,
} from '@guerdon/methods/control/xland'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  goalReward: (input: { goal: Goal; predicateTruth: Record<string, boolean>[] }) =>
    goalRewards(input.goal, input.predicateTruth),
  gameStatistics: (input: { goals: Goal[]; predicates: string[] }) => gameStatistics(input.goals, input.predicates),
  normalisedPercentiles: (input: { scores: number[][]; normalisers: number[]; percentiles?: number[] }) =>
    normalisedPercentiles(input.scores, input.normalisers, input.percentiles),
  bestAgentNormaliser: (input: { scores: number[][] }) => ({ normalisers: bestAgentNormaliser(input.scores) }),
  nashNormaliser: (input: { rowPlayerPayoff: number[][] }) => nashNormaliser(input.rowPlayerPayoff),
  paretoDominates: (input: { pairs: [number[], number[]][] }) => ({
    dominates: input.pairs.map(([first, second]) => paretoDominates(first, second)),
  }),
  pbtExploit: (input: { percentileVectors: number[][]; agentCandidatePairs: [number, number][] }) => ({
    copy: input.agentCandidatePairs.map(([agent, candidate]) =>
      pbtExploit(input.percentileVectors[agent], input.percentileVectors[candidate]),
    ),
  }),
  taskFilter: (input: {
    agentReturns: number[]
    controlReturns: number[]
    thresholds: {
      easyReturn: number
      maxProbEasy: number
      margin: number
      minProbBeat: number
      controlReturn: number
      maxProbControl: number
    }
  }) => {
    const { maxProbEasy, minProbBeat, maxProbControl, ...rest } = input.thresholds
    const verdict = filterTask(input.agentReturns, input.controlReturns, {
      ...rest,
      maxEasy: maxProbEasy,
      minBeat: minProbBeat,
      maxControl: maxProbControl,
    })
    return {
      probAboveEasy: verdict.easy,
      probBeatsControl: verdict.beats,
      probControlGood: verdict.controlGood,
      accept: verdict.accept,
    }
  },
  selfRewardPlay: (input: { goalTruth: number[] }) => selfRewardPlay(input.goalTruth),
  distillationWeight: (input: { steps: number[]; initial: number; endStep: number }) => ({
    weights: input.steps.map(step => distillationWeight(step, { initial: input.initial, endStep: input.endStep })),
  }),
  goalValueBound: (input: { valueOfGoal: number; valuesOfOptions: number[] }) =>
    goalValueBound(input.valueOfGoal, input.valuesOfOptions),
} satisfies Adapters
