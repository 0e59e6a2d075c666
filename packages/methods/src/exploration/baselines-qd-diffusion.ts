import { defineMethod } from '../method.ts'
import { mapElitesOptions, mapElitesStage } from './baselines-qd-diffusion/stage.ts'

export * from '../shared/ddim.ts'
export { denoisingKl, denoisingLogProb } from '../shared/denoising-log-prob.ts'
export * from '../shared/noise-schedule.ts'
export { archiveLocalCompetition, archiveNovelty } from '../shared/novelty.ts'
export * from '../shared/visit-grid.ts'
export * from './baselines-qd-diffusion/cma-es.ts'
export * from './baselines-qd-diffusion/cma-me.ts'
export * from './baselines-qd-diffusion/denoising-chain.ts'
export * from './baselines-qd-diffusion/exact-denoisers.ts'
export * from './baselines-qd-diffusion/forward-process.ts'
export * from './baselines-qd-diffusion/grid-archive.ts'
export * from './baselines-qd-diffusion/search-loops.ts'
export * from './baselines-qd-diffusion/stage.ts'
export * from './baselines-qd-diffusion/variation.ts'

/**
 * What the quality-diversity and the diffusion methods are measured against and built from: grid archives and novelty, random
 * search, novelty search, MAP-Elites, CMA-ES and CMA-ME; noise schedules, reverse steps with their log-probability, guidance,
 * recorded chains, and exact denoisers to test samplers without training.
 *
 * Lehman & Stanley 2008; Mouret & Clune, arXiv 1504.04909; Fontaine et al., arXiv 1912.02400 and 2205.10752; Hansen, arXiv
 * 1604.00772; Vassiliades & Mouret, arXiv 1804.03906; Ho et al., arXiv 2006.11239; Song et al., arXiv 2010.02502; Ho &
 * Salimans, arXiv 2207.12598; Black et al., arXiv 2305.13301; icaros-usc/pyribs, kvablack/ddpo-pytorch.
 */
export const baselinesQdDiffusion = defineMethod({
  slug: 'baselines-qd-diffusion',
  title: 'Baselines: quality-diversity and diffusion',
  year: 2015,
  paper: 'arXiv 1504.04909, 1912.02400, 2205.10752, 1604.00772, 2006.11239, 2010.02502, 2207.12598',
  family: 'exploration',
  summary: 'Archives, emitters and searches for quality-diversity; schedules, reverse steps and chains for diffusion.',
  consumes: [
    'objectives [n] and measures [n][m] of evaluated solutions',
    'samples x [B][D], timesteps and a denoiser',
    'rollout.score and rollout.descriptor, for the stage',
  ],
  produces: [
    'an archive of elites with status and value of each addition, coverage, QD score, uniformity',
    'chains of N + 1 states with one log-probability a step',
    'rollout.reward: improvement brought to the archive',
  ],
  options: mapElitesOptions,
  claim: {
    statement:
      'CMA-ME fills the archive of the linear-projection sphere better than MAP-Elites, and MAP-Elites at least 2.5 times better than random search.',
    metric: 'normalised QD score',
    direction: 'higher',
    size: 3,
    against: ['MAP-Elites (Gaussian)', 'MAP-Elites (iso-line)', 'random search'],
    seeds: 5,
    setting:
      '20 dimensions, grid 50×50 over ±51.2, 45 000 evaluations; 5 emitters of 36 with σ₀ 0.5 and two-stage improvement.',
  },
  stages: [mapElitesStage],
  compat: [
    "released (`cmaUpdate`): pyribs' update of the covariance path without 1/σ and with the rank-one term scaled by c₁ twice",
  ],
  related: ['stax', 'taxons-serene', 'fk-steering', 'd3po'],
})
