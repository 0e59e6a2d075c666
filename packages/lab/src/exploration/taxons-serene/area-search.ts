import type { Study } from '../../claims/claim.ts'
import type { Budget } from '../../harness/experiment.ts'
import { arms, criteria, quickCriteria } from './arms.ts'
import { type SearchSettings, search } from './search.ts'
import type { SparseSetting } from './sparse-setting.ts'

/** What both studies have in common: the searches, what they are judged by, and all sizes but the number of evaluations. */
export function areaSearch(
  setting: SparseSetting,
  evaluations: Readonly<Record<Budget, number>>,
): Omit<Study<SearchSettings>, 'setting' | 'caveats'> {
  return {
    metric: 'best',
    direction: 'higher',
    alsoReport: ['coverage', 'found'],
    arms,
    seeds: { quick: { selection: 1, confirmation: 3 }, full: { selection: 1, confirmation: 6 } },
    criteria,
    quickCriteria,
    run: trial =>
      search(
        setting,
        {
          evaluations: evaluations[trial.budget],
          populationSize: 30,
          chunk: 300,
          sigma: 0.3,
          emitterSteps: 60,
          epochs: 25,
        },
        trial,
      ),
  }
}
