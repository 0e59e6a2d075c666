import { defineStudy, type Study } from '../claims/claim.ts'
import { prepareCreditTrial, runCreditTrial, thresholdGain } from '../text-policy/credit-trial.ts'
import { shopSetting, type TextSetting, toolUseSetting } from '../text-policy/setting.ts'
import type { Arena } from './arena.ts'
import { type ArenaEstimator, creditEstimators } from './credit-estimators.ts'

const track = (setting: TextSetting, lines: readonly string[]): Study<ArenaEstimator> =>
  defineStudy<ArenaEstimator>({
    setting: [
      ...lines,
      'Policy: a transformer of 2 layers and width 32, taught by 1000 demonstrations until it solves a third of the tasks; every arm of a seed starts from the same one.',
      '24 updates of 8 tasks × 8 episodes (quick: 3 of 4 × 6) by PPO’s clipped loss, 4 gradient steps each; trees have at most as many episodes.',
      'Credit of every arm is rescaled to the root mean square of GRPO’s on the same episodes: only its direction can be better. Beside it stands what the arm comes to at its own scale, with rates chosen anew.',
      'True advantages are those of the start policy: every history of its episodes is continued 16 times (quick: 8).',
    ],
    metric: 'success',
    direction: 'higher',
    matchScaleTo: 'grpo.verl',
    matchedRoles: ['method', 'baseline'],
    selectBy: { metric: 'area', direction: 'higher' },
    arms: creditEstimators
      .filter(({ uses }) => uses !== 'answer-belief' || setting.world.goldAnswer !== undefined)
      .map(settings => ({ id: settings.id, label: settings.label, role: settings.role, settings })),
    learningRates: { quick: [1e-3], full: [5e-4, 1e-3, 2e-3] },
    seeds: { quick: { selection: 1, confirmation: 2 }, full: { selection: 1, confirmation: 5 } },
    criteria: [],
    axes: { success: { x: 'rollouts', y: 'share of tasks solved' } },
    prepare: trial => prepareCreditTrial(setting, creditEstimators, trial),
    run: trial => runCreditTrial(setting, trial),
  })

/** Estimators of credit for one transformer policy in two worlds of several turns. */
export const creditArena: Arena = {
  slug: 'credit',
  version: 2,
  title: 'Credit arena',
  question: 'Which estimator of credit teaches a multi-turn policy most from the same number of episodes?',
  tracks: {
    shop: track(shopSetting, [
      'Shop, level 0: search, open and buy what is wished for; three turns at best, many more with slips.',
      'IGPO is not here: a wish has no one right answer to be believed in.',
    ]),
    'tool-use': track(toolUseSetting, [
      'Tool use, level 1: look up a number, calculate, answer; three turns at best, and an answer that is right or wrong.',
    ]),
  },
  reference: 'grpo.verl',
  columns: [
    {
      metric: 'success',
      label: 'success',
      direction: 'higher',
      digits: 3,
      about: 'Share of tasks kept apart that are solved at the end.',
    },
    {
      metric: 'area',
      label: 'area',
      direction: 'higher',
      digits: 3,
      about: 'Mean success over all rollouts of the budget: the area under the curve.',
    },
    {
      metric: 'rolloutsToThreshold',
      label: 'rollouts to +0.1',
      direction: 'lower',
      digits: 0,
      about: `Rollouts until the mean success of five updates is ${thresholdGain} above the start’s; the whole budget where it never was.`,
    },
    {
      metric: 'correlation',
      label: 'credit ~ truth',
      direction: 'higher',
      digits: 3,
      about:
        'Correlation of a turn’s credit with its true advantage, on the same episodes of the start policy; an arm that plays trees has trees of it.',
    },
    {
      metric: 'signalToNoise',
      label: 'gradient SNR',
      direction: 'higher',
      digits: 3,
      about:
        'Squared norm of the gradient over its variance between groups, on the same episodes; may be negative by chance.',
    },
    {
      metric: 'creditMilliseconds',
      label: 'credit, ms',
      direction: 'lower',
      digits: 1,
      about: 'Median processor time of the estimator an update.',
    },
    {
      metric: 'updateMilliseconds',
      label: 'update, ms',
      direction: 'lower',
      digits: 0,
      about: 'Median processor time of an update: playing, credit and gradient steps.',
    },
  ],
}
