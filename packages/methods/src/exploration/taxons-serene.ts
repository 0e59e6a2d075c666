import * as z from 'zod'
import { defineMethod } from '../method.ts'
import { noveltyStage, noveltyStageOptions } from './taxons-serene/stage.ts'

export * from '../shared/novelty.ts'
export * from '../shared/pareto.ts'
export { visitStatistics } from '../shared/visit-grid.ts'
export * from './taxons-serene/curling.ts'
export * from './taxons-serene/emitters.ts'
export * from './taxons-serene/scheduler.ts'
export type {
  Behaviour,
  BehaviourSpace,
  EmitterKind,
  ExplorationCriterion,
  Individual,
  SparseProblem,
  SparseRollout,
  SparseSearchOptions,
} from './taxons-serene/search-run.ts'
export * from './taxons-serene/signature.ts'
export * from './taxons-serene/sparse-search.ts'
export { type NoveltyArchiveState, noveltyStage, noveltyStageOptions } from './taxons-serene/stage.ts'
export * from './taxons-serene/taxons.ts'
export * from './taxons-serene/taxons-search.ts'
export * from './taxons-serene/training-schedule.ts'

/**
 * When reward is almost always zero, search for different behaviours instead. Novelty search scores an individual by the mean
 * distance of its behaviour to its nearest neighbours; TAXONS learns the behaviour space from the last observation, and the
 * signature of the whole path spares the choice of a moment; SERENE adds emitters, local searches founded by every rewarding
 * individual, which share the budget with exploration.
 *
 * Paolo, "Learning in Sparse Rewards settings through Quality-Diversity algorithms", arXiv 2203.01027; TAXONS arXiv
 * 1909.05508, SERENE arXiv 2102.03140; GPaolo/taxons, GPaolo/SERENE, GPaolo/STAX.
 */
export const taxonsSerene = defineMethod({
  slug: 'taxons-serene',
  title: 'Sparse rewards through quality-diversity: novelty search, TAXONS, signatures, SERENE',
  year: 2022,
  paper: 'arXiv 2203.01027; 1909.05508; 2102.03140',
  family: 'exploration',
  summary:
    'Finds rewarding areas by novelty, in given or learned behaviour spaces, and exploits each with a local search.',
  consumes: [
    'evaluate(genomes) → reward and view of each rollout',
    'descriptors [n][b], or paths [n][d] for signatures',
    'rollout.descriptor (and rollout.score when there is one), for the stage',
  ],
  produces: [
    'novelty, surprise and local competition of each individual',
    'archive, reward archive and best reward of each area against evaluations',
    'rollout.reward: novelty; rollout.localCompetition',
  ],
  options: noveltyStageOptions.extend({
    scaling: z
      .enum(['perDimension', 'official'])
      .default('perDimension')
      .describe("an emitter's step size: a third of the nearest genome's distance, over √D or not"),
    emitters: z.enum(['fitness', 'novelty', 'cmaEs', 'none']).default('fitness').describe('what emitters optimise'),
    chunk: z.int().min(1).default(1000).describe('evaluations of each exploration or exploitation turn'),
  }),
  claim: {
    statement:
      'Emitters exploit what novelty finds: the best reward averaged over found areas is at least 0.12 above novelty search, while coverage stays above 80 % of it; the learned space reaches 80 % too.',
    metric: 'best reward averaged over found areas',
    direction: 'higher',
    size: 0.12,
    against: ['novelty search with ground-truth descriptors'],
    seeds: 6,
    setting:
      'walled point mass, 120 steps, tanh net of 42 weights, two small reward circles, 12 000 evaluations, population 30, chunk 300; random search, genome-space novelty and TAXONS beside it.',
  },
  stages: [noveltyStage],
  compat: [
    'released (`sparseSearch`): individuals outside the reference set lose their true nearest neighbour, and step sizes are not divided by √D',
    'official (`initialStepSize`): the full genome distance as a step size for each gene',
  ],
  related: ['stax', 'baselines-qd-diffusion'],
})
