import { defineMethod } from '../method.ts'
import { spaOptions, spaStage } from './spa/stage.ts'

export * from './spa/estimator.ts'
export * from './spa/rewards.ts'
export * from './spa/stage.ts'

/**
 * SPA, stepwise progress attribution: an estimator gives every turn one number, fitted only so that the numbers of a
 * trajectory sum to its outcome (`progressLoss`); the number, fused with whether the environment accepted the action, is
 * the turn's reward (`fusedStepRewards`, `placeStepRewards`).
 *
 * The released annotation script replaces the contributions by a leave-one-out outcome (`leaveOneOutOutcome`), and its
 * trainer weighs a step by the number of steps that follow (`placeStepRewards` with `compat: 'released'`).
 * Wang et al. 2025, arXiv 2505.20732.
 */
export const spa = defineMethod({
  slug: 'spa',
  title: 'SPA: stepwise progress attribution',
  year: 2025,
  paper: 'arXiv 2505.20732',
  family: 'credit',
  summary: 'Redistributes an outcome over turns by an estimator whose contributions must sum to it.',
  consumes: [
    'turn.contribution: output of a trained progress estimator',
    'turn.observation: to read whether the action before was accepted',
    'rollout.score [R] in [0, 1]',
    'to train the estimator: hidden states [B][L][D], turn ends [B][L], outcomes [B]',
  ],
  produces: ['turn.reward', 'turn.return', 'turn.spaGrounded', 'rollout.spaResidual', 'progress loss as a graph'],
  options: spaOptions,
  claim: {
    statement:
      'At γ = 1 and one fixed step size, learned redistribution learns faster than the terminal reward and far faster than an even split; against a discounted or tuned terminal reward no advantage is established.',
    metric: 'mean success over training, against an even split',
    direction: 'higher',
    size: 0.1,
    against: ['even split', 'terminal reward', 'terminal reward with γ = 0.95'],
    seeds: 10,
    setting:
      '4 errands of 8 ordered sub-goals, 8 actions, horizon 24, warm-started tabular policy, 300 updates of 8 trajectories; a linear estimator fitted on 3000 trajectories of the base policy',
  },
  stages: [spaStage],
  compat: ['released: placeStepRewards weighs a step by the number of steps after it, so the last gets 0'],
  related: ['igpo', 'oprl', 'meow-tea-taro', 'baselines-advantage'],
})
