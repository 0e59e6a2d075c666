import { defineMethod } from '../method.ts'
import { bestOfNStage, rmEnsemblesOptions, rmEnsemblesStage } from './rm-ensembles/stage.ts'

export { bestOfNKl } from '../shared/best-of-n.ts'
export * from './rm-ensembles/aggregate.ts'
export * from './rm-ensembles/agreement.ts'
export * from './rm-ensembles/loss.ts'
export * from './rm-ensembles/stage.ts'

/**
 * Reward-model ensembles: several reward models of equal validation accuracy disagree on the responses that training moves
 * towards, so optimising a conservative aggregate of them removes the errors they do not share. Errors all members share
 * (length, list format, vagueness) stay: "mitigate, not eliminate".
 *
 * Eisenstein et al., "Helping or Herding? Reward Model Ensembles Mitigate but do not Eliminate Reward Hacking", arXiv
 * 2312.09244.
 */
export const rmEnsembles = defineMethod({
  slug: 'rm-ensembles',
  title: 'Reward-model ensembles',
  year: 2023,
  paper: 'arXiv 2312.09244',
  family: 'shaping',
  summary: 'Aggregates the scores of several reward models so that errors they do not share cannot be exploited.',
  consumes: [
    'rollout.memberScores: number[K], one score a member, null where missing',
    'token.logprob, token.refLogprob: only for the KL penalty',
    'training: scores [N] of chosen and rejected responses',
  ],
  produces: ['rollout.reward', 'rollout.rmEnsemblesDisagreement', 'rollout.selected (best-of-n)', 'memberLoss graph'],
  options: rmEnsemblesOptions,
  claim: {
    statement:
      'Best-of-64 by the mean of five reward models with different pre-training seeds selects responses of higher gold reward than by five fine-tuning seeds of one.',
    metric: 'gold reward of the selected response',
    direction: 'higher',
    size: 0.1,
    against: ['finetune ensemble', 'single model'],
    seeds: 5,
    setting:
      '10 core and 10 spurious features, correlated in training and decorrelated in the samples; 400 pairs, 5 × 5 members. Errors shared by all members are not removed.',
  },
  stages: [rmEnsemblesStage, bestOfNStage],
  related: ['par', 'baselines-reward-model', 'base-reward'],
})
