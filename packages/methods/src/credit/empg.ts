import { defineMethod } from '../method.ts'
import { empgOptions, empgStage } from './empg/stage.ts'

export * from './empg/advantages.ts'
export * from './empg/stage.ts'

/** See {@link empgStepAdvantages}. */
export const empg = defineMethod({
  slug: 'empg',
  title: 'EMPG: entropy-modulated policy gradients',
  year: 2025,
  paper: 'arXiv 2509.09265 (ICLR 2026)',
  family: 'credit',
  summary:
    'Scales a trajectory advantage step by step by how certain the policy was, and rewards steps that lead to certainty.',
  consumes: ['rollout.advantage [R]', 'token.entropy [T] of the behaviour policy, nats', 'turn spans'],
  produces: ['turn.advantage', 'token.advantage', 'turn.empgEntropy', 'turn.empgScale', 'turn.empgBonus'],
  options: empgOptions,
  claim: {
    statement:
      'At small step sizes (learning rate 0.1 and 0.3) EMPG on top of GRPO learns faster, and with the sign of k flipped it is slower than GRPO; between the best settings of each arm there is no difference.',
    metric: 'area under the success curve',
    direction: 'higher',
    size: 0.03,
    against: ['grpo', 'empg with k = −1'],
    seeds: 6,
    setting:
      '4 tasks of 6 stages with clear and confused states, 8 actions, horizon 12, tabular policy with context noise, groups of 8, 200 updates. Part of the effect is a larger effective step on confident actions.',
  },
  stages: [empgStage],
  related: ['baselines-advantage', 'epo', 'salt'],
})
