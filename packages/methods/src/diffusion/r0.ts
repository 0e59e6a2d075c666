import * as z from 'zod'
import { defineMethod } from '../method.ts'

export * from './r0/closed-form.ts'
export * from './r0/generator.ts'
export * from './r0/rewards.ts'
export * from './r0/update.ts'

/**
 * R0 (Reward-Instruct): a few-step generator trained by differentiable rewards alone, without distillation. The gradients of
 * several rewards at the generated sample are normalised one by one and added; weights are held to the pre-trained model;
 * every step draws its own stochasticity. R0+ supervises the clean prediction of one random step and cuts the graph before
 * it.
 *
 * Only a README of the code is public: equations are reconstructed from the papers and pinned by independent vectors.
 *
 * Luo et al., "Rewards Are Enough for Fast Photo-Realistic Text-to-image Generation", arXiv 2503.13070 (NeurIPS 2025).
 */
export const r0 = defineMethod({
  slug: 'r0',
  title: 'R0: few-step generators by regularised reward maximisation',
  year: 2025,
  paper: 'arXiv 2503.13070 (NeurIPS 2025)',
  family: 'diffusion',
  summary:
    'Trains a few-step generator on normalised gradients of several rewards, held to the weights it started from.',
  consumes: [
    'a denoiser as a graph, its starting weights, noise and η of every step',
    'gradients of differentiable rewards with respect to the sample, [m][d]',
  ],
  produces: [
    'the chain as graphs, whole or cut before a supervised step',
    'a combined gradient field and its loss',
    'the regularised update',
  ],
  options: z.strictObject({
    steps: z.int().min(1).default(4).describe('steps K of the generator'),
    lambda: z.number().min(0).default(0.1).describe('weight of ‖θ − θ₀‖²; not published, tune it with the optimiser'),
    normalise: z.boolean().default(true).describe("divide each reward's gradient by its norm"),
    epsilon: z.number().min(0).default(1e-8).describe('added to each norm'),
    supervision: z.enum(['final', 'random-step']).default('final').describe('R0, or R0+'),
    temperature: z.number().min(0).default(0).describe('noise of the update that samples the tilted law of parameters'),
  }),
  claim: {
    statement:
      'A 4-step generator trained by three rewards with normalised gradients produces at least 0.08 more valid samples than before training, and collapses without normalisation.',
    metric: 'share of samples near a mode of the right class',
    direction: 'higher',
    size: 0.08,
    against: ['4-step base', 'no normalisation', 'a single reward'],
    seeds: 5,
    setting:
      'eight Gaussians on a circle in two classes, a 64-64 denoiser, three rewards of which one is unbounded; 200 updates of 96 samples, Adam 3e-4, λ = 0.1.',
  },
  stages: [],
  withoutStage: 'It needs the gradient of rewards at generated samples; recorded rollouts have none.',
  related: ['instruct-video', 'fk-steering'],
})
