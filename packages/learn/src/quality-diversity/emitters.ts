import { assertInRange, assertInteger, assertOneOf, type Random } from '@guerdon/core'
import {
  askEmitter,
  type CmaMeEmitter,
  type CmaState,
  cmaMeEmitter,
  cmaState,
  gaussianVariation,
  isoLineVariation,
  randomDirection,
  tellEmitter,
} from '@guerdon/methods/exploration/baselines-qd-diffusion'
import { type NdArray, ndarray } from '@guerdon/tensor'
import type { Settings } from '../run/learner.ts'
import type { Addition, QdArchive } from './archive.ts'
import type { Individual, QdProblem } from './problem.ts'

/** Makes genomes, and learns from what the archive made of them. */
export interface Emitter {
  readonly settings: Settings
  /** Genomes to run next. */
  ask(archive: QdArchive, random: Random): Float64Array[]
  /** What came of the genomes asked for last, after the archive has taken what it wanted. */
  tell(generation: readonly Individual[], addition: Addition, archive: QdArchive, random: Random): void
  save(): Record<string, NdArray>
  restore(arrays: Readonly<Record<string, NdArray>>): void
}

/** Choices of variation. */
export interface VariationOptions {
  /** Genomes a generation. Default 100. */
  readonly batchSize?: number
  /** `isoLine` (default) moves towards or away from a second parent, `gaussian` moves each gene alone. */
  readonly kind?: 'isoLine' | 'gaussian'
  /** σ of `gaussian`, and the isotropic part of `isoLine`. Default 0.01 for `isoLine`, 0.1 for `gaussian`. */
  readonly sigma?: number
  /** Deviation of `isoLine` along the line through both parents. Default 0.2. */
  readonly lineSigma?: number
}

/**
 * Children of elites drawn uniformly; genomes of the initial distribution while there are none. Draws for a child: its
 * parent, for `isoLine` a second one, then the normals.
 */
export function variationEmitter(problem: QdProblem, options: VariationOptions = {}): Emitter {
  const { batchSize = 100, kind = 'isoLine', lineSigma = 0.2 } = options
  const { sigma = kind === 'isoLine' ? 0.01 : 0.1 } = options
  assertInteger(batchSize, 'batchSize', 1)
  assertOneOf(kind, 'kind', ['isoLine', 'gaussian'])
  assertInRange(sigma, 'sigma', 0, Number.MAX_VALUE)
  assertInRange(lineSigma, 'lineSigma', 0, Number.MAX_VALUE)
  const { bounds } = problem
  const child = (elites: readonly Individual[], random: Random): Float64Array => {
    const parent = random.choice(elites).genome
    if (kind === 'gaussian') return gaussianVariation(parent, sigma, random, bounds)
    const other = random.choice(elites).genome
    const draws = { isotropic: random.normals(parent.length), line: random.normal() }
    return holdInBounds(isoLineVariation(parent, other, draws, { isoSigma: sigma, lineSigma }), bounds)
  }
  return {
    settings: { emitter: kind, batchSize, sigma, lineSigma: kind === 'isoLine' ? lineSigma : null },
    ask(archive, random) {
      const elites = archive.elites()
      return Array.from({ length: batchSize }, () =>
        elites.length === 0 ? problem.initial(random) : child(elites, random),
      )
    },
    tell: () => {},
    save: () => ({}),
    restore: () => {},
  }
}

/** The genome with every gene held in the bounds, in place. */
export function holdInBounds(genome: Float64Array, bounds: QdProblem['bounds']): Float64Array {
  if (bounds !== undefined)
    for (let d = 0; d < genome.length; d++) genome[d] = Math.min(Math.max(genome[d], bounds[0]), bounds[1])
  return genome
}

/** Choices of CMA-ME's emitters. */
export interface CmaMeEmittersOptions {
  /** Emitters that take turns. Default 5. */
  readonly emitters?: number
  /** λ, genomes of one generation. Default 36. */
  readonly batchSize?: number
  /** First step size. Default 0.5. */
  readonly sigma0?: number
  /** What a generation is ranked by. Default `twoStageImprovement`. */
  readonly ranker?: 'twoStageImprovement' | 'improvement' | 'objective' | 'randomDirection'
  /** Parents: those the archive took (`filter`, default) or the better half (`mu`). */
  readonly parents?: 'filter' | 'mu'
  /** [b] ranges of the descriptor; `randomDirection` needs them. */
  readonly lower?: readonly number[]
  /** [b] */
  readonly upper?: readonly number[]
}

