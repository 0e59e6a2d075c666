import { defineStage, json, optionalNumbers, texts } from '@guerdon/core'
import * as z from 'zod'
import { defineMethod } from '../method.ts'
import { noScore, partSignals, scoredAt, scoreItems } from '../shared/reward-parts.ts'
import { toolrlReward } from './toolrl/reward.ts'

export * from './toolrl/advantage.ts'
export * from './toolrl/calls.ts'
export * from './toolrl/format.ts'
export * from './toolrl/reward.ts'
export * from './toolrl/scales.ts'

const range = z.tuple([z.number(), z.number()])

/** Options of the `toolrl` stage; see `ToolrlOptions`. */
export const toolrlOptions = z.object({
  scale: z
    .enum(['fixed', 'two-stage', 'dynamic', 'two-stage-dynamic'])
    .default('fixed')
    .describe('how the ranges move over training'),
  switchStep: z.int().min(0).default(30).describe('step at which the two-stage scale switches'),
  formatRange: range.default([0, 1]).describe('lowest and highest format reward'),
  correctnessRange: range.default([-3, 3]).describe('lowest and highest correctness reward; [-1, 1] is "equal max"'),
  credit: z
    .enum(['fields', 'calls', 'all'])
    .default('fields')
    .describe('credit for every field, for whole calls only ("intermediate"), or for all calls at once ("coarse")'),
  matching: z
    .enum(['multiset', 'set', 'set-equality', 'list-equality'])
    .default('multiset')
    .describe('how lists of names and keys are compared; the equalities are the paper\'s "finegrained" ablation'),
  assignment: z
    .enum(['optimal', 'greedy'])
    .optional()
    .describe('how predicted calls are given to true ones; optimal, but greedy under compat: released'),
  length: z.enum(['none', 'fixed', 'scheduled']).default('none').describe('reward for long reasoning'),
  step: z.int().min(0).default(0).describe('training step, for rollouts without a rollout.step column'),
  totalSteps: z.int().min(1).optional().describe('planned training steps, needed by schedules that count fractions'),
  compat: z.enum(['released']).optional().describe("the released code's matching, step counts and rounding"),
})

/** Options of the stage, every default filled in. */
export type ToolrlStageOptions = z.infer<typeof toolrlOptions>

/** Scores each response against its ground truth (`rollout.reference`, text in the same tag language). Stateless. */
export const toolrlStage = defineStage<ToolrlStageOptions, null>({
  name: 'toolrl',
  about: 'format and graded correctness of tool calls against the true calls',
  options: toolrlOptions,
  reads: () => [
    { name: 'rollout.response', kind: 'text', about: '<think>…</think>, then <tool_call> lines and/or <response>' },
    { name: 'rollout.reference', kind: 'json', about: 'the true answer as one text in the same tags' },
    { name: 'rollout.step', kind: 'number', about: 'training step the rollout was made at', optional: true },
  ],
  writes: () => [
    { name: 'rollout.reward', kind: 'number', about: 'their sum' },
    { name: 'rollout.toolrlFormat', kind: 'number', about: 'format reward, in [0, 1] unless scaled' },
    { name: 'rollout.toolrlCorrectness', kind: 'number', about: 'correctness reward, in [-3, 3] unless scaled' },
    { name: 'rollout.toolrlLength', kind: 'number', about: 'length reward, 0 when it is off' },
  ],
  initial: () => null,
  apply(batch, state, options) {
    const responses = texts(batch, 'rollout.response')
    const references = json(batch, 'rollout.reference')
    const steps = optionalNumbers(batch, 'rollout.step')
    const items = scoreItems(responses.length, i => {
      const [response, reference] = [responses[i], references[i]]
      if (response === undefined) return noScore('no response')
      if (typeof reference !== 'string') return noScore('no ground truth text in reference')
      const progress = { step: scoredAt(steps, i) ?? options.step, totalSteps: options.totalSteps }
      return toolrlReward(response, reference, progress, options)
    })
    const columns = partSignals('rollout', items, {
      format: 'rollout.toolrlFormat',
      correctness: 'rollout.toolrlCorrectness',
      length: 'rollout.toolrlLength',
      total: 'rollout.reward',
    })
    return { columns, state }
  },
})

/** ToolRL: graded rule reward for tool calls. */
export const toolrl = defineMethod({
  slug: 'toolrl',
  title: 'ToolRL: Reward is All Tool Learning Needs',
  year: 2025,
  paper: 'arXiv 2504.13958',
  family: 'rules',
  summary:
    'Rewards the structure of a tool-using answer and, field by field, how far its calls agree with the true ones, in a fixed symmetric range.',
  consumes: [
    'response text and ground-truth text in the same tag language',
    'training step (and total steps) for the schedules',
  ],
  produces: ['format, correctness and length reward and their sum, one each a response', 'group advantages [N]'],
  options: toolrlOptions,
  claim: {
    statement: 'Crediting every field of a call gives a learnable signal where an all-or-nothing reward gives none.',
    metric: 'greedy exact match of all calls on fresh prompts',
    direction: 'higher',
    size: 0.5,
    against: ['coarse reward (credit: all)', 'intermediate reward (credit: calls)'],
    seeds: 5,
    setting:
      'Four tools with hidden intents, one or two calls a prompt, a factored categorical policy, 150 GRPO steps of 16 prompts × 4 rollouts.',
  },
  stages: [toolrlStage],
  compat: ['released'],
  related: ['craft-gui', 'mobile-r1', 'shop-r1'],
})
