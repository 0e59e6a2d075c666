import {
  type ColumnName,
  defineStage,
  describeValue,
  GuerdonError,
  json,
  optionalJson,
  optionalNumbers,
  texts,
} from '@guerdon/core'
import * as z from 'zod'
import { defineMethod } from '../method.ts'
import { isBox } from '../shared/boxes.ts'
import { isJsonObject } from '../shared/json-text.ts'
import { noScore, partSignals, type RewardParts, scoredAt, scoreItems } from '../shared/reward-parts.ts'
import type { ImageSizes, LabelledBox } from './vision-r1/boxes-text.ts'
import { releasedVisionReward, thresholdsAt, visionPhases, visionReward } from './vision-r1/reward.ts'

export * from './vision-r1/boxes-text.ts'
export * from './vision-r1/grpo.ts'
export * from './vision-r1/reward.ts'

const share = z.number().min(0).max(1)
const thresholds = z.object({ xi0: share, xi1: share, xi2: share })

/** Options of the `vision-r1` stage. */
export const visionR1Options = z.object({
  step: z.int().min(0).default(0).describe('training step, for rollouts without a rollout.step column'),
  totalSteps: z.int().min(1).optional().describe('planned steps; without them the initial thresholds stay'),
  switchFraction: share.default(0.5).describe('fraction of training after which the criteria tighten'),
  initial: thresholds.default(visionPhases.initial).describe('thresholds before the switch'),
  advanced: thresholds.default(visionPhases.advanced).describe('thresholds after the switch'),
  precisionDenominator: z
    .enum(['predictions', 'matched'])
    .default('predictions')
    .describe('what precision is divided by; with matched, superfluous boxes are free'),
  requireLabelMatch: z.boolean().default(false).describe('a match of unequal labels is worth nothing'),
  labelIds: z
    .record(z.string(), z.int().min(1))
    .optional()
    .describe('class of each label; labels of one number are one class, unlisted ones none. Default: each its own'),
  cost: z.enum(['box-prioritised', 'l1']).default('box-prioritised').describe('cost of the matching'),
  compat: z
    .enum(['released'])
    .optional()
    .describe('the released code: GIoU, its thresholds and switchStep, matched denominator, its format check'),
  switchStep: z.int().min(0).default(1500).describe('released: step at which its thresholds switch'),
  adaptive: z.boolean().default(true).describe('released: false is its launch script, which differentiates nothing'),
})

/** Options of the stage, every default filled in. */
export type VisionR1StageOptions = z.infer<typeof visionR1Options>

const columns = {
  format: 'rollout.visionR1Format',
  recall: 'rollout.visionR1Recall',
  precision: 'rollout.visionR1Precision',
  total: 'rollout.reward',
} as const satisfies Record<string, ColumnName>

