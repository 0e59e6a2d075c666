import { defineMethod } from '../method.ts'
import { srmMctsOptions, srmMctsStage } from './srm-mcts/stage.ts'

/** The Bradley–Terry loss step scorers are trained with: −mean log σ(score(preferred) − score(rejected)). */
export { pairAccuracy, pairLoss } from '../shared/pair-loss.ts'
export * from './srm-mcts/search.ts'
export * from './srm-mcts/stage.ts'
export * from './srm-mcts/tree.ts'
export * from './srm-mcts/views.ts'

/**
 * SRM-MCTS, step-level reward models from tree search: Monte-Carlo tree search with final-answer correctness as the only
 * reward gives every step a value, siblings with clearly different values become step preferences, and Bradley–Terry scorers
 * are trained on four views of the state (`stateView`) to find out which part of the input matters. The scorers then guide
 * greedy or beam search.
 *
 * What was found: leaving out the natural-language thoughts costs nothing, leaving out the history costs a lot, and judging a
 * thought before its expression barely works.
 *
 * Tie-breaking, the child that is played out, and the least number of visits are reconstructions; no code was published.
 *
 * Ma et al., "What Are Step-Level Reward Models Rewarding?", arXiv 2412.15904, AAAI 2025.
 */
export const srmMcts = defineMethod({
  slug: 'srm-mcts',
  title: 'SRM-MCTS: step preferences from tree search',
  year: 2024,
  paper: 'arXiv 2412.15904',
  family: 'process',
  summary:
    'Values steps by tree search, turns clearly different siblings into preferences, and searches with the scorer.',
  consumes: [
    'rollout.outcome in [0, 1]',
    'turn.action: rollouts of a group that share their first turns share tree nodes',
    'for search: a StepWorld that proposes and executes steps',
  ],
  produces: ['turn.srmMctsValue', 'turn.srmMctsVisits', 'group.srmMctsPairs', 'a searched path (beamSearch)'],
  options: srmMctsOptions,
  claim: {
    statement:
      'Greedy search guided by a math-only scorer is as accurate as with full context, and far more accurate than with the last expression alone or with the next thought judged before it is executed.',
    metric: 'search accuracy',
    direction: 'higher',
    size: 0.3,
    against: ['single-step math only', 'next thought', 'one sampled solution'],
    seeds: 5,
    setting:
      'Three-operation arithmetic plans with vague thoughts and occasional slips; 120 problems searched for 200 iterations; sparse linear Bradley–Terry scorers; 400 new problems. The result for thoughts follows from how vague they are made.',
  },
  stages: [srmMctsStage],
  related: ['baselines-reward-model', 'moose-chem2', 'portool'],
})
