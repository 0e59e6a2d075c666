import * as z from 'zod'
import { defineMethod } from '../method.ts'
import { betaSchedules } from '../shared/noise-schedule.ts'
import { instructVideoStage } from './instruct-video/stage.ts'

export * from './instruct-video/editing.ts'
export * from './instruct-video/reward.ts'
export * from './instruct-video/stage.ts'

/**
 * InstructVideo: reward fine-tuning of a video diffusion model as editing. A real video is noised part of the way and
 * denoised again, with the gradient through the last steps only; an image reward is read from one frame of each segment
 * (SegVR) and attenuated away from the middle (TAR), so that motion is not traded for one good pose.
 *
 * Yuan et al., "InstructVideo: Instructing Video Diffusion Models with Human Feedback", arXiv 2312.12490; ali-vilab/VGen.
 */
export const instructVideo = defineMethod({
  slug: 'instruct-video',
  title: 'InstructVideo: reward fine-tuning as editing, with segmental and attenuated rewards',
  year: 2023,
  paper: 'arXiv 2312.12490 (CVPR 2024)',
  family: 'diffusion',
  summary:
    'Back-propagates frame rewards, sampled by segment and attenuated from the middle, through the end of a short editing chain.',
  consumes: [
    'real samples and noise of their shape',
    'a conditional and an unconditional denoiser as graphs',
    'differentiable frame rewards [B][S]',
  ],
  produces: [
    'edited samples as graphs, truncated gradients',
    'reward and loss of each video',
    'frame weights [F] for trainers without gradients',
  ],
  options: z.strictObject({
    trainSteps: z.int().min(1).default(1000).describe('training steps T of the diffusion process'),
    ddimSteps: z.int().min(1).default(20).describe('DDIM steps D of a full chain'),
    noiseLevel: z.number().min(0).max(1).default(0.6).describe('share τ of the chain that is run'),
    truncateBackpropSteps: z.int().min(1).default(1).describe('last steps K that carry a gradient'),
    guidanceScale: z.number().default(3).describe('classifier-free guidance scale'),
    schedule: z.enum(betaSchedules).default('scaledLinear').describe('noise schedule'),
    numSegments: z.int().min(1).default(4).describe('segments S'),
    lambda: z.number().min(0).default(1).describe('attenuation λ_tar'),
    alignCoefficient: z.number().min(0).optional().describe('weigh videos by exp(−c·reconstruction error)'),
    compat: z.literal('released').optional().describe('τ·D < 1 runs the whole chain'),
  }),
  claim: {
    statement:
      'Editing reaches the same centre reward with at most 70 % of the denoiser calls of the full chain, and attenuation keeps motion that a uniform frame reward destroys.',
    metric: 'motion retained relative to the base model',
    direction: 'higher',
    size: 0.25,
    against: ['uniform frame weights', 'every frame'],
    seeds: 5,
    setting:
      '16 frames × 2 channels from Gaussian processes with the exact denoiser; per-frame affine corrections trained by plain gradient descent. With Adam or a shared correction network the effect of attenuation disappears.',
  },
  stages: [instructVideoStage],
  compat: ['released: a noise level below one DDIM step silently runs the whole chain; refused by default'],
  related: ['d3po', 'b2-diffurl'],
})
