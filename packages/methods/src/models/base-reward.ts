import { defineMethod } from '../method.ts'
import { baseRewardOptions, baseRewardStage, pairwiseRewardStage } from './base-reward/stage.ts'

export * from './base-reward/ensemble.ts'
export * from './base-reward/losses.ts'
export * from './base-reward/selection.ts'
export * from './base-reward/stage.ts'
export * from './base-reward/verdict.ts'

/**
 * BaseReward: a recipe for (multimodal) preference scoring. A plain scalar reward model with a two-layer SiLU head, the right
 * mixture of data and a plain average of models beats generative and critic models at a fraction of their cost; the
 * regularisers people add do not help.
 *
 * Here: head and loss as graphs, ensembles, the hybrid and the pairwise reward for training policies, verdict parsing, and
 * the metrics of the study.
 *
 * Zhang et al., "BaseReward: A Strong Baseline for Multimodal Reward Model", arXiv 2509.16127.
 */
export const baseReward = defineMethod({
  slug: 'base-reward',
  title: 'BaseReward',
  year: 2025,
  paper: 'arXiv 2509.16127 (ICLR 2026)',
  family: 'models',
  summary: 'A scalar reward model with a two-layer SiLU head, averaged over models, joined with exact verification.',
  consumes: [
    'rollout.score and rollout.correct for the hybrid reward',
    'rollout.pairScores: number[G] for the pairwise reward',
    'training: hidden states [B][d], scores [N] of chosen and rejected responses',
  ],
  produces: ['rollout.reward', 'rewardHead and baseRewardLoss graphs', 'ensemble weights and metrics'],
  options: baseRewardOptions,
  claim: {
    statement:
      'A two-layer SiLU head beats a linear head on noisy pairs over frozen features; a second layer without activation does not.',
    metric: 'accuracy on clean pairs',
    direction: 'higher',
    size: 0.01,
    against: ['linear head', 'two layers without activation'],
    seeds: 5,
    setting:
      '48 frozen random tanh features of a 6-dimensional latent, 1500 noisy pairs, Adam 2e-3, 40 epochs. SiLU over tanh and "deeper is worse" are not expected at this size.',
  },
  stages: [baseRewardStage, pairwiseRewardStage],
  related: ['baselines-reward-model', 'rm-ensembles', 'polar'],
})