/**
 * CMA-ME's emitters: each runs CMA-ES towards what the archive improves by, one generation in its turn, and starts anew at a
 * random elite when it is used up or the archive took nothing. The rules are those of `tellEmitter`.
 *
 * Fontaine et al., arXiv 1912.02400.
 */
export function cmaMeEmitters(problem: QdProblem, options: CmaMeEmittersOptions = {}): Emitter {
  const { emitters: count = 5, batchSize = 36, sigma0 = 0.5, ranker = 'twoStageImprovement' } = options
  const { parents = 'filter', lower, upper } = options
  assertInteger(count, 'emitters', 1)
  assertInteger(batchSize, 'batchSize', 2)
  const ranges = lower && upper ? { lower, upper } : undefined
  const settings = {
    ranker,
    parents,
    sigma0,
    populationSize: batchSize,
    ...(problem.bounds && { bounds: problem.bounds }),
  }
  let emitters: CmaMeEmitter[] = []
  let turn = 0
  const begin = (random: Random): CmaMeEmitter => {
    const direction = ranker === 'randomDirection' && ranges ? randomDirection(ranges, random) : null
    return cmaMeEmitter(problem.initial(random), settings, direction)
  }
  return {
    settings: { emitter: 'cma-me', emitters: count, batchSize, sigma0, ranker, parents },
    ask(_archive, random) {
      if (emitters.length === 0) emitters = Array.from({ length: count }, () => begin(random))
      return askEmitter(emitters[turn], random, settings)
    },
    tell(generation, { status, value }, archive, random) {
      const told = {
        solutions: generation.map(({ genome }) => genome),
        objectives: generation.map(({ fitness }) => fitness),
        measures: generation.map(({ descriptor }) => descriptor),
        status,
        value,
      }
      const elites = archive.elites().map(({ genome, fitness }, cell) => ({
        cell,
        objective: fitness,
        threshold: fitness,
        measures: [],
        solution: genome,
      }))
      emitters[turn] = tellEmitter(emitters[turn], told, elites, random, settings, ranges)
      turn = (turn + 1) % count
    },
    save() {
      const each = emitters.map(({ cma, direction, restarts }, i) => [
        ...Object.entries(cmaArrays(cma)).map(([name, array]) => [`${i}/${name}`, array] as const),
        [`${i}/direction`, ndarray(direction ?? new Float64Array())] as const,
        [`${i}/restarts`, ndarray(Int32Array.of(restarts))] as const,
      ])
      return { turn: ndarray(Int32Array.of(turn)), ...Object.fromEntries(each.flat()) }
    },
    restore(arrays) {
      turn = arrays['turn'].data[0]
      emitters = []
      for (let i = 0; arrays[`${i}/mean`] !== undefined; i++) {
        const own = (name: string): NdArray => arrays[`${i}/${name}`]
        const direction = Float64Array.from(own('direction').data)
        emitters.push({
          cma: cmaFromArrays(own),
          direction: direction.length === 0 ? null : direction,
          restarts: own('restarts').data[0],
        })
      }
    },
  }
}

const vectors = ['mean', 'covariance', 'pathC', 'pathSigma', 'basis', 'scales'] as const

/** A search distribution as arrays, to be saved. */
export function cmaArrays(state: CmaState): Record<string, NdArray> {
  const { sigma, decomposedAt, evaluations } = state
  return {
    ...Object.fromEntries(vectors.map(name => [name, ndarray(state[name])])),
    scalars: ndarray(Float64Array.of(sigma, decomposedAt, evaluations)),
  }
}

/** The inverse of `cmaArrays`. */
export function cmaFromArrays(array: (name: string) => NdArray): CmaState {
  const [sigma, decomposedAt, evaluations] = array('scalars').data
  const [mean, covariance, pathC, pathSigma, basis, scales] = vectors.map(name => Float64Array.from(array(name).data))
  return { ...cmaState(mean, sigma), covariance, pathC, pathSigma, basis, scales, decomposedAt, evaluations }
}
