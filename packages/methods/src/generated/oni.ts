import { defineMethod } from '../method.ts'
import { oniOptions, oniStage } from './oni/stage.ts'

export * from './oni/annotator.ts'
export * from './oni/losses.ts'
export * from './oni/reward.ts'
export * from './oni/stage.ts'

/**
 * ONI: policy and intrinsic reward are learned at the same time. Captions (game messages) met by the actors are labelled by a
 * language model that runs beside them; labels come late and sparsely and become a reward by a table (retrieval), a classifier
 * or a ranking model. The reward is divided by a power of how often the caption occurred in the episode, so that repeated
 * captions stop paying.
 *
 * Order: normalise, threshold, count, weight. The released learner normalises the ranking reward and then uses the raw one
 * (`compat: 'released'`).
 *
 * Zheng et al., "Online Intrinsic Rewards for Decision Making Agents from Large Language Model Feedback", arXiv 2410.23022;
 * facebookresearch/oni.
 */
export const oni = defineMethod({
  slug: 'oni',
  title: 'ONI: online intrinsic rewards from asynchronous feedback',
  year: 2024,
  paper: 'arXiv 2410.23022',
  family: 'generated',
  summary: 'Rewards captions that a language model labelled helpful, late and sparsely, with decay on repetition.',
  consumes: [
    'turn.caption: message of the step; turn.reward: task reward',
    'turn.captionLabel (retrieval) or turn.captionScore (classification, ranking)',
    'training: captions [B][256] bytes with labels, or pairs of rewards [B][2] with labels',
  ],
  produces: ['turn.reward, turn.oniIntrinsic', 'captionLoss, rankingLoss and captionNetwork graphs', 'V-trace targets'],
  options: oniOptions,
  claim: {
    statement:
      'Late, sparse labels on captions are enough to solve sparse exploration; without decay on repetition they are farmed.',
    metric: 'success rate in the last 100 episodes',
    direction: 'higher',
    size: 0.2,
    against: ['task reward only', 'no count decay'],
    seeds: 8,
    setting: 'Six chained 7×7 rooms with respawning coins, 200 steps, tabular Q-learning, label latency 1500 steps.',
  },
  stages: [oniStage],
  compat: ['released: ranking pays the raw reward; any FOO in an answer is a label; a batch of one breaks the moments'],
  related: ['calm', 'text2reward', 'envs-and-baselines-rl'],
})
