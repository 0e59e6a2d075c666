import { Random } from '@guerdon/core'
import type { Study, Trial } from './claim.ts'

/** A trial of an arm at the quick budget, for running it outside the harness. */
export function trialOf(study: Study, arm: string, seed = 1): Trial {
  return {
    settings: study.arms.find(({ id }) => id === arm)?.settings,
    seed,
    budget: 'quick',
    random: new Random(seed),
    learningRate: study.learningRates?.quick[0] ?? 0,
    scale: 'own',
    folder: '',
    signal: new AbortController().signal,
    progress: () => {},
  }
}