/** Scores the boxes of each completion against the true objects. Stateless. */
export const visionR1Stage = defineStage<VisionR1StageOptions, null>({
  name: 'vision-r1',
  about: 'format, recall and precision of predicted boxes under criteria that tighten over training',
  options: visionR1Options,
  reads: () => [
    { name: 'rollout.response', kind: 'text', about: 'JSON list of {"bbox_2d": [x1, y1, x2, y2], "label"}' },
    { name: 'rollout.reference', kind: 'json', about: 'the true objects [{label, box}] in image pixels' },
    { name: 'rollout.imageSize', kind: 'json', about: '[width, height] of the image', optional: true },
    { name: 'rollout.inputSize', kind: 'json', about: '[width, height] the model saw', optional: true },
    { name: 'rollout.step', kind: 'number', about: 'training step the rollout was made at', optional: true },
  ],
  writes: () => [
    { name: columns.total, kind: 'number', about: 'their sum, in [0, 3]; its scale changes at the switch' },
    { name: columns.format, kind: 'number', about: '0 or 1' },
    { name: columns.recall, kind: 'number', about: 'in [0, 1]' },
    { name: columns.precision, kind: 'number', about: 'in [0, 1]' },
  ],
  initial: () => null,
  apply(batch, state, options) {
    const responses = texts(batch, 'rollout.response')
    const references = json(batch, 'rollout.reference')
    const imageSizes = optionalJson(batch, 'rollout.imageSize')
    const inputSizes = optionalJson(batch, 'rollout.inputSize')
    const steps = optionalNumbers(batch, 'rollout.step')
    const items = scoreItems<RewardParts<keyof typeof columns>>(responses.length, i => {
      const response = responses[i]
      if (response === undefined) return noScore('no response')
      if (references[i] === undefined) return noScore('no true objects in reference')
      const truth = readTruth(references[i])
      const sizes = readSizes(imageSizes?.[i], inputSizes?.[i])
      const step = scoredAt(steps, i) ?? options.step
      if (options.compat === 'released') {
        const { switchStep, adaptive, labelIds } = options
        return releasedVisionReward(response, truth, { step: adaptive ? step : null, switchStep, labelIds, sizes })
      }
      const phase = options.totalSteps === undefined ? options.initial : thresholdsAt(step, options.totalSteps, options)
      return visionReward(response, truth, { ...options, thresholds: phase, sizes })
    })
    return { columns: partSignals('rollout', items, columns), state }
  },
})

function readTruth(value: unknown): LabelledBox[] {
  const objects = Array.isArray(value) ? value : undefined
  const valid = objects?.every(item => isJsonObject(item) && typeof item['label'] === 'string' && isBox(item['box']))
  if (valid) return objects as LabelledBox[]
  throw new GuerdonError(
    'invalid_input',
    `expected true objects [{label, box: [x1, y1, x2, y2]}]; got ${describeValue(value)}`,
    { path: ['reference'] },
  )
}

function readSizes(image: unknown, input: unknown): ImageSizes | undefined {
  if (image === undefined && input === undefined) return undefined
  const isSize = (size: unknown): size is [number, number] =>
    Array.isArray(size) && size.length === 2 && size.every(side => Number.isFinite(side) && side > 0)
  if (isSize(image) && (input === undefined || isSize(input))) return { image, input }
  throw new GuerdonError(
    'invalid_input',
    `expected imageSize and inputSize as [width, height]; got ${describeValue(image)} and ${describeValue(input)}`,
    { path: ['imageSize'], hint: 'give imageSize wherever inputSize is given' },
  )
}

/** Vision-R1: box rewards with progressive rule refinement. */
export const visionR1 = defineMethod({
  slug: 'vision-r1',
  title:
    'Vision-R1: Evolving Human-Free Alignment in Large Vision-Language Models via Vision-Guided Reinforcement Learning',
  year: 2025,
  paper: 'arXiv 2503.18013',
  family: 'rules',
  summary:
    'Scores predicted boxes by format, recall and precision after a one-to-one matching, with thresholds that tighten once during training.',
  consumes: ['completion text with boxes', 'true objects', 'image and model-input sizes', 'training step'],
  produces: [
    'format, recall and precision reward and their sum, one each a response',
    'advantages [G]',
    'training loss',
  ],
  options: visionR1Options,
  claim: {
    statement:
      'Tightening the criteria half-way beats lenient criteria throughout and strict criteria from the start; dropping the recall reward lowers recall.',
    metric: 'mean IoU per true object on fresh scenes',
    direction: 'higher',
    size: 0.03,
    against: ['fixed lenient thresholds', 'strict thresholds from the start'],
    seeds: 5,
    setting:
      'Scenes of 1–4 boxes with biased proposals and 4 distractors, Bernoulli emission and Gaussian box correction, 300 GRPO steps of 8 scenes × 8 rollouts.',
  },
  stages: [visionR1Stage],
  compat: ['released'],
  related: ['craft-gui', 'toolrl'],
})
