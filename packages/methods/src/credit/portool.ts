import { defineMethod } from '../method.ts'
import { portoolOptions, portoolStage } from './portool/stage.ts'

export * from './portool/rollout.ts'
export * from './portool/stage.ts'
export * from './portool/tree.ts'

/**
 * PORTool: tool-use rollouts grown as a tree (`rolloutPlan`, `selectCandidates`), each step rewarded by the decayed outcomes
 * of the trajectories through it, compared with its siblings at the fork and, by trajectory, with the group
 * (`portoolAdvantages`). The decay makes shorter correct tool chains better.
 *
 * Wu et al. 2025, arXiv 2510.26020.
 */
export const portool = defineMethod({
  slug: 'portool',
  title: 'PORTool: tool use from a rewarded rollout tree',
  year: 2025,
  paper: 'arXiv 2510.26020',
  family: 'credit',
  summary: 'Compares tool calls at the fork where they were proposed, and whole trajectories in their group.',
  consumes: [
    'turn.node: id of each step in the rollout tree',
    'rollout.score [R]: 1 correct, 0 unfinished, −1 wrong',
    'turn.formatScore: optional, in [0, 1]',
  ],
  produces: ['turn.advantage', 'token.advantage', 'turn.portoolReward', 'turn.portoolFork', 'turn.portoolTrajectory'],
  options: portoolOptions,
  claim: {
    statement:
      'At equal numbers of trajectories the rewarded tree ends with fewer tool calls per answer than independent rollouts with GRPO. Its accuracy gain is an effect of the doubled advantage scale and vanishes under a scale control.',
    metric: 'tool-call steps per answer, relative difference',
    direction: 'lower',
    size: -0.08,
    against: ['grpo', 'grpo with formatting reward', 'portool with γ = 1'],
    seeds: 5,
    setting:
      '3 facts to gather in order with the right one of 3 tools among 4 useless ones, depth limit 8, warm-started tabular policy, n = 8, f = 2, 120 updates',
  },
  stages: [portoolStage],
  related: ['baselines-advantage', 'salt', 'srm-mcts'],
})
