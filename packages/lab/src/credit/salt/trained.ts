import { bindStage, type StepInput } from '@guerdon/core'
import { findStage } from '@guerdon/methods'
import { defineStudy } from '../../claims/claim.ts'
import type { CreditArm } from '../../text-policy/estimator.ts'
import { prepareTwoWorlds, runInTwoWorlds, twoWorldsSetting } from '../two-worlds.ts'

const salt = (columns: Readonly<Record<string, string>>): readonly StepInput[] => [
  { stage: bindStage(findStage('salt'), { place: 'tokens' }), columns },
]
const arm = (id: string, steps: readonly StepInput[]): CreditArm => ({ id, steps })

/** SALT with a transformer: its text around actions is what the noise features of the mechanism stand for. */
export const saltTrained = defineStudy<CreditArm>({
  setting: twoWorldsSetting,
  metric: 'success',
  direction: 'higher',
  selectBy: { metric: 'area', direction: 'higher' },
  alsoReport: ['area', 'startSuccess', 'correlation', 'signalToNoise'],
  arms: [
    { id: 'salt', label: 'SALT', role: 'method', settings: arm('salt', salt({ 'turn.state': 'turn.place' })) },
    {
      id: 'grpo',
      label: 'GRPO (outcome only)',
      role: 'baseline',
      settings: arm('grpo', [bindStage(findStage('grpo'), { place: 'tokens' })]),
    },
    {
      id: 'discounted',
      label: 'REINFORCE++, γ 0.97',
      role: 'baseline',
      settings: arm('discounted', [bindStage(findStage('reinforcePlusPlus'), { gamma: 0.97 })]),
    },
    {
      id: 'shuffled',
      label: 'SALT, turns shuffled',
      role: 'control',
      settings: arm('shuffled', salt({ 'turn.state': 'turn.otherPlace', 'turn.action': 'turn.otherAction' })),
    },
  ],
  learningRates: { quick: [1e-3], full: [5e-4, 1e-3, 2e-3] },
  matchScaleTo: 'grpo',
  seeds: { quick: { selection: 1, confirmation: 2 }, full: { selection: 2, confirmation: 5 } },
  criteria: [
    { about: 'SALT ends with more success than GRPO', arm: 'salt', against: 'grpo', atLeast: 0.02 },
    { about: 'in two seeds of three', arm: 'salt', against: 'grpo', atLeast: 0, over: { share: 2 / 3 } },
    {
      about: 'its credit correlates better with the true advantage',
      arm: 'salt',
      against: 'grpo',
      metric: 'correlation',
      atLeast: 0.03,
      over: { share: 1 },
    },
  ],
  quickCriteria: [
    { about: 'SALT credits better than GRPO', arm: 'salt', against: 'grpo', metric: 'correlation', atLeast: 0.01 },
  ],
  caveats: [
    'True advantages are themselves estimated, by 16 continuations a history: correlations are lower than with exact ones, for all arms alike.',
    'With five seeds a difference of success below a few hundredths cannot be told from chance.',
  ],
  prepare: prepareTwoWorlds,
  run: runInTwoWorlds,
})
