import { assertInRange, assertInteger } from '@guerdon/core'
import { archiveNovelty } from '@guerdon/methods/shared/novelty'
import { type QdArchive, summarise } from './archive.ts'
import { nearestRow } from './cell-archive.ts'
import { type Individual, packIndividuals, unpackIndividuals } from './problem.ts'

/** Choices of an archive without cells. */
export interface UnstructuredArchiveOptions {
  /** Novelty from which an individual gets a place of its own, in units of the descriptor. */
  readonly threshold: number
  /** Neighbours k that novelty is the mean distance to. Default 15. */
  readonly neighbours?: number
  /** Others replace their nearest neighbour when they are fitter. Default true. */
  readonly competition?: boolean
  /** Subtracted from each fitness in the QD score. Default 0. */
  readonly qdScoreOffset?: number
}

/**
 * An archive that grows where behaviour is new: an individual gets a place when the mean distance to its k nearest elites is
 * at least the threshold (always while the archive is empty); otherwise it replaces the nearest elite if it is fitter.
 *
 * Unlike cells, which judge a batch against the archive before it, individuals are let in one by one: two of a kind do not
 * both get a place. There is no coverage, as places are not counted.
 *
 * Lehman & Stanley 2011; Cully & Demiris, arXiv 1708.09251 (unstructured containers).
 */
export function unstructuredArchive(options: UnstructuredArchiveOptions): QdArchive {
  const { threshold, neighbours = 15, competition = true, qdScoreOffset = 0 } = options
  assertInRange(threshold, 'threshold', 0, Number.MAX_VALUE)
  assertInteger(neighbours, 'neighbours', 1)
  let elites: Individual[] = []
  const isNew = (individual: Individual): boolean => {
    const descriptors = elites.map(({ descriptor }) => descriptor)
    const [novelty] = archiveNovelty([individual.descriptor], descriptors, { neighbours, aloneNovelty: threshold })
    return novelty >= threshold
  }
  return {
    settings: { archive: 'unstructured', threshold, neighbours, competition, qdScoreOffset },
    elites: () => elites,
    add(batch) {
      const status = new Uint8Array(batch.length)
      const value = new Float64Array(batch.length)
      elites = elites.slice()
      for (const [i, individual] of batch.entries()) {
        if (isNew(individual)) {
          status[i] = 2
          value[i] = individual.fitness
          elites.push(individual)
          continue
        }
        const place = nearestRow(
          elites.map(({ descriptor }) => descriptor),
          individual.descriptor,
        )
        value[i] = individual.fitness - elites[place].fitness
        if (!competition || value[i] <= 0) continue
        status[i] = 1
        elites[place] = individual
      }
      return { status, value }
    },
    summary: () => summarise(elites, { places: null, offset: qdScoreOffset }),
    save: () => packIndividuals(elites),
    restore: arrays => {
      elites = unpackIndividuals(arrays)
    },
  }
}
