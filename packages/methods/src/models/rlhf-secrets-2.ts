import * as z from 'zod'
import { defineMethod } from '../method.ts'
import { denoiseModes } from './rlhf-secrets-2/losses.ts'

export * from './rlhf-secrets-2/contrastive.ts'
export * from './rlhf-secrets-2/losses.ts'
export * from './rlhf-secrets-2/meta.ts'
export * from './rlhf-secrets-2/strength.ts'
export * from './rlhf-secrets-2/trainer-loss.ts'

/** Options of the curation and the loss. */
export const rlhfSecrets2Options = z.strictObject({
  models: z.int().min(1).default(10).describe('reward models that vote on the strength of a pair'),
  mode: z.enum(denoiseModes).default('flipMargin').describe('how the strength enters the loss'),
  alpha: z.number().min(0).max(0.5).default(0.1).describe('label smoothing'),
  flipFraction: z.number().min(0).max(1).default(0.2).describe('share of the weakest pairs that flipLowest exchanges'),
  compat: z.literal('released').nullable().default(null).describe('−log(σ(d) + 1e-5) as the base loss'),
})

/**
 * Secrets of RLHF, part II: a vote of reward models tells wrong, ambiguous and strong preference labels apart; the weakest are
 * flipped or softened and every pair gets its strength as margin. With contrastive losses on features, and MetaRM, a
 * first-order meta step that keeps the model apart on samples of a policy that has moved.
 *
 * Wang et al., "Secrets of RLHF in Large Language Models Part II: Reward Modeling", arXiv 2401.06080; MetaRM, arXiv
 * 2405.00438.
 */
export const rlhfSecrets2 = defineMethod({
  slug: 'rlhf-secrets-2',
  title: 'Secrets of RLHF, part II: reward modelling with noisy preferences',
  year: 2024,
  paper: 'arXiv 2401.06080, 2405.00438',
  family: 'models',
  summary: 'Finds wrong preference labels by a vote of reward models and flips, softens or margins them in the loss.',
  consumes: [
    'scores [M][n] of chosen and rejected responses by M models',
    'last-token features [B][d] in two views',
    'scores [k] of unlabelled responses of the current policy (MetaRM)',
  ],
  produces: ['strength, groups and flips of the pairs', 'denoisedPairLoss, simcseLoss, swavLoss graphs', 'metaStep'],
  options: rlhfSecrets2Options,
  claim: {
    statement:
      'On pairs with 36 % wrong labels, flipping by the vote with a margin raises the accuracy of the retrained model.',
    metric: 'accuracy on clean pairs',
    direction: 'higher',
    size: 0.01,
    against: ['plain Bradley–Terry', 'label smoothing'],
    seeds: 5,
    setting:
      '12-dimensional responses, 700 pairs, 32-unit tanh model, 10 voters of 5 epochs. Uniform smoothing is not better; MetaRM is checked for its mechanism only.',
  },
  stages: [],
  withoutStage: 'curates preference pairs and trains reward models; it gives no reward to a recorded rollout by itself',
  compat: ['released: −log(σ(d) + 1e-5) without denoising'],
  related: ['skywork-v2', 'baselines-reward-model'],
})
