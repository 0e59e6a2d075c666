import { defineMethod } from '../method.ts'
import { tpGrpoOptions, tpGrpoStage } from './tp-grpo/stage.ts'

export * from './tp-grpo/group.ts'
export * from './tp-grpo/judge.ts'
export * from './tp-grpo/stage.ts'
export * from './tp-grpo/thoughts.ts'

/**
 * TP-GRPO, thought-level process rewards for GRPO: a judge labels steps by signals already in the text (self-corrections in
 * correct solutions, overlap with the answer in incorrect ones), neighbouring steps of one label merge into thoughts, and a
 * thought's advantage is r̂ + Σ of the process rewards from there on, scaled by how often the group is right.
 *
 * Built so that sound thoughts of correct solutions, and adopted thoughts of incorrect ones, keep exactly the outcome
 * advantage. Unlike GRPO, a group that is all correct still teaches: its mistaken thoughts get −α.
 *
 * That the last thought carries no process reward, and the constants α = 1 and ε = 1e-4, are reconstructions: no official
 * code could be read. They are the only placement under which the paper's two propositions hold.
 *
 * He et al., "Good Learners Think Their Thinking", arXiv 2507.23317. Not TurningPoint-GRPO, which shares the abbreviation.
 */
export const tpGrpo = defineMethod({
  slug: 'tp-grpo',
  title: 'TP-GRPO: thought-level process rewards',
  year: 2025,
  paper: 'arXiv 2507.23317',
  family: 'process',
  summary: 'Merges judged steps into thoughts whose rewards leave the outcome advantage of sound thoughts untouched.',
  consumes: [
    'rollout.outcome: above 0 = correct',
    'turn.stepLabel: good | bad for each think step (last turn = answer), or rollout.errorIntervals and rollout.matchingSteps from a judge',
    'turn spans over tokens',
  ],
  produces: ['turn.advantage', 'token.advantage', 'rollout.tpGrpoLabelled'],
  options: tpGrpoOptions,
  claim: {
    statement:
      'When many wrong tries are noticed and retried, thought-level rewards reach a higher accuracy than outcome-only GRPO after the same number of updates, while step-level rewards collapse from a hard start.',
    metric: 'accuracy after 60 updates',
    direction: 'higher',
    size: 0.02,
    against: ['GRPO', 'step-level process rewards'],
    seeds: 5,
    setting:
      'Tabular policy making six decisions of four actions; wrong tries are noticed and retried with probability 0.9; exact labels; 8 solutions a prompt. From a hard start it is slightly slower than GRPO unless incorrect is "outcome".',
  },
  stages: [tpGrpoStage],
  related: ['capo', 'prof', 'ppr', 'baselines-advantage'],
})
