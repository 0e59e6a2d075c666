import type { Tensor } from '@guerdon/tensor'
import * as z from 'zod'
import { defineMethod } from '../method.ts'
import { b2DiffurlOptions, b2DiffurlStage } from './b2-diffurl/stage.ts'
import { type DdpoLoss, ddpoStepLoss } from './d3po.ts'

export * from './b2-diffurl/schedule.ts'
export * from './b2-diffurl/scores.ts'
export * from './b2-diffurl/stage.ts'

/**
 * The clipped ratio loss on kept transitions, mean max(−A·ρ, −A·clamp(ρ, 1 ± ε)) with A of `weightedAdvantages`: DDPO's loss
 * without a clip of its own on A, and a wider trust region.
 *
 * @param logProbs [N] mean-over-dimensions log-probabilities of the trained steps only
 */
export function branchLoss(
  logProbs: Tensor,
  oldLogProbs: Tensor,
  advantages: Tensor,
  options: { readonly ratioClip?: number } = {},
): DdpoLoss {
  return ddpoStepLoss(logProbs, oldLogProbs, advantages, { clipRange: options.ratioClip ?? 0.1, advantageClip: null })
}

/**
 * B²-DiffuRL: credit for denoising steps under a reward that comes only at the end. Training starts with the last steps and
 * grows backwards; chains are forked where the trained interval begins, and only the best and the worst of siblings are
 * learnt from. Serves any forkable rollout: fork a dialogue at a turn, train what follows, contrast siblings.
 *
 * Hu et al., "Towards Better Alignment: Training Diffusion Models with Reinforcement Learning Against Sparse Rewards",
 * arXiv 2503.11240; hu-zijing/B2-DiffuRL.
 */
export const b2Diffurl = defineMethod({
  slug: 'b2-diffurl',
  title: 'B²-DiffuRL: backward progressive training and branch-based sampling',
  year: 2025,
  paper: 'arXiv 2503.11240 (CVPR 2025)',
  family: 'diffusion',
  summary: 'Trains the last denoising steps first and contrasts siblings that share everything before them.',
  consumes: [
    'a sampler that can be forked at a step with its own random stream',
    'rollout.score: terminal reward; rollout.branchId: siblings share it',
    'rollout.forkTurn: where the siblings part, for the mask',
  ],
  produces: [
    'the schedule of trained steps and the plan of branches',
    'normalised scores, kept rollouts and their advantages',
    'a loss as a graph',
  ],
  options: b2DiffurlOptions.extend({
    from: z.int().min(1).default(14).describe('trained steps in the first stage'),
    to: z.int().min(1).default(20).describe('trained steps in the last stage'),
    stages: z.int().min(1).default(100).describe('number of stages'),
    children: z.int().min(1).default(5).describe('children of each branch point'),
    ratioClip: z.number().min(0).max(1).default(0.1).describe('ratios are clipped to 1 ± this'),
  }),
  claim: {
    statement:
      'Choosing the best and worst of siblings gives a gradient closer to the true one of the trained steps than plain batch-normalised REINFORCE at equal rewards.',
    metric: 'cosine to the reference gradient',
    direction: 'higher',
    size: 0.15,
    against: ['batch-normalised REINFORCE'],
    seeds: 5,
    setting:
      'eight Gaussians on a circle, DDIM with 20 steps, reward 10·[mode] − |radius − 2.2|/0.2 on the last 4 steps; 128 rewards an estimate, 20 repetitions.',
  },
  stages: [b2DiffurlStage],
  compat: ["the released score centres by prompt; `advantage: 'siblingCentred'` removes the shared prefix exactly"],
  related: ['d3po', 'portool', 'instruct-video'],
})
