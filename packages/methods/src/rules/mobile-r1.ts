import * as z from 'zod'
import { defineMethod } from '../method.ts'
import { mobileR1ActionStage, mobileR1AdvantageStage, mobileR1TaskStage } from './mobile-r1/stages.ts'

export * from './mobile-r1/action.ts'
export * from './mobile-r1/stages.ts'
export * from './mobile-r1/task.ts'

/** Every setting of the recipe of three training stages. */
export const mobileR1Options = z.object({
  alpha: z.number().default(1).describe('weight of the format term of the task-level reward (reconstruction)'),
  beta: z.number().default(1).describe('weight of the verdict (reconstruction)'),
  groupSize: z.int().min(2).default(8).describe('rollouts of one task (reconstruction)'),
  klCoef: z.number().min(0).default(0.01).describe('KL to the policy of stage 2 during stage 3 (reconstruction)'),
  epsilon: z.number().min(0).default(1e-6).describe('added to the standard deviation'),
  ddof: z
    .union([z.literal(0), z.literal(1)])
    .default(1)
    .describe('divisor n - ddof of the variance'),
})

/** Mobile-R1: action-level, then task-level rewards for GUI agents. */
export const mobileR1 = defineMethod({
  slug: 'mobile-r1',
  title: 'Mobile-R1: Towards Interactive Reinforcement Learning for VLM-Based Mobile Agent via Task-Level Rewards',
  year: 2025,
  paper: 'arXiv 2506.20332',
  family: 'rules',
  summary:
    'Rewards single actions at expert states first and whole trajectories afterwards, one advantage on all tokens of all model turns.',
  consumes: [
    'turn texts with <think>, <action> and <tool_call>',
    'expert actions of stage 2',
    'a verdict on each trajectory of stage 3, and its model token spans',
  ],
  produces: ['reward of each turn (stage 2)', 'reward of each trajectory (stage 3)', 'advantages [G] and per token'],
  options: mobileR1Options,
  claim: {
    statement:
      'Action-level training followed by task-level training beats action-level alone, which cannot recover from mistakes, and task-level alone, which is too sparse.',
    metric: 'task success with slips',
    direction: 'higher',
    size: 0.1,
    against: ['stage 2 only', 'stage 3 only'],
    seeds: 5,
    setting:
      'Four chains of 5 screens and 8 actions with slips to off-path screens where only BACK helps, horizon 12, equal model turns for every arm.',
  },
  stages: [mobileR1ActionStage, mobileR1TaskStage, mobileR1AdvantageStage],
  related: ['craft-gui', 'toolrl'],
})
