import {
  type ColumnName,
  defineStage,
  describeValue,
  GuerdonError,
  json,
  numbers,
  optionalNumbers,
  textColumn,
  texts,
} from '@guerdon/core'
import * as z from 'zod'
import { defineMethod } from '../method.ts'
import { isJsonObject } from '../shared/json-text.ts'
import { isUnscored, noScore, partSignals, scoredAt, scoreItems } from '../shared/reward-parts.ts'
import { samplingWeights, stageAtStep, trajectoryTier } from './craft-gui/curriculum.ts'
import { type GuiAction, operationReward, understandingReward } from './craft-gui/reward.ts'

export * from './craft-gui/curriculum.ts'
export * from './craft-gui/reward.ts'

const weight = z.number().min(0).default(1)

/** Options of the `craft-gui` stage. */
export const craftGuiOptions = z.object({
  operationWeights: z
    .object({ format: weight, type: weight, argument: weight })
    .prefault({})
    .describe('weights of the operation reward'),
  understandingWeights: z
    .object({ format: weight, judge: weight })
    .prefault({})
    .describe('weights of the understanding reward'),
  judgeMax: z.number().positive().default(10).describe('largest score the judge gives'),
})

/** Options of the reward stage, every default filled in. */
export type CraftGuiStageOptions = z.infer<typeof craftGuiOptions>

const columns = {
  format: 'rollout.craftGuiFormat',
  type: 'rollout.craftGuiType',
  argument: 'rollout.craftGuiArgument',
  judge: 'rollout.craftGuiJudge',
  total: 'rollout.reward',
} as const satisfies Record<string, ColumnName>

/**
 * Scores operations by rule and answers by judge. What a rollout is, its reference says: an object with `action` is an
 * operation, a text is an answer. Stateless.
 */
export const craftGuiStage = defineStage<CraftGuiStageOptions, null>({
  name: 'craft-gui',
  about: 'rule reward for GUI operations, judged reward for screen understanding',
  options: craftGuiOptions,
  reads: () => [
    { name: 'rollout.response', kind: 'text', about: '<think>…</think><answer>…</answer>' },
    {
      name: 'rollout.reference',
      kind: 'json',
      about: 'the true action {action, bbox?, direction?, text?, app?} or the answer',
    },
    { name: 'rollout.judgeScore', kind: 'number', about: "the judge's score of an answer", optional: true },
  ],
  writes: () => [
    { name: columns.total, kind: 'number', about: 'weighted sum; operations and answers have different ranges' },
    { name: columns.format, kind: 'number', about: '1 when the completion is well formed, else 0' },
    { name: columns.type, kind: 'number', about: '1 for the right action; abstains for answers' },
    { name: columns.argument, kind: 'number', about: 'in [0, 1]; abstains for answers' },
    { name: columns.judge, kind: 'number', about: 'in [0, 1]; abstains for operations' },
    { name: 'rollout.craftGuiSource', kind: 'text', about: 'where the judged part came from: model, rule or none' },
  ],
  initial: () => null,
  apply(batch, state, options) {
    const responses = texts(batch, 'rollout.response')
    const references = json(batch, 'rollout.reference')
    const judgeScores = optionalNumbers(batch, 'rollout.judgeScore')
    const sources: (string | undefined)[] = responses.map(() => undefined)
    const items = scoreItems(responses.length, i => {
      const [response, reference] = [responses[i], references[i]]
      if (response === undefined) return noScore('no response')
      if (reference === undefined) return noScore('no reference')
      if (typeof reference === 'string') {
        const { judgeMax, understandingWeights: weights } = options
        const judged = understandingReward(response, reference, scoredAt(judgeScores, i) ?? null, { judgeMax, weights })
        sources[i] = judged.source
        return { format: judged.format, type: undefined, argument: undefined, judge: judged.judge, total: judged.total }
      }
      const reward = operationReward(response, readGuiAction(reference), { weights: options.operationWeights })
      return { ...reward, judge: undefined }
    })
    return {
      columns: {
        ...partSignals('rollout', items, columns),
        'rollout.craftGuiSource': textColumn('rollout', sources),
      },
      state,
    }
  },
})

function readGuiAction(value: unknown): GuiAction {
  if (isJsonObject(value) && typeof value['action'] === 'string') return value as unknown as GuiAction
  throw new GuerdonError('invalid_input', `expected an object with a string "action"; got ${describeValue(value)}`, {
    path: ['reference'],
  })
}

