import { defineMethod } from '../method.ts'
import { text2rewardOptions, text2rewardStage } from './text2reward/stage.ts'

export * from './text2reward/expression.ts'
export * from './text2reward/programs.ts'
export * from './text2reward/prompt.ts'
export * from './text2reward/stage.ts'
export * from './text2reward/validate.ts'

/**
 * Text2Reward: from a goal in words and a typed description of the environment a code model writes a dense, staged reward
 * program; it is validated by running it on sampled states, trained on, watched by a person, and improved from what the person
 * says.
 *
 * Here: prompts, extraction and term mapping, the taxonomy of failures with static checks and the trajectory-ranking test, the
 * refinement loop as explicit states, guarding of step rewards, and the published programs as typed functions. Generated host
 * code never runs in this realm; it belongs in a sandbox. What a model writes in the small reward language
 * (`compileProgram`) is checked against the state's schema and can run anywhere.
 *
 * Xie et al., "Text2Reward: Reward Shaping with Language Models for Reinforcement Learning", arXiv 2309.11489;
 * xlang-ai/text2reward.
 */
export const text2reward = defineMethod({
  slug: 'text2reward',
  title: 'Text2Reward',
  year: 2023,
  paper: 'arXiv 2309.11489 (ICLR 2024)',
  family: 'generated',
  summary: 'A language model writes a dense reward program, repaired by execution and refined by human feedback.',
  consumes: [
    'instruction, typed description of the environment, term map, examples, feedback',
    'turn.programReward: what the program returned at each step',
  ],
  produces: ['prompts and programs', 'failure categories and findings', 'turn.reward, rollout.reward'],
  options: text2rewardOptions,
  claim: {
    statement: 'A generated dense program lets a sparse task be learned about as well as an expert reward.',
    metric: 'success rate in the last 100 episodes',
    direction: 'higher',
    size: 0.5,
    against: ['sparse reward'],
    seeds: 5,
    setting:
      '9×9 grid with a drawer to grip and pull, 60 steps, tabular Q-learning, 400 episodes, scripted generator. A plausible but hackable program fails and one round of feedback repairs it.',
  },
  stages: [text2rewardStage],
  related: ['calm', 'oni'],
})
