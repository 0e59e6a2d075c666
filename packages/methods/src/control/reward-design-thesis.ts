import { defineMethod } from '../method.ts'
import { explorationOptions, explorationStage } from './reward-design-thesis/stage.ts'

export * from './reward-design-thesis/active-states.ts'
export * from './reward-design-thesis/advantage-operator.ts'
export * from './reward-design-thesis/exp-ada-rd.ts'
export * from './reward-design-thesis/explo-rs.ts'
export * from './reward-design-thesis/exprd.ts'
export * from './reward-design-thesis/lirpg.ts'
export * from './reward-design-thesis/shapers.ts'
export * from './reward-design-thesis/stage.ts'

/**
 * Three ways to design a reward so that an agent learns fast and nothing unwanted becomes optimal.
 *
 * EXPRD: with full knowledge of the task, a sparse bounded table that keeps the target policy optimal and is most
 * informative for short-sighted learners (`designExprd`, `selectActiveStates`). ExpAdaRD: a table re-designed every few
 * episodes for the learner's own policy (`designAdaptive`). ExploRS: without a teacher, an intrinsic reward learned
 * from the agent's own returns plus a count-based bonus (`selfRsUpdate`, `explorationBonus`). Rivals: potential shaping
 * (`shapeRewardTable` of the tabular module), SORS (`sorsUpdate`), LIRPG (`lirpgMetaGradient`).
 *
 * Devidze, "Reward Design for Reinforcement Learning Agents" (thesis, 2025): NeurIPS 2021, AAMAS 2024, NeurIPS 2022.
 */
export const rewardDesignThesis = defineMethod({
  slug: 'reward-design-thesis',
  title: 'EXPRD, ExpAdaRD and ExploRS: explicable, adaptive and exploration-guided reward design',
  year: 2025,
  paper: 'NeurIPS 2021, AAMAS 2024, NeurIPS 2022 (Devidze, thesis 2025)',
  family: 'control',
  summary:
    'Designs bounded, sparse, informative reward tables that keep the optimum, or learns intrinsic rewards with a count bonus.',
  consumes: [
    'a finite MDP: transitions [S][S][A], rewards [S][A], discount, initial distribution',
    'the learner’s policy [S][A] for the adaptive design',
    'episodes of (state, action, reward, π(·|s) at sampling time) for ExploRS, SORS and LIRPG',
    'turn.state for the stage',
  ],
  produces: ['reward tables [S][A]', 'intrinsic rewards φ [S][A] and critic V [S]', 'turn.reward with a count bonus'],
  options: explorationOptions,
  claim: {
    statement:
      'Five rewarded states chosen by EXPRD teach Q-learning a key–door line that the original sparse reward does not teach at all.',
    metric: "greedy policy's original value over the optimum, averaged over 400 episodes",
    direction: 'higher',
    size: 0.5,
    against: ['original reward'],
    seeds: 5,
    setting: 'Discrete LineK, 10 cells, noise 0.1, γ 0.95, Q-learning α 0.5 ε 0.1, 400 episodes of 50 steps.',
  },
  stages: [explorationStage],
  compat: [
    'terms: "exclusive" sums the H-step advantage over H terms (2024 code), the default over H+1 (2021 code)',
    'gapShrink 1/(1 + 1e-5) as in the 2021 code, 1 in the adaptive design as in the 2024 code',
  ],
  related: ['barfi', 'envs-and-baselines-rl'],
})
