import { defineMethod } from '../method.ts'
import { constraintStage, constraintStageOptions, goalConditionStage } from './effective-reward-spec/stage.ts'

export * from './effective-reward-spec/asaf.ts'
export * from './effective-reward-spec/constraints.ts'
export * from './effective-reward-spec/front-metrics.ts'
export * from './effective-reward-spec/goal-conditioned.ts'
export * from './effective-reward-spec/stage.ts'
export * from './effective-reward-spec/team.ts'

/**
 * Four routes around hand-tuned reward weights: ASAF imitates by fitting a discriminator that is a ratio of two
 * policies (`asafLoss`); TeamReg and CoachReg bias several agents to coordinated behaviour by regularising policies
 * (`teamRegularisationDiscrete`, `coachRegularisation`); DBS states behaviours as indicators with target frequencies
 * and lets normalised Lagrange multipliers set the weights (`constraintStep`); goal-conditioned GFlowNets condition a
 * sampler on a direction in objective space (`conditionalLogReward`).
 *
 * Roy, "Effective Reward Specification in Deep Reinforcement Learning" (thesis, 2024): arXiv 2006.13258, 1908.02269,
 * 2112.12228, 2306.04620.
 */
export const effectiveRewardSpec = defineMethod({
  slug: 'effective-reward-spec',
  title: 'ASAF, TeamReg and CoachReg, direct behaviour specification, goal-conditioned GFlowNets',
  year: 2024,
  paper: 'arXiv 2006.13258, 1908.02269, 2112.12228, 2306.04620 (Roy, thesis 2024)',
  family: 'control',
  summary:
    'Imitates by fitting a policy-shaped discriminator, sets reward weights from target frequencies, steers samples by a goal direction.',
  consumes: [
    'log-probabilities [N] of learner and expert windows under the new and the frozen policy',
    'rollout.score with indicator columns and thresholds',
    'rollout.objectives number[] with group.focusDirection',
    'logits [B][A][N] of several agents',
  ],
  produces: ['rollout.reward', 'signed weights of reward and costs', 'losses as tensor graphs', 'front metrics'],
  options: constraintStageOptions,
  claim: {
    statement:
      'Normalised Lagrange multipliers with a success constraint as bootstrap meet a safety threshold and reach the goal, where fixed weights at either extreme fail one of the two.',
    metric: 'mean success over the first 300 iterations',
    direction: 'higher',
    size: 0.3,
    against: ['Lagrangian without bootstrap', 'fixed lava weight 0', 'fixed lava weight 5'],
    seeds: 5,
    setting:
      '7×5 grid with three lava cells on the straight line, lava ≤ 0.02, goal ≥ 0.99, tabular policy gradient, 900 iterations.',
  },
  stages: [constraintStage, goalConditionStage],
  related: ['lipschitz-gail', 'xland', 'barfi'],
})
