import * as z from 'zod'
import { defineMethod } from '../method.ts'
import { potentials } from './fk-steering/potentials.ts'
import { resamplingSchemes } from './fk-steering/resampling.ts'
import { fkSteeringStage } from './fk-steering/stage.ts'

export * from './fk-steering/mixture.ts'
export * from './fk-steering/potentials.ts'
export * from './fk-steering/resampling.ts'
export * from './fk-steering/stage.ts'
export * from './fk-steering/steering.ts'

/**
 * Feynman–Kac steering: k reverse-diffusion chains run side by side and are resampled by potentials built from intermediate
 * rewards, so that the survivors follow p(x₀)·exp(λ·r(x₀)). Needs reward values only, no gradient and no training; contains
 * best-of-n as the case of no potential before the end.
 *
 * Singhal et al., arXiv 2501.06848; zacharyhorvitz/Fk-Diffusion-Steering.
 */
export const fkSteering = defineMethod({
  slug: 'fk-steering',
  title: 'FK steering: Feynman–Kac particle steering of diffusion models',
  year: 2025,
  paper: 'arXiv 2501.06848 (ICML 2025)',
  family: 'diffusion',
  summary: 'Resamples parallel denoising chains by potentials of intermediate rewards, towards the reward-tilted law.',
  consumes: [
    'a sampler step over particles with its prediction of the clean sample',
    'a reward of predictions, values only',
  ],
  produces: [
    'the particle system with final rewards and its best member',
    'genealogy, log-normaliser, counts of calls',
  ],
  options: z.strictObject({
    potential: z.enum(potentials).default('difference').describe('what intermediate rewards are turned into'),
    lambda: z.number().positive().default(10).describe('sharpness of the tilt'),
    terminalForm: z
      .enum(['paper', 'official'])
      .default('paper')
      .describe('numerator of the last potential of max and sum'),
    essThreshold: z.number().min(0).default(0.5).describe('resample below this share of k; 1 always resamples'),
    scheme: z.enum(resamplingSchemes).default('systematic').describe('how survivors are drawn'),
    steps: z.int().min(1).default(100).describe('steps of the sampler'),
  }),
  claim: {
    statement:
      'Difference potentials with 8 particles put the best particle into a mode of weight 0.005 far more often than best-of-8.',
    metric: 'share of systems whose best particle lies in the rare mode',
    direction: 'higher',
    size: 0.4,
    against: ['best-of-8', 'one sample'],
    seeds: 5,
    setting:
      'eight Gaussians on a circle with the exact denoiser, DDIM with 100 steps and η = 1, reward −½‖x − μ₀‖², scored at steps 20, 40, 60, 80 and 99; 200 systems a seed.',
  },
  stages: [fkSteeringStage],
  compat: [
    'released (`releasedFkStep`): linear weights clamped at 1e10, the running max or sum in the last numerator, and a potential lost whenever the effective sample size skips a resampling',
  ],
  related: ['baselines-qd-diffusion', 'raft'],
})
