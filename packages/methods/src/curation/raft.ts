import { defineMethod } from '../method.ts'
import { raftOptions, raftStage } from './raft/stage.ts'

export * from './raft/clean.ts'
export * from './raft/distribution.ts'
export * from './raft/loss.ts'
export * from './raft/select.ts'
export * from './raft/stage.ts'

/**
 * RAFT, reward-ranked fine-tuning: sample K responses per prompt, keep the best, fine-tune on the kept with the ordinary
 * likelihood loss, repeat from the improved model. Only the *order* of rewards matters.
 *
 * Each round is within log K − (K − 1)/K nats of the sampler (`bestOfKDistribution`), but rounds add up: iterate from the
 * current weights, keep the initial ones for `klRegularisedRewards`, and watch `uniqueShare`. `self-consuming` is the soft
 * version of the same loop.
 *
 * Dong et al., "RAFT: Reward rAnked FineTuning for Generative Foundation Model Alignment", TMLR 2023, arXiv 2304.06767; code
 * OptimalScale/LMFlow and RLHFlow/RAFT.
 */
export const raft = defineMethod({
  slug: 'raft',
  title: 'RAFT: reward-ranked fine-tuning',
  year: 2023,
  paper: 'arXiv 2304.06767',
  family: 'curation',
  summary: 'Keeps the best of K responses to each prompt and fine-tunes on them, again and again.',
  consumes: [
    'rollout.score',
    'rollout.response, to discard unusable ones',
    'token.logprob and token.refLogprob when ranked with a KL term',
  ],
  produces: ['rollout.raftKept (0/1)', 'rollout.raftRanking', 'sftLoss as a tensor graph'],
  options: raftOptions,
  claim: {
    statement:
      'Reward rises every iteration and faster with larger K, while K = 1 does not improve; iterating beats one round with the same number of samples; ranking with a KL term keeps diversity.',
    metric: 'mean reward after 4 iterations',
    direction: 'higher',
    size: 5,
    against: ['K = 1'],
    seeds: 5,
    setting:
      'Autoregressive logit tables of length 8 over 10 symbols; reward a sum of unary and bigram scores; 256 prompts an iteration, 30 full-batch fine-tuning steps.',
  },
  stages: [raftStage],
  compat: ['discard "lmflow" with cleanResponse follows the released post-processing; includePromptTokens its loss'],
  related: ['self-consuming', 'prof', 'skywork-v2'],
})
