import { defineMethod } from '../method.ts'
import { igpoReleasedStage } from './igpo/released-stage.ts'
import { igpoOptions, igpoOutcomeStage, igpoStage } from './igpo/stage.ts'

export * from './igpo/advantages.ts'
export * from './igpo/gains.ts'
export * from './igpo/outcome.ts'
export * from './igpo/released-stage.ts'
export * from './igpo/stage.ts'

/**
 * IGPO, information-gain policy optimisation: in a search task with a known answer each tool turn is rewarded by how much it
 * raised the policy's own probability of that answer (`informationGain`), the answering turn by its F1 (`f1OutcomeReward`);
 * all rewards of a group are z-scored and accumulated backwards (`igpoTurnAdvantages`). The reward is dense and hardly ever
 * zero, so groups whose outcomes are all equal still teach.
 *
 * The released code subtracts position-wise means instead (`releasedAdvantages`). Wang et al. 2025, arXiv 2510.14967.
 */
export const igpo = defineMethod({
  slug: 'igpo',
  title: 'IGPO: information gain as turn reward',
  year: 2025,
  paper: 'arXiv 2510.14967 (ICLR 2026)',
  family: 'credit',
  summary: "Rewards each tool turn by how much it raised the policy's own probability of the reference answer.",
  consumes: [
    'rollout.answerLogProbs: number[][], log-probabilities of the reference answer at each turn boundary',
    'rollout.score [R]: outcome of the answering turn (igpo.outcome computes it from response and reference)',
  ],
  produces: [
    'turn.advantage',
    'token.advantage',
    'turn.igpoGain',
    'group.igpoCollapsed',
    'rollout.score (igpo.outcome)',
    'token.advantage, token.igpoReturn (igpo.released)',
  ],
  options: igpoOptions,
  claim: {
    statement:
      'With information gains the groups without signal vanish and learning is faster over a wide range of learning rates than with outcome-only GRPO; the best-tuned arms differ little.',
    metric: 'area under the success curve at learning rate 1',
    direction: 'higher',
    size: 0.1,
    against: ['grpo'],
    seeds: 5,
    setting:
      '8 answers of 3 hidden bits, 3 informative tools and 12 distractors, at most 4 tool turns, a fixed reader as belief, 8 prompts × 4 rollouts, 150 updates. With a reader that starts uniform the gain disappears.',
  },
  stages: [igpoOutcomeStage, igpoStage, igpoReleasedStage],
  compat: [
    'released: releasedAdvantages and releasedDiscountedAdvantages (means at the same token position), placeTurnRewards drops all gains when their number does not match',
  ],
  related: ['baselines-advantage', 'spa', 'salt'],
})
