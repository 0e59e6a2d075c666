import { defineMethod } from '../method.ts'
import { brRmAdvantageStage, brRmOptions, brRmStage, brRmWinRateStage } from './br-rm/stages.ts'

export * from './br-rm/evaluation.ts'
export * from './br-rm/stages.ts'
export * from './br-rm/training.ts'
export * from './br-rm/turns.ts'

/** BR-RM: a judge that first chooses where to look and then decides. */
export const brRm = defineMethod({
  slug: 'br-rm',
  title: 'Think Twice: Branch-and-Rethink Reasoning Reward Model',
  year: 2025,
  paper: 'arXiv 2510.23596',
  family: 'judges',
  summary:
    'Trains a pairwise judge in two turns (choose dimensions, then decide) with an outcome-only reward, and turns its verdicts into win rates.',
  consumes: [
    'texts of both turns and the known preference',
    'verdicts in both presentation orders',
    'log-probabilities [B][L]',
  ],
  produces: [
    'reward of each trace',
    'leave-one-out advantages [G]',
    'training loss',
    'win rate of each response',
    'accuracies',
  ],
  options: brRmOptions,
  claim: {
    statement:
      'With an outcome-only reward a two-turn judge learns where to look and beats a one-shot judge under an attention budget.',
    metric: 'accuracy of verdicts',
    direction: 'higher',
    size: 0.08,
    against: ['one-shot judge', 'branching at random'],
    seeds: 5,
    setting:
      'Eight item types with one hidden critical dimension of eight, observation noise growing with the dimensions looked at, 400 GRPO updates of 64 items × 8 traces. The noise model is an assumption that stands in for judgment diffusion.',
  },
  stages: [brRmStage, brRmAdvantageStage, brRmWinRateStage],
  compat: ['released'],
  related: ['reward-dance', 'spark'],
})