/** Options of the `craft-gui.curriculum` stage. */
export const craftGuiCurriculumOptions = z.object({
  upperBounds: z.array(z.number()).default([3, 8]).describe('longest trajectory of each tier but the last'),
  stageLengths: z.array(z.int().min(0)).default([1, 1, 1]).describe('optimiser steps of each stage'),
  step: z.int().min(0).default(0).describe('current optimiser step'),
  tierSizes: z
    .array(z.int().min(0))
    .optional()
    .describe('trajectories of each tier in the data; those of the batch when absent'),
  replayFraction: z.number().min(0).max(1).default(0.2).describe('mass of the tiers before the current one'),
})

/** Options of the curriculum stage, every default filled in. */
export type CraftGuiCurriculumOptions = z.infer<typeof craftGuiCurriculumOptions>

/**
 * Gives each trajectory (group) its tier and the probability with which its tier is drawn at the current step.
 * Stateless.
 */
export const craftGuiCurriculumStage = defineStage<CraftGuiCurriculumOptions, null>({
  name: 'craft-gui.curriculum',
  about: 'difficulty tier of each trajectory and the sampling weight of its tier',
  options: craftGuiCurriculumOptions,
  reads: () => [
    { name: 'group.numSteps', kind: 'number', about: 'steps of the trajectory the prompt belongs to' },
    {
      name: 'group.baseSuccessRate',
      kind: 'number',
      about: 'success rate of the base policy, in [0, 1]',
      optional: true,
    },
  ],
  writes: () => [
    { name: 'group.craftGuiTier', kind: 'number', about: '0 is the easiest' },
    {
      name: 'group.craftGuiWeight',
      kind: 'number',
      about: 'probability of drawing its tier; 0 when unfit for training',
    },
  ],
  initial: () => null,
  apply(batch, state, options) {
    const { upperBounds } = options
    const lengths = numbers(batch, 'group.numSteps')
    const rates = optionalNumbers(batch, 'group.baseSuccessRate')
    const tiers = scoreItems(lengths.values.length, g => {
      const numSteps = scoredAt(lengths, g)
      return numSteps === undefined
        ? noScore('no number of steps')
        : trajectoryTier(numSteps, scoredAt(rates, g), { upperBounds })
    })
    const sizes = [...(options.tierSizes ?? new Array<number>(upperBounds.length + 1).fill(0))]
    if (options.tierSizes === undefined) {
      for (const item of tiers) if (!isUnscored(item) && item.trainable) sizes[item.tier]++
    }
    const stage = stageAtStep(options.step, options.stageLengths)
    const weights = samplingWeights(stage, sizes, options)
    const parts = tiers.map(item =>
      isUnscored(item) ? item : { tier: item.tier, weight: item.trainable ? weights[item.tier] : 0 },
    )
    return {
      columns: partSignals('group', parts, { tier: 'group.craftGuiTier', weight: 'group.craftGuiWeight' }),
      state,
    }
  },
})

/** CRAFT-GUI: curriculum over trajectories and a hybrid of rule and judged rewards for GUI agents. */
export const craftGui = defineMethod({
  slug: 'craft-gui',
  title: 'CRAFT-GUI: Curriculum-Reinforced Agent For GUI Tasks',
  year: 2025,
  paper: 'arXiv 2508.11360',
  family: 'rules',
  summary:
    'Trains on trajectories from easy to hard with replay, and scores operations by rule and screen understanding by a judge.',
  consumes: [
    'completion text',
    'true action or reference answer',
    "the judge's score of an answer, if any",
    'trajectory lengths and tier sizes for the curriculum',
  ],
  produces: [
    'reward parts and total, one each a response',
    'tier of each trajectory',
    'sampling weights [K] of a stage',
  ],
  options: craftGuiOptions,
  claim: {
    statement:
      'At an equal rollout budget, easy-to-hard staging beats uniform mixing and clearly beats hard-to-easy when long tasks are rewarded sparsely.',
    metric: 'success on fresh tasks of the longest tier',
    direction: 'higher',
    size: 0.08,
    against: ['uniform tier sampling', 'reversed curriculum'],
    seeds: 5,
    setting:
      'Screens with one right button each, tasks of 1–2, 4–5 and 8 screens, success reward only, 90 GRPO steps of 8 tasks × 8 rollouts. The reward itself is a reconstruction from the abstract.',
  },
  stages: [craftGuiStage, craftGuiCurriculumStage],
  related: ['mobile-r1', 'toolrl'],
})
