import { defineMethod } from '../method.ts'
import { implicitRewardOptions, implicitRewardStage } from './baselines-reward-model/stage.ts'

export * from '../shared/best-of-n.ts'
export * from '../shared/pair-loss.ts'
export * from './baselines-reward-model/calibration.ts'
export * from './baselines-reward-model/losses.ts'
export * from './baselines-reward-model/overoptimisation.ts'
export * from './baselines-reward-model/reward-bench.ts'
export * from './baselines-reward-model/stage.ts'

/**
 * The yard-stick of every learned reward: pairwise, tied, ranked and regression losses, implicit rewards, accuracy and
 * calibration, RewardBench, best-of-n and the curves of over-optimisation.
 *
 * Bradley & Terry 1952; Plackett 1975; Rao & Kupper 1967; Davidson 1970; Rafailov et al. 2023; Gao et al. 2022; RewardBench
 * 2024–25; as in huggingface/trl and allenai/reward-bench.
 */
export const baselinesRewardModel = defineMethod({
  slug: 'baselines-reward-model',
  title: 'Baselines for reward models',
  year: 2025,
  paper: 'Bradley & Terry 1952; arXiv 2305.18290, 2210.10760, 2403.13787, 2506.01937; huggingface/trl',
  family: 'models',
  summary:
    'Losses, implicit rewards, accuracy, calibration, benchmark scores and over-optimisation curves of reward models.',
  consumes: [
    'scores [N] of chosen and rejected responses, with margins, soft labels or ties',
    'rankings of one group, best first',
    'token.logprob and token.refLogprob for implicit rewards',
  ],
  produces: ['losses as graphs', 'accuracy, calibration and benchmark scores', 'rollout.reward (implicit reward)'],
  options: implicitRewardOptions,
  claim: {
    statement:
      'With 20 % flipped labels, the noise-corrected likelihood lowers the calibration error of a Bradley–Terry model by at least 60 % at equal accuracy.',
    metric: 'relative reduction of the expected calibration error',
    direction: 'higher',
    size: 0.6,
    against: ['plain Bradley–Terry'],
    seeds: 5,
    setting: '2000 pairs, 8 features, linear model, 20 % of the labels flipped, calibration against true outcomes.',
  },
  stages: [implicitRewardStage],
  related: ['par', 'rm-ensembles', 'rlhf-secrets-2', 'base-reward'],
})
