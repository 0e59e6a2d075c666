import * as z from 'zod'
import { defineMethod } from '../method.ts'
import { staxStage, staxStageOptions } from './stax/stage.ts'

export * from '../shared/pareto.ts'
export * from '../shared/visit-grid.ts'
export * from './stax/autoencoder.ts'
export * from './stax/stage.ts'
export * from './stax/training.ts'
export * from './stax/variants.ts'
export * from './stax/views.ts'
export { type EmitterFront, emitterFront } from './taxons-serene/emitters.ts'
export * from './taxons-serene/scheduler.ts'
export type {
  Behaviour,
  BehaviourSpace,
  Individual,
  SparseProblem,
  SparseRollout,
  SparseSearchOptions,
} from './taxons-serene/search-run.ts'
export * from './taxons-serene/sparse-search.ts'
export * from './taxons-serene/training-schedule.ts'

/**
 * STAX: finds and exploits sparse rewards in a behaviour space it learns on the way. Exploration is novelty search on the code
 * of an auto-encoder, selected by novelty or by surprise (its reconstruction error), a coin a generation; every rewarding
 * individual founds an emitter that climbs locally. Neither a hand-made behaviour space nor a dense reward is needed.
 *
 * `sparseSearch` with `staxVariants.stax`; the emitters are those of `taxons-serene`.
 *
 * Paolo et al., "Discovering and Exploiting Sparse Rewards in a Learned Behavior Space", arXiv 2111.01919; GPaolo/STAX.
 */
export const stax = defineMethod({
  slug: 'stax',
  title: 'STAX: sparse rewards in a learned behaviour space',
  year: 2021,
  paper: 'arXiv 2111.01919 (Evolutionary Computation 32(3), 2024)',
  family: 'exploration',
  summary: 'Alternates novelty search in a learned behaviour space with local searches around every reward it finds.',
  consumes: [
    'evaluate(genomes) → reward and views (images at given steps) of each rollout',
    'an auto-encoder of the views',
    'rollout.descriptor and rollout.surprise (and rollout.score), for the stage',
  ],
  produces: [
    'exploration archive, reward archive, turns with best reward of each area against evaluations',
    'descriptors [B][n·b] and surprise [B]',
    'rollout.reward: novelty or surprise; rollout.novelty, rollout.paretoFront',
  ],
  options: staxStageOptions.extend({
    views: z.int().min(1).default(1).describe('frames of a trajectory that are encoded; 1 is the last'),
    features: z.int().min(1).default(10).describe('length of the latent code'),
    maxEpochs: z.int().min(0).default(100).describe('epochs of a training, less one'),
    patience: z.int().min(0).default(3).describe('consecutive worse epochs that are borne'),
    scheduler: z
      .enum(['alternating', 'coin', 'time', 'ucb'])
      .default('alternating')
      .describe('who gets the next chunk'),
  }),
  claim: {
    statement:
      'Without being told the behaviour space STAX optimises the areas it finds as well as SERENE with ground-truth descriptors: best reward at least 0.12 above novelty search and TAXONS, within 0.05 of SERENE.',
    metric: 'best reward averaged over found areas',
    direction: 'higher',
    size: 0.12,
    against: ['novelty search with ground-truth descriptors', 'TAXONS'],
    seeds: 6,
    setting:
      'walled point mass, two small reward circles, 16×16 blob image of the final position, auto-encoder 256-48-6; 12 000 evaluations, population 30, chunk 300.',
  },
  stages: [staxStage],
  compat: [
    'released (`sparseSearch`): novelty and step sizes of emitters as in the released library; its STAX-NT, whose population never changes, is not reproduced',
  ],
  related: ['taxons-serene', 'baselines-qd-diffusion'],
})
