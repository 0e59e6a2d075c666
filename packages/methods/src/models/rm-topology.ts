import * as z from 'zod'
import { defineMethod } from '../method.ts'

export * from './rm-topology/network.ts'
export * from './rm-topology/tree.ts'

/** Options of the data collection. */
export const rmTopologyOptions = z.strictObject({
  topology: z
    .enum(['tree', 'chain'])
    .default('tree')
    .describe('shared prefixes, or two independent responses a comparison'),
  depth: z.int().min(1).default(4).describe('levels of the tree'),
  branching: z.int().min(1).default(2).describe('continuations of each node'),
  pairsPerPrompt: z.int().min(1).default(10).describe('random leaf pairs annotated for each prompt'),
  beta: z.number().positive().default(1).describe('strength of human preference'),
})

/**
 * Reward generalisation by the topology of comparisons: responses are sampled from a prefix tree and leaves compared, instead
 * of two independent responses a comparison. Shared prefixes couple responses, so each comparison also informs its relatives,
 * and annotation is cheaper. Loss and training stay the same.
 *
 * Here: inference distances over the induced Bayesian network in the paper's path form and in the exact Gaussian form
 * (effective resistance), the Gaussian posterior of rewards, trees with their leaf pairs, and annotation length. At an equal
 * number of pairs the tree does not win at small scale; at equal generation cost it does.
 *
 * Qiu et al., "Reward Generalization in RLHF: A Topological Perspective", arXiv 2402.10184.
 */
export const rmTopology = defineMethod({
  slug: 'rm-topology',
  title: 'Reward generalisation: tree-structured preference data',
  year: 2024,
  paper: 'arXiv 2402.10184 (Findings of ACL 2025)',
  family: 'models',
  summary: 'Compares leaves of a prefix tree of responses, and measures how comparisons inform each other.',
  consumes: ['trees of responses: parents and segments', 'comparisons as edges with variances'],
  produces: ['leaf pairs with shared prefixes', 'inference distances and reward posteriors'],
  options: rmTopologyOptions,
  claim: {
    statement:
      'At an equal number of generated tokens, a reward model trained on tree pairs is more accurate than one trained on independent pairs.',
    metric: 'preference accuracy',
    direction: 'higher',
    size: 0.02,
    against: ['chain'],
    seeds: 6,
    setting:
      '10-token responses over 6 symbols from a Markov model, ridge logistic regression, 60 chain pairs against 150 tree pairs. At an equal number of pairs the tree is not better.',
  },
  stages: [],
  withoutStage: 'decides which responses are generated and compared; it gives no reward to a recorded rollout',
  related: ['baselines-reward-model', 'rm-ensembles'],
})
