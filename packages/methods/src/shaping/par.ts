import { defineMethod } from '../method.ts'
import { parOptions, parStage } from './par/stage.ts'

export * from './par/advantages.ts'
export * from './par/fitted-polynomial.ts'
export * from './par/losses.ts'
export * from './par/shaper.ts'
export * from './par/shapes.ts'
export * from './par/stage.ts'
export * from './par/weights.ts'

/**
 * PAR, preference as reward: the training reward of a response is the reward model's own probability that it beats
 * reference responses to the same prompt, (1/M)·Σ_m σ(k·(r − r_m)). Bounded, steep near the reference level and flat far
 * above it, so there is nothing to gain from driving the score out of the range the model was trained on.
 *
 * Here with every shaping it is compared with (running standardisation, clipping, min–max, ceilings, log-sigmoid centred,
 * tanh, a fitted polynomial, plain centring), and the reward-model-side rivals: `regularisedPairLoss`, `odinLoss`,
 * `averageWeights` (WARM).
 *
 * Fu et al., "Reward Shaping to Mitigate Reward Hacking in RLHF", arXiv 2502.18770.
 */
export const par = defineMethod({
  slug: 'par',
  title: 'PAR: preference as reward',
  year: 2025,
  paper: 'arXiv 2502.18770',
  family: 'shaping',
  summary:
    'Bounds a reward-model score by the probability that the response beats reference responses to the same prompt.',
  consumes: [
    'rollout.score: raw reward-model score',
    'rollout.referenceScores: number[M], scores of reference responses to the same prompt from a fixed policy (M = 1 suffices)',
    'token.mask: only for the length penalty',
  ],
  produces: ['rollout.reward in (0, 1)', 'rollout.parReferences', 'rollout.parCentred'],
  options: parOptions,
  claim: {
    statement:
      'With a KL coefficient of 0.1, training on PAR ends with a higher gold reward than training on the raw, centred, standardised or clipped score.',
    metric: 'final gold reward',
    direction: 'higher',
    size: 2,
    against: ['raw', 'centred', 'meanStd', 'clip'],
    seeds: 5,
    setting:
      '8-token responses over 6 tokens whose proxy rewards a rare harmful token; tabular policy, REINFORCE, 600 updates. A ten times larger KL coefficient also keeps the raw score stable: part of the effect is scale.',
  },
  stages: [parStage],
  compat: ['released: length penalty on by default; min–max starts from ±10000 and is NaN while all scores are equal'],
  related: ['rm-ensembles', 'baselines-reward-model'],
})
