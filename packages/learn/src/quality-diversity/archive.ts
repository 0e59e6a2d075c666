import type { NdArray } from '@guerdon/tensor'
import type { Settings } from '../run/learner.ts'
import type { Individual } from './problem.ts'

/** What became of each individual of a batch. */
export interface Addition {
  /** [n] 2 a new place, 1 better than who held it, 0 rejected. */
  readonly status: Uint8Array
  /** [n] fitness at a new place, else fitness less that of who held it (negative when rejected). */
  readonly value: Float64Array
}

/** How full and how good an archive is. */
export interface ArchiveSummary {
  readonly elites: number
  /** Share of places filled; null where places are not counted. */
  readonly coverage: number | null
  /** Σ (fitness − offset) over the elites. */
  readonly qdScore: number
  /** null while empty. */
  readonly bestFitness: number | null
  /** null while empty. */
  readonly meanFitness: number | null
}

/** Keeps the best individual of each behaviour. */
export interface QdArchive {
  /** What decides it, as plain data. */
  readonly settings: Settings
  /** Lets in who is new or better. */
  add(batch: readonly Individual[]): Addition
  elites(): readonly Individual[]
  summary(): ArchiveSummary
  save(): Record<string, NdArray>
  restore(arrays: Readonly<Record<string, NdArray>>): void
}

/** The numbers of an archive whose places are `places`, or not counted. */
export function summarise(
  elites: readonly Individual[],
  options: { readonly places: number | null; readonly offset: number },
): ArchiveSummary {
  const { places, offset } = options
  const count = elites.length
  let total = 0
  let best: number | null = null
  for (const { fitness } of elites) {
    total += fitness
    if (best === null || fitness > best) best = fitness
  }
  return {
    elites: count,
    coverage: places === null ? null : count / places,
    qdScore: total - count * offset,
    bestFitness: best,
    meanFitness: count === 0 ? null : total / count,
  }
}
