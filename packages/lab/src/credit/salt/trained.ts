import { bindStage, type StepInput } from '@guerdon/core'
import { findStage } from '@guerdon/methods'
import { defineStudy } from '../../claims/claim.ts'
import type { CreditArm } from '../../text-policy/estimator.ts'
import { creditArm, outcomeArms, prepareTwoWorlds, runInTwoWorlds, twoWorldsSetting } from '../two-worlds.ts'
import { betterCredit, moreSuccess } from './criteria.ts'

const salt = (columns: Readonly<Record<string, string>>): readonly StepInput[] => [
  { stage: bindStage(findStage('salt'), { place: 'tokens' }), columns },
]

/** SALT with a transformer: its text around actions is what the noise features of the mechanism stand for. */
export const saltTrained = defineStudy<CreditArm>({
  setting: twoWorldsSetting,
  metric: 'success',
  direction: 'higher',
  selectBy: { metric: 'area', direction: 'higher' },
  alsoReport: ['area', 'startSuccess', 'correlation', 'signalToNoise'],
  arms: [
    creditArm('salt', 'SALT', 'method', salt({ 'turn.state': 'turn.place' })),
    ...outcomeArms,
    creditArm(
      'shuffled',
      'SALT, turns shuffled',
      'control',
      salt({ 'turn.state': 'turn.otherPlace', 'turn.action': 'turn.otherAction' }),
    ),
  ],
  learningRates: { quick: [1e-3], full: [5e-4, 1e-3, 2e-3] },
  matchScaleTo: 'grpo',
  seeds: { quick: { selection: 1, confirmation: 2 }, full: { selection: 2, confirmation: 5 } },
  criteria: [...moreSuccess, betterCredit('true')],
  quickCriteria: [
    { about: 'SALT credits better than GRPO', arm: 'salt', against: 'grpo', metric: 'correlation', atLeast: 0.01 },
  ],
  caveats: [
    'True advantages are themselves estimated, by 16 continuations a history: correlations are lower than with exact ones, for all arms alike.',
    'With five seeds a difference of success below a few hundredths cannot be told from chance.',
    'Measured: SALT’s credit agrees better with the true advantage than GRPO’s (0.44 for 0.40; by less than 0.03 in one seed of five), but it ends with no more success (−0.017), its own scale or GRPO’s, and plain discounting ends highest. A reason may be that the text around actions divides fewer states here than the noise of the mechanism does.',
  ],
  prepare: prepareTwoWorlds,
  run: runInTwoWorlds,
})
