import { defineMethod } from '../method.ts'
import { filterStage, filterStageOptions, goalStage } from './xland/stage.ts'

export * from './xland/goals.ts'
export * from './xland/goat.ts'
export * from './xland/population.ts'
export * from './xland/stage.ts'
export * from './xland/task-filter.ts'

/**
 * XLand's recipe for an agent that never stops learning: goals in disjunctive normal form over predicates, tasks
 * accepted only when they are just learnable, populations compared by percentiles of normalised score, distillation
 * from the previous generation, and self reward-play.
 *
 * The acceptance test differs from a band on the agent's return in its control policy: a task that rewards random
 * behaviour is refused too. No official code exists; thresholds were evolved by the authors and have no canonical
 * values.
 *
 * Open-Ended Learning Team, "Open-Ended Learning Leads to Generally Capable Agents", arXiv 2107.12808.
 */
export const xland = defineMethod({
  slug: 'xland',
  title: 'XLand: open-ended learning with goal predicates and learnable-task filtering',
  year: 2021,
  paper: 'arXiv 2107.12808',
  family: 'control',
  summary:
    'Rewards goals written over predicates, trains only on tasks that are just learnable, and compares agents by score percentiles.',
  consumes: [
    'turn.predicates: object of true/false, and a goal as options of atoms',
    'rollout.score [G][n] of the agent and group.controlScores of a control policy on the same task',
    'scores [agents][tasks] for normalised percentiles',
  ],
  produces: [
    'turn.reward ∈ {0, 1} and their sum',
    'group.xlandAccept ∈ {0, 1}',
    'percentile vectors, exploit decisions, distillation weights',
  ],
  options: filterStageOptions,
  claim: {
    statement:
      'Accepting only just-learnable tasks raises the share of held-out tasks solved over uniform sampling from the same generator.',
    metric: 'fraction of 150 held-out tasks solved',
    direction: 'higher',
    size: 0.04,
    against: ['uniform sampling'],
    seeds: 5,
    setting:
      '9×9 grid with two walls, goal-conditioned tabular Q-learning, 200 000 training steps. With evaluation steps charged too the gain may vanish.',
  },
  stages: [goalStage, filterStage],
  related: ['envs-and-baselines-rl', 'perceptual-rewards'],
})
