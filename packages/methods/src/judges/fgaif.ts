import { defineMethod } from '../method.ts'
import { fgaifAdvantageStage, fgaifOptions, fgaifStage } from './fgaif/stages.ts'

export { labelledAccuracy as headAccuracy, labelledCrossEntropy as headLoss } from '../shared/token-classification.ts'
export * from './fgaif/labels.ts'
export * from './fgaif/reward.ts'
export * from './fgaif/stages.ts'

/** FGAIF: three hallucination heads with AI labels. */
export const fgaif = defineMethod({
  slug: 'fgaif',
  title: 'FGAIF: Aligning Large Vision-Language Models with Fine-grained AI Feedback',
  year: 2024,
  paper: 'arXiv 2404.05046',
  family: 'judges',
  summary:
    'Labels segments by verified atomic facts, trains one three-class head each for objects, attributes and relations, and pays them at segment ends.',
  consumes: [
    'atomic facts of segments, or logits [S][3] of the three heads',
    'log-probabilities of policy and reference, values, mask [B][T]',
  ],
  produces: [
    'labels of segments',
    'token rewards [T] of each head and their sum',
    'advantages and returns [B][T]',
    'head loss',
  ],
  options: fgaifOptions,
  claim: {
    statement:
      'Type-specific segment rewards remove all kinds of hallucination faster than one sequence reward and without falling silent; a dropped head leaves its kind.',
    metric: 'hallucinated-fact rate after 1600 responses, relative to the sequence reward',
    direction: 'lower',
    size: 0.6,
    against: ['the same sum at the last token', 'one mixed label a segment'],
    seeds: 5,
    setting:
      'Four images with objects, attributes and relations, responses of 4 segments, heads trained on 3000 labels with 10 % flips, tabular policy, GAE with λ 0.95, batch 32.',
  },
  stages: [fgaifStage, fgaifAdvantageStage],
  compat: ['released'],
  related: ['fg-rlhf', 'tp-grpo'],
})
