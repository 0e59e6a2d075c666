import * as z from 'zod'
import { defineMethod } from '../method.ts'

export * from './moose-chem2/evaluation.ts'
export * from './moose-chem2/hierarchy.ts'
export * from './moose-chem2/line-search.ts'
export * from './moose-chem2/verdicts.ts'

/**
 * MOOSE-Chem2: search over texts whose only reward is a judge's "is the edited one better?". Edits are organised in levels
 * from abstract to concrete; each is climbed to several local optima that are recombined before the next begins. A committee
 * whose split votes an aggregator resolves may stand for the judge.
 *
 * Yang et al., "MOOSE-Chem2: Exploring LLM Limits in Fine-Grained Scientific Hypothesis Discovery via Hierarchical Search",
 * arXiv 2505.19209; ZonglinY/MOOSE-Chem2.
 */
export const mooseChem2 = defineMethod({
  slug: 'moose-chem2',
  title: 'MOOSE-Chem2: hierarchical search over a judged landscape',
  year: 2025,
  paper: 'arXiv 2505.19209 (NeurIPS 2025)',
  family: 'search',
  summary: "Climbs a language judge's preferences level by level, recombining the local optima of each level.",
  consumes: ['a coarse hypothesis', 'a proposer, optionally a refiner, and a judge of pairs, as functions'],
  produces: [
    'the best text of each level and beam, with the whole tree',
    'counts of proposals, refinements and judge calls',
    'preference pairs for reward-model training',
  ],
  options: z.strictObject({
    lines: z.int().min(1).default(3).describe('independent lines a level'),
    patience: z.int().min(1).default(3).describe('failed edits in a row that make a local optimum'),
    maxSteps: z.int().min(1).default(60).describe('bound on accepted edits a line'),
    recombinationTries: z.int().min(0).default(5).describe('tries to recombine the local optima'),
    beam: z.int().min(1).default(1).describe('branches kept from level to level'),
    beamMode: z.enum(['results', 'compete']).default('results').describe('who enters the next level'),
    comparisonsPerOrder: z.int().min(1).default(5).describe('comparisons in each order when optima are ranked'),
    learnFromRejections: z.boolean().default(false).describe('show rejected edits and reasons to the proposer'),
    compat: z.literal('released').optional().describe("the released code's first comparison of each level"),
  }),
  claim: {
    statement:
      'Searching level by level with recombination ends higher than flat restarts of equal proposal count and than one greedy line.',
    metric: 'mean landscape score',
    direction: 'higher',
    size: 1,
    against: ['equal-budget restarts', 'self-consistency', 'greedy'],
    seeds: 20,
    setting:
      'random landscapes of 5 levels × 3 sites × 10 options whose site values depend on parent and neighbour; judge with noise 0.5 and an order bias of 0.3; patience 25.',
  },
  stages: [],
  withoutStage:
    'It searches for new texts with live proposer and judge calls; there is nothing to score in recorded rollouts.',
  compat: [
    'released: from the third level on, the first comparison is with the result of the first level instead of the parent',
    'released: mapping a swapped verdict back also exchanges the digits 1 and 2 inside its reason',
    'released: with patience 1 a line stops after its first accepted edit',
  ],
  related: ['srm-mcts', 'br-rm'],
})
