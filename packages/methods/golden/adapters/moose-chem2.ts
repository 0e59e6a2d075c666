import {
  bestOfList,
  committeeDecision,
  componentRecall,
  localSearchLine,
  missingHypothesis,
  type Pick,
  parseSelection,
  schematicLandscape,
  sixVoteOutcome,
  swapBack,
} from '@guerdon/methods/search/moose-chem2'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  parseSelection: (input: { selectionText: string }) => parseSelection(input.selectionText),
  missingHypothesis: (input: { hypothesis1: string | null; hypothesis2: string | null }) => ({
    selection: missingHypothesis(input.hypothesis1, input.hypothesis2),
  }),
  committeeDecision: (input: { votes: Pick[]; aggregatorVerdict: Pick }) =>
    committeeDecision(input.votes, () => input.aggregatorVerdict),
  swapBack: (input: { selections: Pick[]; reason: string }) => swapBack(input, { compat: 'released' }),
  bestOfList: (input: { latentScores: number[]; firstPositionBias: number; comparisonsPerOrder: number }) =>
    bestOfList(
      input.latentScores.length,
      (first, second) => (input.latentScores[first] + input.firstPositionBias >= input.latentScores[second] ? 1 : 2),
      { comparisonsPerOrder: input.comparisonsPerOrder },
    ),
  localSearchLine: async (input: {
    startScore: number
    proposalScores: number[]
    padProposalScore: number
    patience: number
    maxSteps: number
  }) => {
    let used = 0
    const line = await localSearchLine(
      String(input.startScore),
      {
        propose: async () => ({ text: String(input.proposalScores[used++] ?? input.padProposalScore) }),
        judge: async (first, second) => ({ pick: Number(second) > Number(first) ? 2 : 1 }),
      },
      { patience: input.patience, maxSteps: input.maxSteps },
    )
    return {
      acceptedScores: line.accepted.map(step => Number(step.text)),
      proposalsUsed: line.ledger.proposals,
      reachedLocalOptimum: line.reachedLocalOptimum,
    }
  },
  sixVoteOutcome: (input: { votesForFirst: Pick[] }) => ({ outcome: sixVoteOutcome(input.votesForFirst) }),
  componentRecall: (input: {
    coverageLevelPerTruthComponent: number[]
    truthComponents: number
    generatedComponents: number
  }) => componentRecall(input.coverageLevelPerTruthComponent, input),
  schematicLandscape: (input: { x: number[] }) => {
    const points = input.x.map(schematicLandscape)
    return {
      level1: points.map(point => point.level1),
      level2: points.map(point => point.level2),
      level3: points.map(point => point.level3),
    }
  },
} satisfies Adapters
