import { defineMethod } from '../method.ts'
import { potentialOptions, potentialStage } from './envs-and-baselines-rl/stage.ts'

export * from './envs-and-baselines-rl/advantages.ts'
export * from './envs-and-baselines-rl/hyper-parameters.ts'
export * from './envs-and-baselines-rl/losses.ts'
export * from './envs-and-baselines-rl/normalisers.ts'
export * from './envs-and-baselines-rl/shaping.ts'
export * from './envs-and-baselines-rl/stage.ts'
export * from './envs-and-baselines-rl/tabular-learners.ts'

/**
 * The test bench for reward designs in control: reference learners (Q-learning, REINFORCE, A2C, PPO, SAC, DQN) with
 * fixed hyper-parameters as losses and updates, advantages over environment blocks, normalisers, and potential-based
 * shaping with a correct terminal rule. The environments they act in are in the worlds package (`control/`, `grid/`).
 *
 * CleanRL (PPO, SAC, DQN), Gymnasium (running statistics), the reward-design papers' tabular agents; A2C and REINFORCE
 * with baseline are textbook.
 */
export const envsAndBaselinesRl = defineMethod({
  slug: 'envs-and-baselines-rl',
  title: 'Environments and learners for comparing reward designs',
  year: 2022,
  paper: 'Gymnasium, Minigrid, CleanRL (JMLR 23, 2022), Ng et al. 1999',
  family: 'control',
  summary:
    'Reference learners, advantage estimates and potential-based shaping, so that reward designs differ in one factor only.',
  consumes: [
    'environment blocks [T·N]: rewards, values, dones, bootstrap',
    'tabular episodes of (state, action, reward, nextState)',
    'turn.potential for the stage; channels potential and nextPotential for the shaper',
  ],
  produces: ['advantages and returns [T·N]', 'losses as tensor graphs', 'Q and policy tables [S·A]', 'turn.reward'],
  options: potentialOptions,
  claim: {
    statement:
      'Potential-based shaping with a correct terminal rule preserves the optimum and speeds learning; a non-potential bonus changes the optimum.',
    metric: "greedy policy's original value over the optimum, averaged over 400 episodes",
    direction: 'higher',
    size: 0.85,
    against: ['no shaping'],
    seeds: 5,
    setting: 'Discrete LineK, Q-learning α 0.5 ε 0.1, 400 episodes of 50 steps, potential V*.',
  },
  stages: [potentialStage],
  related: ['reward-design-thesis', 'barfi', 'lucy-skg'],
})
