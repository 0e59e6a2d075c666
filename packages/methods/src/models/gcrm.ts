import { defineMethod } from '../method.ts'
import { gcrmOptions, gcrmStage } from './gcrm/stage.ts'

export { auroc } from '../shared/auroc.ts'
export * from './gcrm/filtering.ts'
export * from './gcrm/head.ts'
export * from './gcrm/losses.ts'
export * from './gcrm/sampling.ts'
export * from './gcrm/stage.ts'

/**
 * GCRM: a preference reward model whose hidden states are trained, beside the pair loss, so that earlier states of a preferred
 * response point at its later ones and away from those of the rejected response. The cosine of a partial response with a goal
 * state then acts as a Q-value: it stops bad samples early and steers beam search.
 *
 * Nath et al., "Learning Goal-Conditioned Representations for Language Reward Models", arXiv 2407.13887;
 * vaskarnathscale/goal-conditioned-rm.
 */
export const gcrm = defineMethod({
  slug: 'gcrm',
  title: 'GCRM: goal-conditioned representations for reward models',
  year: 2024,
  paper: 'arXiv 2407.13887 (NeurIPS 2024)',
  family: 'models',
  summary:
    'Trains hidden states towards goal states of preferred responses; their cosine acts as a Q-value of a prefix.',
  consumes: [
    'training: hidden states [B][T][D] of chosen and rejected responses, left-padded, and their numbers of tokens',
    'token.goalCosine: cosine with the goal state',
  ],
  produces: ['contrastiveGoalLoss and gcrmLoss graphs', 'token Q-values', 'rollout.selected, rollout.gcrmSaved'],
  options: gcrmOptions,
  claim: {
    statement: 'The contrastive term raises the AUROC of rewards at full length and on 75 % prefixes.',
    metric: 'AUROC gain',
    direction: 'higher',
    size: 0.005,
    against: ['pair loss alone'],
    seeds: 6,
    setting:
      '12-symbol sequences of length 16 with hidden topics, GRU of 24 units, 300 pairs. The effect is small; the paper’s size is not claimed.',
  },
  stages: [gcrmStage],
  related: ['baselines-reward-model', 'vpl'],
})
