import { assertInRange, assertInteger, assertSameLength, Random, type RandomState } from '@guerdon/core'
import {
  type CmaState,
  type CmaStop,
  cmaSample,
  cmaState,
  cmaStop,
  cmaUpdate,
  defaultCmaPopulation,
  rankDescending,
} from '@guerdon/methods/exploration/baselines-qd-diffusion'
import { type NdArray, ndarray, type Tree } from '@guerdon/tensor'
import type { Learner } from '../run/learner.ts'
import { arraysBelow, readLearnerState, writeLearnerState } from '../run/learner-state.ts'
import { cmaArrays, cmaFromArrays } from './emitters.ts'
import { evaluateGenomes, type Individual, packIndividuals, type QdProblem, unpackIndividuals } from './problem.ts'

/** Choices of CMA-ES. */
export interface CmaEsOptions {
  /** A safe integer. */
  readonly seed: number
  /** [D] first mean. Default drawn from the problem's initial distribution. */
  readonly mean?: ArrayLike<number>
  /** First step size, about a third of the range to be searched. Default 0.5. */
  readonly sigma0?: number
  /** λ. Default 4 + ⌊3·ln D⌋. */
  readonly populationSize?: number
}

/** CMA-ES on the fitness of a problem. */
export interface CmaEsLearner extends Learner {
  /** The fittest ever evaluated; null before the first generation. */
  best(): Individual | null
  /** Why the distribution is used up; null while it is not. */
  stopped(): CmaStop
}

/**
 * CMA-ES (Hansen, arXiv 1604.00772): an update is one generation of λ genomes, of which the better half makes the next
 * distribution. Descriptors are not looked at. It goes on when it is used up (`stopped`): end it with `until`, by the point's
 * `stepSize`, or start another.
 *
 * Points: `evaluations`, `bestFitness`, `meanFitness` of the generation, `stepSize` σ, `condition` of the covariance (null beyond all numbers).
 */
export function createCmaEs(problem: QdProblem, options: CmaEsOptions): CmaEsLearner {
  const { seed, sigma0 = 0.5, populationSize = defaultCmaPopulation(problem.genomeSize) } = options
  assertInteger(populationSize, 'populationSize', 2)
  assertInRange(sigma0, 'sigma0', Number.MIN_VALUE, Number.MAX_VALUE)
  let random = new Random(seed)
  const mean = options.mean ?? problem.initial(random)
  assertSameLength({ length: problem.genomeSize }, 'genomes', mean, 'mean')
  let state: CmaState = cmaState(mean, sigma0)
  let best: Individual | null = null
  let stopped: CmaStop = null
  let updates = 0
  const owner = {
    name: 'cma-es',
    settings: {
      problem: problem.name,
      genomeSize: problem.genomeSize,
      seed,
      sigma0,
      populationSize,
      mean: options.mean === undefined ? null : Array.from(options.mean),
    },
  }
  return {
    ...owner,
    best: () => best,
    stopped: () => stopped,
    updates: () => updates,
    async update() {
      const genomes = Array.from({ length: populationSize }, () => cmaSample(state, random, problem.bounds))
      const generation = await evaluateGenomes(problem, genomes, state.evaluations)
      const fitness = generation.map(individual => individual.fitness)
      const order = rankDescending(fitness)
      const leader = generation[order[0]]
      if (best === null || leader.fitness > best.fitness) best = leader
      const parents = order.slice(0, Math.floor(populationSize / 2)).map(i => genomes[i])
      const { hSigma: _, ...next } = cmaUpdate(state, parents, { populationSize })
      state = next
      stopped = cmaStop(
        state,
        order.map(i => fitness[i]),
      )
      updates++
      const condition = (Math.max(...state.scales) / Math.min(...state.scales)) ** 2
      return {
        evaluations: state.evaluations,
        bestFitness: best.fitness,
        meanFitness: fitness.reduce((total, value) => total + value, 0) / populationSize,
        stepSize: state.sigma,
        condition: Number.isFinite(condition) ? condition : null,
      }
    },
    save() {
      const arrays: Tree<NdArray> = { cma: cmaArrays(state), best: packIndividuals(best === null ? [] : [best]) }
      return writeLearnerState(owner, arrays, { random: random.state(), updates, stopped })
    },
    restore(bytes) {
      type Rest = { random: RandomState; updates: number; stopped: CmaStop }
      const { tensors, rest } = readLearnerState<Rest>(bytes, owner)
      const arrays = arraysBelow(tensors, 'cma')
      state = cmaFromArrays(name => arrays[name] ?? ndarray([]))
      best = unpackIndividuals(arraysBelow(tensors, 'best'))[0] ?? null
      random = new Random(rest.random)
      updates = rest.updates
      stopped = rest.stopped
    },
  }
}
