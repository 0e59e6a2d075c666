import { defineMethod } from '../method.ts'
import { oprlOptions, oprlStage } from './oprl/stage.ts'

export * from './oprl/advantages.ts'
export * from './oprl/losses.ts'
export * from './oprl/stage.ts'
export * from './oprl/step-rewards.ts'

/**
 * OPRL, online process reward learning (iStar): a second language model is trained online by a trajectory-level preference
 * loss (`trajectoryDpoLoss` on `trajectoryPairs`); its log-ratio against the acting policy is the reward of a step
 * (`implicitStepRewards`), whose advantage is added to that of the episode (`oprlAdvantages`). No step labels are needed.
 *
 * Liu et al. 2025, arXiv 2509.19199.
 */
export const oprl = defineMethod({
  slug: 'oprl',
  title: 'OPRL: implicit step rewards learned online (iStar)',
  year: 2025,
  paper: 'arXiv 2509.19199 (ICLR 2026)',
  family: 'credit',
  summary: 'Credits steps by the log-ratio of a reward model trained online on which trajectories succeeded.',
  consumes: [
    'token.prmLogprob, token.logprob [T]',
    'rollout.score [R]: outcome or preference of the trajectory',
    'to train the reward model: token log-ratios [rows][L], trajectory and group of each row',
  ],
  produces: ['turn.advantage', 'token.advantage', 'turn.oprlStepReward', 'preference loss as a graph'],
  options: oprlOptions,
  claim: {
    statement:
      'At one fixed learning rate implicit step advantages on top of GRPO learn far faster; a reward model frozen at the start or trained on shuffled outcomes does not. Against GRPO at its own best learning rate there is no gain.',
    metric: 'area under the success curve at learning rate 0.4',
    direction: 'higher',
    size: 0.15,
    against: ['grpo', 'oprl with a frozen reward model', 'oprl with shuffled outcomes'],
    seeds: 5,
    setting:
      '4 tasks of 10 turns with 4 hidden critical turns, 6 actions, tabular policy and reward model, 8 rollouts a task, 150 updates, β = 0.05, pooled step statistics',
  },
  stages: [oprlStage],
  compat: [
    'released: statistics of step rewards from the first row of each trajectory (istarAdvantages, istarReinforcePlusPlusBaseline), trajectory score as a mean over steps, last token dropped at token granularity',
  ],
  related: ['spa', 'igpo', 'baselines-advantage'],
})
