import { defineMethod } from '../method.ts'
import { profOptions, profStage } from './prof/stage.ts'

export * from './prof/advantages.ts'
export * from './prof/consistency.ts'
export * from './prof/filter.ts'
export * from './prof/stage.ts'

/**
 * PROF, the process consistency filter: a process reward model only *chooses* which rollouts are trained on. Of n rollouts
 * of a prompt, those whose mean step value disagrees most with the verified outcome are dropped, separately among correct
 * and incorrect ones so that the kept set stays balanced; the gradient then comes from the outcome alone, so there is no
 * process term to exploit.
 *
 *   cᵢ = 2·(mean_h pᵢₕ − μ)·(2oᵢ − 1),  uᵢ = cᵢ − λ·1[too few or too many steps],  drop the smallest u of each class
 *
 * The filter limits hacking, it does not abolish it: a process model that prefers a bad step inside the correct class still
 * pulls the policy there.
 *
 * Ye et al., "Beyond Correctness: Harmonizing Process and Outcome Rewards through RL Training", arXiv 2509.03403; code
 * amazon-science/PROF-GRPO.
 */
export const prof = defineMethod({
  slug: 'prof',
  title: 'PROF: process consistency filter',
  year: 2025,
  paper: 'arXiv 2509.03403',
  family: 'process',
  summary: 'Drops the rollouts whose step values contradict their verified outcome, then trains on the outcome alone.',
  consumes: [
    'rollout.outcome: 1 = correct, 0 = wrong',
    'turn.processScore: value of each reasoning step in [0, 1] from a process reward model',
    'groups of n rollouts of one prompt',
  ],
  produces: ['rollout.profConsistency', 'rollout.profSteps', 'rollout.profKept (0/1)', 'rollout.advantage of the kept'],
  options: profOptions,
  claim: {
    statement:
      'With the same number of rollouts per update, filtering by consistency ends with a higher accuracy than GRPO and than adding the process value to the reward.',
    metric: 'final accuracy',
    direction: 'higher',
    size: 0.08,
    against: ['GRPO on 4 rollouts', 'outcome + 0.8 × mean step value', 'random balanced filter'],
    seeds: 5,
    setting:
      'Tabular policy that writes four sound, flawed or breaking steps and any padding; a process model that overrates padding; 8 rollouts sampled, 4 kept, 200 updates.',
  },
  stages: [profStage],
  compat: [
    'rounding "up" and paperConsistencyScores are the forms printed in the paper; the defaults are the released code',
  ],
  related: ['capo', 'tp-grpo', 'raft', 'baselines-advantage'],
})
