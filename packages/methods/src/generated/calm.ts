import { defineMethod } from '../method.ts'
import { calmOptions, calmStage } from './calm/stage.ts'
import { calmTableStage } from './calm/table-stage.ts'

export * from './calm/annotation.ts'
export * from './calm/literal.ts'
export * from './calm/prompt.ts'
export * from './calm/rewards.ts'
export * from './calm/stage.ts'
export * from './calm/table-stage.ts'

/**
 * CALM: a language model as an untrained critic. It splits a task into subgoals and says of single transitions whether one has
 * just been achieved; each achievement ends an option and pays a bonus, so credit arrives at the step that caused progress.
 *
 * False positives hurt far more than misses: a wrongly paid subgoal is easy to collect. Vote, read the message after the
 * action, and show the policy which subgoals are done.
 *
 * Pignatelli et al., "Assessing the Zero-Shot Capabilities of LLMs for Action Evaluation in RL", arXiv 2409.12798;
 * epignatelli/lfrl.
 */
export const calm = defineMethod({
  slug: 'calm',
  title: 'CALM: credit assignment with language models',
  year: 2024,
  paper: 'arXiv 2409.12798',
  family: 'generated',
  summary: 'Pays a bonus at the steps at which a language model sees a subgoal achieved.',
  consumes: [
    'turn.reward: environment reward',
    'turn.achieved or turn.judgeText: verdicts of a judge on each transition',
    'batch annotations of (observation, action) keys for the table variant',
  ],
  produces: ['turn.reward, turn.calmBonus', 'option segments', 'reward tables and agreement metrics'],
  options: calmOptions,
  claim: {
    statement: 'Bonuses from a transition verifier solve a delayed-reward task that sparse learning does not.',
    metric: 'success rate in the last 100 episodes',
    direction: 'higher',
    size: 0.5,
    against: ['sparse reward'],
    seeds: 5,
    setting:
      'Key-and-door grid of 9×9, 120 steps, tabular Q-learning, verifier with recall 0.9 and no false positives. With 1 % false positives the benefit is gone.',
  },
  stages: [calmStage, calmTableStage],
  compat: ['released: reward table scaled by the running minimum; only Python literals are read'],
  related: ['oni', 'text2reward'],
})
