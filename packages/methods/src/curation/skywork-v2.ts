import { defineMethod } from '../method.ts'
import { skyworkV2Options, skyworkV2Stage } from './skywork-v2/stage.ts'

/** The model itself is a plain Bradley–Terry scorer without margin. */
export { pairAccuracy, pairLoss } from '../shared/pair-loss.ts'
export * from './skywork-v2/curate.ts'
export * from './skywork-v2/judging.ts'
export * from './skywork-v2/retrieval.ts'
export * from './skywork-v2/stage.ts'

/**
 * Skywork-Reward-V2, preference-data curation by human–AI synergy, in two stages:
 *
 * 1. Small and iterative: people verify a modest set; a reward model trained on judge-labelled data is evaluated on it, and
 *    its errors decide which similar pool items are labelled next (`retrievalPlan`, `retrieveSimilar`, `aggregateJudgments`).
 * 2. Large and automatic: a pool pair is kept only when independent signals agree with its label (`curatePairs`):
 *    keep ⇔ p_gold > ½ ∧ (p_best > ½ ∨ judge agrees).
 *
 * Human effort goes where the model is wrong, and agreement of two differently trained models is a strong filter. Verified
 * data selects checkpoints and serves as examples; it is never trained on in the first stage.
 *
 * Liu et al., "Skywork-Reward-V2: Scaling Preference Data Curation via Human-AI Synergy", arXiv 2507.01352. The report comes
 * without pipeline code; ties and the treatment of missing votes are reconstructions.
 */
export const skyworkV2 = defineMethod({
  slug: 'skywork-v2',
  title: 'Skywork-Reward-V2: curated preference data',
  year: 2025,
  paper: 'arXiv 2507.01352',
  family: 'curation',
  summary:
    'Labels preference pairs where the model is wrong, and keeps pool pairs only when independent signals agree.',
  consumes: [
    'groups of one chosen and one rejected rollout (rollout.label)',
    'rollout.bestScore and rollout.goldScore of two different reward models; group.judgeAgrees',
    'embeddings of the pairs for retrieval',
  ],
  produces: [
    'group.skyworkKeep, group.skyworkFlip, group.skyworkNeedsJudge (0/1)',
    'group.skyworkConfidence',
    'group.skyworkRetrieve',
  ],
  options: skyworkV2Options,
  claim: {
    statement:
      'From a pool of which about 30 % is labelled wrong, the rule keeps pairs of which at least 88 % are labelled right, and the model trained on them beats one trained on the raw pool; doubling the raw pool does not.',
    metric: 'label accuracy of the kept pairs',
    direction: 'higher',
    size: 0.15,
    against: ['the raw pool'],
    seeds: 5,
    setting:
      '5000 pairs with 24 features in four categories and a biased annotator; logistic reward models; a judge of 75 % accuracy. Swapping the discarded pairs hurts here, because only about 60 % of them are wrong.',
  },
  stages: [skyworkV2Stage],
  related: ['baselines-reward-model', 'base-reward', 'raft'],
})
