import type { Criterion } from '../../claims/claim.ts'

/** SALT succeeds more than GRPO. */
export const moreSuccess: readonly Criterion[] = [
  { about: 'SALT ends with more success than GRPO', arm: 'salt', against: 'grpo', atLeast: 0.02 },
  { about: 'in two seeds of three', arm: 'salt', against: 'grpo', atLeast: 0, over: { share: 2 / 3 } },
]

/** Its credit is nearer to the advantages it can be compared with in a study. */
export function betterCredit(advantages: 'exact' | 'true'): Criterion {
  return {
    about: `its credit correlates better with the ${advantages} advantage`,
    arm: 'salt',
    against: 'grpo',
    metric: 'correlation',
    atLeast: 0.03,
    over: { share: 1 },
  }
}
