import { noveltyDropNearest } from '../../shared/novelty.ts'
import {
  currentDescriptors,
  type Individual,
  referenceDescriptors,
  type SearchRun,
  type SparseEmitter,
} from './search-run.ts'

/** An emitter that has not run yet. */
export function makeEmitter<View>(founder: Individual<View>, sigma: number): SparseEmitter<View> {
  return {
    founder,
    sigma,
    cma: null,
    population: [],
    steps: 0,
    rewards: [],
    archivedRewards: [],
    reference: null,
    improvement: 0,
    mostNovel: founder,
    buffered: [],
  }
}

/** Novelty of population and offspring against everything that counts. */
export function refreshNovelty<View>(run: SearchRun<View>): void {
  const everyone = [...run.population, ...run.offspring]
  const novelty = noveltyDropNearest(currentDescriptors(run, everyone), referenceDescriptors(run), run.options)
  for (const [i, individual] of everyone.entries()) individual.novelty = novelty[i]
}

/** λ of a list for the archive: drawn, or the best by a score. */
export function archiveShare<View>(
  run: SearchRun<View>,
  individuals: readonly Individual<View>[],
  score: (individual: Individual<View>) => number,
): Individual<View>[] {
  const { archived, selection } = run.options
  if (selection === 'best') return [...individuals].sort((a, b) => score(b) - score(a)).slice(0, archived)
  return Array.from(run.random.permutation(individuals.length).subarray(0, archived), i => individuals[i])
}
