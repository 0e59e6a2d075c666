import { Random, type RandomState } from '@guerdon/core'
import type { GridArchiveOptions, GridSpec } from '@guerdon/methods/exploration/baselines-qd-diffusion'
import type { NdArray, Tree } from '@guerdon/tensor'
import type { Learner } from '../run/learner.ts'
import { arraysBelow, readLearnerState, writeLearnerState } from '../run/learner-state.ts'
import type { QdArchive } from './archive.ts'
import { gridArchive } from './cell-archive.ts'
import {
  type CmaMeEmittersOptions,
  cmaMeEmitters,
  type Emitter,
  type VariationOptions,
  variationEmitter,
} from './emitters.ts'
import { evaluateGenomes, type QdProblem } from './problem.ts'

/** What a search is made of. */
export interface QualityDiversityOptions {
  /** A safe integer. */
  readonly seed: number
  readonly archive: QdArchive
  readonly emitter: Emitter
}

/** A search that fills an archive. */
export interface QualityDiversityLearner extends Learner {
  readonly archive: QdArchive
}

/**
 * Quality-diversity search: an update is one generation — the emitter asks, the problem evaluates the batch, the archive
 * takes who is new or better, the emitter is told. Any archive goes with any emitter.
 *
 * Points: `evaluations`, `elites`, `coverage` (null where places are not counted), `qdScore`, `bestFitness`, `meanFitness`.
 *
 * @throws not_finite, shape_mismatch naming the genome whose evaluation is no number or of another size
 */
export function createQualityDiversity(problem: QdProblem, options: QualityDiversityOptions): QualityDiversityLearner {
  const { seed, archive, emitter } = options
  let random = new Random(seed)
  let counts = { updates: 0, evaluations: 0 }
  const owner = {
    name: 'quality-diversity',
    settings: {
      problem: problem.name,
      genomeSize: problem.genomeSize,
      descriptorSize: problem.descriptorSize,
      seed,
      ...archive.settings,
      ...emitter.settings,
    },
  }
  return {
    ...owner,
    archive,
    updates: () => counts.updates,
    async update() {
      const genomes = emitter.ask(archive, random)
      const generation = await evaluateGenomes(problem, genomes, counts.evaluations)
      emitter.tell(generation, archive.add(generation), archive, random)
      counts = { updates: counts.updates + 1, evaluations: counts.evaluations + genomes.length }
      return { evaluations: counts.evaluations, ...archive.summary() }
    },
    save() {
      const arrays = { archive: archive.save(), emitter: emitter.save() } as Tree<NdArray>
      return writeLearnerState(owner, arrays, { random: random.state(), counts })
    },
    restore(bytes) {
      const { tensors, rest } = readLearnerState<{ random: RandomState; counts: typeof counts }>(bytes, owner)
      archive.restore(arraysBelow(tensors, 'archive'))
      emitter.restore(arraysBelow(tensors, 'emitter'))
      random = new Random(rest.random)
      counts = rest.counts
    },
  }
}

/** A grid and how it is filled. */
export interface GridSearchSettings extends GridArchiveOptions {
  /** A safe integer. */
  readonly seed: number
  readonly grid: GridSpec
}

/** MAP-Elites (Mouret & Clune, arXiv 1504.04909): a grid filled by variation of its elites. */
export function createMapElites(
  problem: QdProblem,
  options: GridSearchSettings & VariationOptions,
): QualityDiversityLearner {
  const { seed, grid } = options
  const archive = gridArchive(grid, options)
  return createQualityDiversity(problem, { seed, archive, emitter: variationEmitter(problem, options) })
}

/** CMA-ME (arXiv 1912.02400); with `thresholdMin` and a `learningRate` below 1 CMA-MAE (arXiv 2205.10752). */
export function createCmaMe(
  problem: QdProblem,
  options: GridSearchSettings & CmaMeEmittersOptions,
): QualityDiversityLearner {
  const { seed, grid } = options
  const { lower, upper } = grid
  const archive = gridArchive(grid, options)
  return createQualityDiversity(problem, {
    seed,
    archive,
    emitter: cmaMeEmitters(problem, { lower, upper, ...options }),
  })
}
