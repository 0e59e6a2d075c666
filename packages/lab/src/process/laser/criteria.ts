import type { Criterion } from '../../claims/claim.ts'

const inEverySeed = { share: 1 }

/**
 * LASER shortens at hardly any loss, where cutting at the same length does lose.
 *
 * @param arms a LASER arm and truncation at its target
 * @param accuracies how those that are said to be kept are compared: `mean` where they are of sampled answers
 */
export function criteria(
  arms: { readonly laser: string; readonly truncation: string },
  accuracies: Criterion['over'],
): readonly Criterion[] {
  const shorter = { against: 'outcome', compare: 'ratio', over: inEverySeed } as const
  const kept = { against: 'outcome', over: accuracies }
  const [laser, laserD] = [{ arm: arms.laser }, { arm: 'laser-d' }]
  return [
    { about: 'LASER shortens by 15 %', ...laser, ...shorter, atMost: 0.85 },
    { about: 'and stays accurate on hard questions', ...laser, ...kept, metric: 'hardAccuracy', atLeast: -0.02 },
    {
      about: 'where truncation at the same length does not',
      ...laser,
      against: arms.truncation,
      metric: 'accuracy',
      atLeast: 0.15,
      over: inEverySeed,
    },
    { about: 'LASER-D shortens by 12 % with no target chosen by hand', ...laserD, ...shorter, atMost: 0.88 },
    { about: 'at hardly any loss of accuracy', ...laserD, ...kept, metric: 'accuracy', atLeast: -0.03 },
    {
      about: 'with longer targets for harder questions',
      ...laserD,
      metric: 'targetsOrdered',
      atLeast: 1,
      over: inEverySeed,
    },
  ]
}
