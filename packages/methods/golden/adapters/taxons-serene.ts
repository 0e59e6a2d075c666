import {
  areaReward,
  bootstrapSpending,
  candidateOrder,
  crowdingDistance,
  elitistSurvivors,
  emitterImprovement,
  emitterStagnation,
  type ImprovementReference,
  initialStepSize,
  localCompetition,
  logSignature,
  noveltyDropNearest,
  noveltySelfExcluded,
  rewardArchiveEntries,
  signature,
  taxonsCriterion,
  taxonsReplacement,
  timeColumn,
  withTime,
} from '@guerdon/methods/exploration/taxons-serene'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  noveltyDropNearest: (input: { queries: number[][]; referenceSet: number[][]; neighbors: number }) => ({
    novelty: noveltyDropNearest(input.queries, input.referenceSet, {
      neighbours: input.neighbors,
      aloneNovelty: Number.NaN,
    }),
  }),
  noveltySelfExcluded: (input: { population: number[][]; archive: number[][]; neighbors: number }) => ({
    novelty: noveltySelfExcluded(input.population, input.archive, {
      neighbours: input.neighbors,
      aloneNovelty: Number.NaN,
    }),
  }),
  localCompetition: (input: { queries: number[][]; referenceSet: number[][]; rewards: number[]; neighbors: number }) =>
    localCompetition(input.queries, input.referenceSet, input.rewards, {
      neighbours: input.neighbors,
      aloneNovelty: Number.NaN,
    }),
  taxonsCriterion: (input: { stepCount: number; uniformDraw: number; warmupSteps: number }) => ({
    criterion: taxonsCriterion(input.stepCount, input.uniformDraw, { warmup: input.warmupSteps }),
  }),
  taxonsReplaceWorst: (input: { scores: number[]; numSelected: number; alreadyArchived: number[] }) => {
    const isArchived = input.scores.map((_, i) => input.alreadyArchived.includes(i))
    const result = taxonsReplacement(input.scores, isArchived, { selected: input.numSelected })
    return {
      bestIndices: result.best,
      worstIndices: result.worst,
      archivedNow: result.archived,
      sourceIndexAfterReplacement: result.sources,
    }
  },
  elitistSurvivors: (input: { parentScores: number[]; offspringScores: number[] }) => ({
    survivors: elitistSurvivors(input.parentScores, input.offspringScores),
  }),
  emitterImprovement: (input: {
    rewardsPerGeneration: number[][]
    evaluatedAtGenerations: number[]
    localImprovement: boolean
  }) => {
    let reference: ImprovementReference = null
    const improvementAtEachCall = input.evaluatedAtGenerations.map(generation => {
      const rewards = input.rewardsPerGeneration.slice(0, generation)
      const result = emitterImprovement(rewards, reference, { local: input.localImprovement })
      reference = result.reference
      return result.improvement
    })
    return { improvementAtEachCall }
  },
  stagnationStop: (input: {
    mode: 'custom' | 'original'
    genomeSize: number
    emitterPopulation: number
    steps: number
    rewardsPerGeneration: number[][]
  }) => {
    const { window, stop } = emitterStagnation(input.rewardsPerGeneration, {
      ...input,
      population: input.emitterPopulation,
    })
    return { windowLength: window, stop }
  },
  rewardArchiveUpdate: (input: { archivedRewardsSoFar: number[]; populationRewards: number[] }) => {
    const stored = rewardArchiveEntries(input.archivedRewardsSoFar, input.populationRewards)
    return {
      storedIndices: stored,
      archivedRewards: [...input.archivedRewardsSoFar, ...stored.map(i => input.populationRewards[i])],
      storedThisStep: stored.length,
    }
  },
  initialStepSize: (input: { genomes: number[][]; rewardingIndex: number; fallbackSigma: number }) => ({
    sigma: initialStepSize(input.genomes, input.rewardingIndex, {
      fallback: input.fallbackSigma,
      scaling: 'official',
    }),
  }),
  candidateOrder: (input: {
    candidateIds: number[]
    candidateDescriptors: number[][]
    rewardArchiveDescriptors: number[][]
    neighbors: number
  }) => ({
    order: candidateOrder(input.candidateDescriptors, input.rewardArchiveDescriptors, {
      neighbours: input.neighbors,
    }).map(i => input.candidateIds[i]),
  }),
  candidateBootstrapBudget: (input: {
    numCandidates: number
    chunkSize: number
    evaluationBudget: number
    emitterPopulation: number
    offspringPerGeneration: number
    bootstrapGenerations: number
  }) => {
    const spending = bootstrapSpending({
      candidates: input.numCandidates,
      chunk: input.chunkSize,
      evaluations: input.evaluationBudget,
      population: input.emitterPopulation,
      offspring: input.offspringPerGeneration,
      generations: input.bootstrapGenerations,
    })
    return {
      candidatesEvaluated: spending.candidatesEvaluated,
      chunkBudgetLeft: spending.chunkLeft,
      evaluationBudgetLeft: spending.evaluationsLeft,
    }
  },
  curlingReward: (input: { finalBallPosition: number[]; goals: number[][]; radii: number[] }) =>
    areaReward(
      input.finalBallPosition,
      input.goals.map((centre, i) => ({ centre, radius: input.radii[i] })),
    ),
  signature: (input: { path: number[][]; depth: number }) => ({
    signature: signature(input.path, input),
    logSignatureDepth2: logSignature(input.path),
  }),
  timeAugmentedSignature: (input: {
    observations: number[][]
    trajectoryLength: number
    maxTrajectoryLength: number
    depth: number
  }) => {
    const time = { length: input.trajectoryLength, longest: input.maxTrajectoryLength }
    const path = withTime(input.observations, time)
    return {
      timeColumn: timeColumn(input.observations.length, time),
      signature: signature(path, input),
      logSignatureDepth2: logSignature(path),
    }
  },
  crowdingDistance: (input: { objectives: number[][] }) => {
    const axes = input.objectives[0]?.length ?? 0
    const byObjective = Array.from({ length: axes }, (_, m) => input.objectives.map(point => point[m]))
    return { distance: crowdingDistance(byObjective) }
  },
} satisfies Adapters
