import {
  annotationLength,
  comparisonVariance,
  idealDistribution,
  inferenceDistances,
  leafPairs,
  meanInferenceDistance,
  preferenceProbability,
  type ResponseNetwork,
  type RewardObservation,
  responseAt,
  rewardPosterior,
  treeLeaves,
} from '@guerdon/methods/models/rm-topology'
import type { Adapters } from '../adapter.ts'

interface NetworkInput {
  numNodes: number
  edges: ResponseNetwork['edges']
}

export const adapters = {
  inferenceDistance: (input: NetworkInput & { pairs: [number, number][] }) => {
    const distances = inferenceDistances({ nodes: input.numNodes, edges: input.edges }, input.pairs)
    return {
      shortestPath: distances.map(distance => distance.shortestPath),
      effectiveResistance: distances.map(distance => distance.effectiveResistance),
    }
  },
  meanInferenceDistance: (input: NetworkInput) => meanInferenceDistance({ nodes: input.numNodes, edges: input.edges }),
  gaussianRewardPosterior: (input: { numNodes: number; observations: RewardObservation[]; priorVariance: number }) =>
    rewardPosterior(input.numNodes, input.observations, { priorVariance: input.priorVariance }),
  treeResponsesAndPairs: (input: { parents: (number | null)[]; segmentTokens: string[][] }) => {
    const tree = { parents: input.parents, segments: input.segmentTokens }
    const leaves = treeLeaves(tree)
    const pairs = leafPairs(tree)
    const lengths = pairs.length === 0 ? undefined : annotationLength(pairs)
    return {
      leaves,
      responses: leaves.map(leaf => responseAt(tree, leaf)),
      pairs: pairs.map(pair => ({ ...pair, lca: pair.ancestor })),
      meanTokensPerResponseInPairs: lengths?.withPrefix ?? null,
      meanTokensPerResponseWithoutSharedPrefix: lengths?.withoutPrefix ?? null,
    }
  },
  logisticPreference: (input: { rewardDifference: number[]; beta: number }) => ({
    probabilityAPreferred: input.rewardDifference.map(difference =>
      preferenceProbability(difference, { beta: input.beta }),
    ),
    strengthVariance: comparisonVariance({ beta: input.beta }),
  }),
  idealDistribution: (input: { rewards: number[]; beta: number }) => ({
    probabilities: idealDistribution(input.rewards, { beta: input.beta }),
  }),
} satisfies Adapters
