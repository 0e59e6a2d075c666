import type { Criterion, StudyArm } from '../../claims/claim.ts'
import type { SearchSettings } from './search.ts'

/** The arms of both studies. */
export const arms: readonly StudyArm<SearchSettings>[] = [
  { id: 'serene', label: 'SERENE (true places)', role: 'method', settings: { search: 'serene' } },
  { id: 'taxons', label: 'TAXONS (pictures)', role: 'method', settings: { search: 'taxons' } },
  { id: 'stax', label: 'STAX (pictures)', role: 'method', settings: { search: 'stax' } },
  { id: 'novelty', label: 'novelty search, true places', role: 'baseline', settings: { search: 'noveltySearch' } },
  {
    id: 'novelty-genome',
    label: 'novelty search, weights',
    role: 'baseline',
    settings: { search: 'noveltySearch', given: 'genome' },
  },
  { id: 'random', label: 'random controllers', role: 'baseline', settings: { search: 'random' } },
  {
    id: 'shuffled',
    label: 'SERENE, rewards shuffled',
    role: 'control',
    settings: { search: 'serene', shuffled: true },
  },
]

const coverage = { metric: 'coverage', compare: 'ratio' } as const

/** Emitters exploit what novelty finds, and pictures do for true places. */
export const criteria: readonly Criterion[] = [
  { about: 'SERENE optimises the areas it finds', arm: 'serene', atLeast: 0.9 },
  { about: 'better than novelty search does', arm: 'serene', against: 'novelty', atLeast: 0.12 },
  { about: 'and covers 80 % of what that covers', arm: 'serene', against: 'novelty', ...coverage, atLeast: 0.8 },
  { about: 'TAXONS covers 80 % of it, from pictures', arm: 'taxons', against: 'novelty', ...coverage, atLeast: 0.8 },
  { about: 'and 1.8 times what chance covers', arm: 'taxons', against: 'random', ...coverage, atLeast: 1.8 },
  { about: 'STAX optimises the areas it finds', arm: 'stax', atLeast: 0.92 },
  { about: 'better than novelty search', arm: 'stax', against: 'novelty', atLeast: 0.12 },
  { about: 'and than TAXONS', arm: 'stax', against: 'taxons', atLeast: 0.12 },
  {
    about: 'and as SERENE does, which knows true places',
    arm: 'stax',
    against: 'serene',
    atLeast: -0.05,
    atMost: 0.05,
  },
  { about: 'It finds 80 % of the areas', arm: 'stax', metric: 'found', atLeast: 0.8 },
  { about: 'covers 1.8 times what chance covers', arm: 'stax', against: 'random', ...coverage, atLeast: 1.8 },
  { about: 'and 75 % of novelty search', arm: 'stax', against: 'novelty', ...coverage, atLeast: 0.75 },
]

/** At the quick budget: emitters go by the reward, and pictures do for true places. */
export const quickCriteria: readonly Criterion[] = [
  { about: 'SERENE optimises the areas it finds', arm: 'serene', atLeast: 0.7 },
  { about: 'better than novelty search does', arm: 'serene', against: 'novelty', atLeast: 0.05 },
  { about: 'STAX optimises more than chance', arm: 'stax', against: 'random', atLeast: 0 },
]
