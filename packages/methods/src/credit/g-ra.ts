import { defineMethod } from '../method.ts'
import { graOptions, graStage } from './g-ra/stage.ts'

export * from './g-ra/gates.ts'
export * from './g-ra/groups.ts'
export * from './g-ra/stage.ts'
export * from './g-ra/swe.ts'
export * from './g-ra/watch.ts'

/** See {@link gatedAccumulate}. */
export const gRa = defineMethod({
  slug: 'g-ra',
  title: 'G-RA: gated reward accumulation',
  year: 2025,
  paper: 'arXiv 2508.10548',
  family: 'credit',
  summary:
    'Lets dense low-priority rewards count only in episodes whose higher-priority rewards clear their thresholds.',
  consumes: ['rollout.score [R]: outcome reward', 'turn.reward or further levels of dense rewards'],
  produces: ['rollout.reward', 'turn.graReward', 'rollout.graDirect', 'rollout.graGate', 'group.graAlarm'],
  options: graOptions,
  claim: {
    statement:
      'Where a dense reward can be farmed, direct accumulation raises its own sum while the completion rate collapses; gating at −0.5 keeps the completion rate. It does not beat training on the outcome alone.',
    metric: 'final completion rate',
    direction: 'higher',
    size: 0.3,
    against: ['direct accumulation'],
    seeds: 5,
    setting:
      'tool farm of 20 turns, 0.3 a well-formed call, outcomes −1, −0.5, 0, 1, no clock in the state, tabular policy, 200 updates of 8 groups of 8',
  },
  stages: [graStage],
  related: ['baselines-advantage', 'meow-tea-taro', 'toolrl'],
})
