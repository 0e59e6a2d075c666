import { defineMethod } from '../method.ts'
import { coRewardConfidenceStage } from './co-reward/confidence-stage.ts'
import { coRewardOptions, coRewardStage } from './co-reward/stage.ts'

export * from './co-reward/confidence-stage.ts'
export * from './co-reward/loss.ts'
export * from './co-reward/rephrase.ts'
export * from './co-reward/rewards.ts'
export * from './co-reward/rivals.ts'
export * from './co-reward/stage.ts'

/**
 * Co-Reward, self-supervised rewards from contrastive agreement: every question is also asked in other words, each wording
 * votes among its own responses, and a response is paid for the answer the *other* wording voted for.
 *
 * Rewarding one's own majority soon collapses into confident wrong answers; here a shortcut must survive a change of wording
 * to be paid. If both wordings share a mistake, agreement amplifies it: then it ends lower than the plain majority.
 *
 * Zhang et al., "Co-Reward: Self-supervised RL for LLM Reasoning via Contrastive Agreement", arXiv 2508.00410; code
 * tmlr-group/Co-Reward.
 */
export const coReward = defineMethod({
  slug: 'co-reward',
  title: 'Co-Reward: contrastive agreement',
  year: 2025,
  paper: 'arXiv 2508.00410',
  family: 'process',
  summary: 'Pays a response for the answer that a reworded version of its question voted for; needs no labels.',
  consumes: [
    'rollout.view: original | rephrased; group.question pairs the groups of the two wordings',
    'rollout.response with a \\boxed answer, or rollout.answer',
  ],
  produces: ['rollout.reward in {0, 1}', 'rollout.advantage', 'rollout.coRewardLabel', 'group.coRewardAgreement'],
  options: coRewardOptions,
  claim: {
    statement:
      'Without labels, paying for the other wording’s vote ends with a higher accuracy than paying for the own vote; if both wordings share the wrong distractor it ends lower.',
    metric: 'mean accuracy over both wordings',
    direction: 'higher',
    size: 0.12,
    against: ['majority voting on the own wording'],
    seeds: 5,
    setting:
      '40 questions in two wordings with eight answers each; the right answer is favoured in both, each wording has its own distractor with probability one half; 8 responses a wording, 60 sweeps.',
  },
  stages: [coRewardStage, coRewardConfidenceStage],
  related: ['spark', 'baselines-advantage'],
})
