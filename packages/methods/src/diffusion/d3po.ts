import * as z from 'zod'
import { defineMethod } from '../method.ts'
import { d3poStage, ddpoStage } from './d3po/stage.ts'

export { denoisingKl, denoisingLogProb } from '../shared/denoising-log-prob.ts'
export * from './d3po/advantages.ts'
export * from './d3po/labels.ts'
export * from './d3po/losses.ts'
export * from './d3po/stage.ts'

/**
 * D3PO: direct preference optimisation of a denoising chain, step by step. Two chains of one prompt from the same initial
 * noise are compared at the end, and the label is copied to every step: the preferred chain's transitions become likelier
 * relative to a reference, the other's less likely. No reward model, memory of one step. With its baseline DDPO, which sees
 * the rewards themselves.
 *
 * Yang et al., arXiv 2311.13231; Black et al., arXiv 2305.13301; yk7333/D3PO, kvablack/ddpo-pytorch.
 */
export const d3po = defineMethod({
  slug: 'd3po',
  title: 'D3PO: direct preference optimisation of denoising policies, with DDPO',
  year: 2023,
  paper: 'arXiv 2311.13231 (CVPR 2024)',
  family: 'diffusion',
  summary:
    'Applies the preference loss to every denoising step of a pair of chains; DDPO beside it as the reward-reading baseline.',
  consumes: [
    'pairs of denoising chains of one prompt from the same initial noise, with stored latents',
    'log-probabilities of each step under policy and reference, [N] a step',
    'labels of the finished samples, or scores to compare',
  ],
  produces: ['a loss a step as a graph', 'preference pairs from scores', 'DDPO advantages and losses'],
  options: z.strictObject({
    beta: z.number().positive().default(0.1).describe('sharpness of the preference loss'),
    ratioClip: z.number().min(0).max(1).nullable().default(0.1).describe("ratio clamp; null is the paper's Eq. 14"),
    dropTies: z.boolean().default(false).describe('leave tied pairs out of the mean'),
    referenceUpdate: z
      .enum(['never', 'everyEpoch'])
      .default('never')
      .describe("the reference: the first model, or each epoch's starting point as in the rounds of human feedback"),
    clipRange: z.number().min(0).max(1).default(1e-4).describe('DDPO: ratio clip'),
    advantageClip: z.number().positive().default(5).describe('DDPO: advantage clip'),
    bufferSize: z.int().min(1).default(16).describe('DDPO: rewards remembered a prompt'),
    minCount: z.int().min(1).default(16).describe("DDPO: remembered rewards needed for a prompt's own statistics"),
  }),
  claim: {
    statement:
      'From comparisons alone D3PO recovers at least 80 % of the reward that DDPO gains from the rewards themselves, 95 % with a reference that moves every epoch.',
    metric: 'share of the gain of DDPO recovered',
    direction: 'higher',
    size: 0.8,
    against: ['random labels'],
    seeds: 5,
    setting:
      'eight Gaussians on a circle, a 64-64 denoiser, DDIM with 20 steps and η = 1, reward −‖x − μ₀‖²/8; 40 epochs of 64 pairs or 128 samples.',
  },
  stages: [d3poStage, ddpoStage],
  compat: [
    "the ratio clamp of the released code is the default, the paper's loss without it is `ratioClip: null`",
    'ties stay in the mean as released; `dropTies` leaves them out',
  ],
  related: ['instruct-video', 'b2-diffurl', 'fk-steering'],
})
