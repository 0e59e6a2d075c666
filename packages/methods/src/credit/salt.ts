import { defineMethod } from '../method.ts'
import { saltOptions, saltStage } from './salt/stage.ts'

export * from './salt/graph.ts'
export * from './salt/stage.ts'

/** See {@link saltStepAdvantages}. */
export const salt = defineMethod({
  slug: 'salt',
  title: 'SALT: step-level advantages from a trajectory graph',
  year: 2025,
  paper: 'arXiv 2510.20022 (Findings of EACL 2026)',
  family: 'credit',
  summary: 'Averages the advantages of the rollouts of a prompt over the transitions they have in common.',
  consumes: [
    'rollout.score [R]: outcome rewards',
    'turn.state (or observation), turn.action (or toolCalls): canonical keys',
    'rollout.finalState: optional',
  ],
  produces: ['turn.advantage', 'token.advantage', 'turn.saltShared', 'rollout.saltBase'],
  options: saltOptions,
  claim: {
    statement:
      'With context noise in the policy and 30 % reward noise, SALT on top of GRPO reaches a higher final success rate and memorises less noise; for a purely tabular policy it changes nothing.',
    metric: 'final success rate',
    direction: 'higher',
    size: 0.02,
    against: ['grpo'],
    seeds: 6,
    setting:
      'layered random graph, depth 10, 4 actions, 4 prompts, policy logits tabular + U·z with 16 fresh noise features, 150 updates, groups of 8. Shows variance reduction under shared irrelevant features, nothing more general.',
  },
  stages: [saltStage],
  related: ['baselines-advantage', 'empg', 'portool'],
})
