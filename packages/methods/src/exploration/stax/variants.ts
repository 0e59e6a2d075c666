import type { SparseSearchOptions } from '../taxons-serene/search-run.ts'

/** What an arm of the comparison needs of its behaviour space. */
export type SpaceKind = 'trained' | 'untrained' | 'given'

/** One row of the ablation table: what `sparseSearch` is told, and which behaviour space it is given. */
export interface StaxVariant {
  readonly options: Pick<SparseSearchOptions, 'criterion' | 'emitters'>
  readonly space: SpaceKind
}

/**
 * STAX and what is left of it when parts are taken away. `untrained` is a behaviour space without `train`; the population
 * of STAX-NT is updated as meant, while the released file updates the archive in its place and never changes it.
 */
export const staxVariants = {
  stax: { options: { criterion: 'coin', emitters: 'fitness' }, space: 'trained' },
  staxPareto: { options: { criterion: 'noveltyAndSurprise', emitters: 'fitness' }, space: 'trained' },
  staxUntrained: { options: { criterion: 'novelty', emitters: 'fitness' }, space: 'untrained' },
  taxons: { options: { criterion: 'coin', emitters: 'none' }, space: 'trained' },
  taxonsNovelty: { options: { criterion: 'novelty', emitters: 'none' }, space: 'trained' },
  taxonsSurprise: { options: { criterion: 'surprise', emitters: 'none' }, space: 'trained' },
  serene: { options: { criterion: 'novelty', emitters: 'fitness' }, space: 'given' },
  noveltySearch: { options: { criterion: 'novelty', emitters: 'none' }, space: 'given' },
  noveltySearchLocalCompetition: {
    options: { criterion: 'noveltyAndLocalCompetition', emitters: 'none' },
    space: 'given',
  },
} as const satisfies Record<string, StaxVariant>
