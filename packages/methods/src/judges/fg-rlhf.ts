import { defineMethod } from '../method.ts'
import { fgRlhfAdvantageStage, fgRlhfOptions, fgRlhfStage } from './fg-rlhf/stages.ts'

export * from './fg-rlhf/advantages.ts'
export * from './fg-rlhf/losses.ts'
export * from './fg-rlhf/reward.ts'
export * from './fg-rlhf/segments.ts'
export * from './fg-rlhf/stages.ts'

/** Fine-Grained RLHF: dense rewards of several heads. */
export const fgRlhf = defineMethod({
  slug: 'fg-rlhf',
  title: 'Fine-Grained Human Feedback Gives Better Rewards for Language Model Training',
  year: 2023,
  paper: 'arXiv 2306.01693',
  family: 'judges',
  summary:
    'Pays a reward at the end of every segment from one model an error category, sums them on the tokens, subtracts the divergence and trains with PPO.',
  consumes: [
    'segments with decisions, and a completeness score',
    'log-probabilities of policy and reference, values, mask [B][T]',
    'annotated error spans for training the heads',
  ],
  produces: [
    'token rewards [T] of each head and their sum',
    'advantages and returns [B][T]',
    'head, pair and PPO losses',
  ],
  options: fgRlhfOptions,
  claim: {
    statement:
      'Dense rewards of several heads learn faster than the same total paid at the end, and head weights steer behaviour.',
    metric: 'share of factual segments after 1920 responses',
    direction: 'higher',
    size: 0.2,
    against: ['the same sum at the last token'],
    seeds: 5,
    setting:
      'Eight segments of 3 tokens over 8 words with hidden relevance and factuality rules, tabular policy and values, GAE with λ 0.95, batch 32.',
  },
  stages: [fgRlhfStage, fgRlhfAdvantageStage],
  compat: ['released'],
  related: ['fgaif', 'tp-grpo', 'capo'],
})
