import { assertFinite, assertInteger, assertOneOf, GuerdonError, mean, median } from '@guerdon/core'
import {
  type Descriptor,
  descriptorDistances,
  type NeighbourhoodOptions,
  type NoveltyOptions,
  noveltyDropNearest,
} from '../../shared/novelty.ts'
import { paretoFronts } from '../../shared/pareto.ts'

/** Choices of `initialStepSize`. */
export interface StepSizeOptions {
  /** Used when another individual has the same genome. Default 0.05. */
  readonly fallback?: number
  /**
   * `perDimension` (default) divides by √D, so that a mutation is as long as the distance it was made from; `official` does
   * not, and mutations are √D times too long: in 42 dimensions emitters then gained nothing over novelty search.
   */
  readonly scaling?: 'perDimension' | 'official'
}

/**
 * Step size of an emitter: a third of the distance from its founder to the nearest other genome of population and offspring.
 *
 * @param genomes [n][D]; @param founder index of the rewarding individual
 */
export function initialStepSize(
  genomes: readonly ArrayLike<number>[],
  founder: number,
  options: StepSizeOptions = {},
): number {
  const { fallback = 0.05, scaling = 'perDimension' } = options
  assertOneOf(scaling, 'scaling', ['perDimension', 'official'])
  if (genomes[founder] === undefined) {
    throw new GuerdonError('invalid_input', `expected a founder in [0, ${genomes.length}); got ${founder}`, {
      path: ['founder'],
    })
  }
  const [distances] = descriptorDistances([genomes[founder]], genomes)
  const nearest = distances.reduce((low, value, i) => (i === founder ? low : Math.min(low, value)), Infinity)
  if (nearest === 0 || nearest === Infinity) return fallback
  return nearest / 3 / (scaling === 'official' ? 1 : Math.sqrt(genomes[founder].length))
}

/**
 * Order in which candidates are tried: the founder most novel against the reward archive first, so that areas without an
 * emitter come first; of equals the later one. As they came when the archive is too small to compare with.
 *
 * @param founders [n][b]; @param rewardArchive [m][b]
 * @returns indices of candidates
 */
export function candidateOrder(
  founders: readonly Descriptor[],
  rewardArchive: readonly Descriptor[],
  options: NoveltyOptions = {},
): number[] {
  const order = founders.map((_, i) => i)
  if (rewardArchive.length < 2) return order
  const novelty = noveltyDropNearest(founders, rewardArchive, options)
  return order.sort((a, b) => novelty[b] - novelty[a] || b - a)
}

/** What trying one candidate costs, and what may be spent. */
export interface BootstrapBudget {
  readonly candidates: number
  /** Evaluations of the whole chunk. Default 1000. */
  readonly chunk?: number
  /** Evaluations left in the run. */
  readonly evaluations: number
  /** First population of an emitter. Default 6. */
  readonly population?: number
  /** Default 12; 6 for CMA-ES. */
  readonly offspring?: number
  /** Default 5. */
  readonly generations?: number
}

/** How far a budget goes. */
export interface BootstrapSpending {
  readonly candidatesEvaluated: number
  /** May be negative: a candidate that was started is finished. */
  readonly chunkLeft: number
  readonly evaluationsLeft: number
}

/** Candidates are started only while more than a third of the chunk is left and the run has evaluations at all. */
export function bootstrapSpending(budget: BootstrapBudget): BootstrapSpending {
  const { candidates, chunk = 1000, population = 6, offspring = 12, generations = 5 } = budget
  assertInteger(candidates, 'candidates')
  const cost = population + generations * offspring
  let [chunkLeft, evaluationsLeft, candidatesEvaluated] = [chunk, budget.evaluations, 0]
  while (candidatesEvaluated < candidates && mayBootstrap(chunkLeft, chunk, evaluationsLeft)) {
    chunkLeft -= cost
    evaluationsLeft -= cost
    candidatesEvaluated++
  }
  return { candidatesEvaluated, chunkLeft, evaluationsLeft }
}

/** Whether another candidate may be started. */
export function mayBootstrap(chunkLeft: number, chunk: number, evaluationsLeft: number): boolean {
  return chunkLeft > chunk / 3 && evaluationsLeft > 0
}

/** Rewards an improvement is measured from; null before the first estimate. */
export type ImprovementReference = readonly (readonly number[])[] | null

/**
 * Improvement of an emitter: mean reward of its last three generations minus that of the reference, floored at 0. The
 * reference is its first three generations; with `local` it becomes the last three at each estimate.
 *
 * @param rewards [g][p] rewards of its population, generation by generation
 */
export function emitterImprovement(
  rewards: readonly (readonly number[])[],
  reference: ImprovementReference,
  options: { readonly local?: boolean } = {},
): { readonly improvement: number; readonly reference: ImprovementReference } {
  const { local = false } = options
  const from = reference ?? rewards.slice(0, 3)
  const last = rewards.slice(-3)
  const improvement = Math.max(mean(last.flat()) - mean(from.flat()), 0)
  return { improvement, reference: local ? last : from }
}

/** Whether and over which window an emitter was looked at. */
export interface Stagnation {
  readonly window: number
  readonly stop: boolean
}

/**
 * Whether an emitter has stagnated.
 *
 * `custom` (default): window w = ⌊20·D/P + 120⌋; past it, stop when over the last w generations the median of all rewards of
 * the first 20 is no less than that of the last 20, *or* the same of the maxima. On a flat optimum it stops as soon as the
 * window is full. `original` (CMA-ES): w = max(⌊30·D/P + 120⌋, ⌊0.2·steps⌋); the medians of the per-generation maxima *and*
 * medians of the first and last 30 % are compared.
 *
 * @param rewards [g][P]; @param options.genomeSize D, options.population P (default 6), options.steps default g
 */
export function emitterStagnation(
  rewards: readonly (readonly number[])[],
  options: {
    readonly genomeSize: number
    readonly population?: number
    readonly steps?: number
    readonly mode?: 'custom' | 'original'
  },
): Stagnation {
  const { genomeSize, population = 6, steps = rewards.length, mode = 'custom' } = options
  assertInteger(genomeSize, 'genomeSize', 1)
  assertInteger(population, 'population', 1)
  assertOneOf(mode, 'mode', ['custom', 'original'])
  if (mode === 'custom') {
    const window = Math.floor((20 * genomeSize) / population + 120)
    if (steps <= window) return { window, stop: false }
    const recent = rewards.slice(-window)
    const first = recent.slice(0, 20).flat()
    const last = recent.slice(-20).flat()
    return { window, stop: median(first) >= median(last) || Math.max(...first) >= Math.max(...last) }
  }
  const window = Math.max(Math.floor((30 * genomeSize) / population + 120), Math.floor(steps * 0.2))
  if (steps <= window) return { window, stop: false }
  const recent = rewards.slice(-window)
  const limit = Math.floor(0.3 * window)
  const falls = (summary: (generation: readonly number[]) => number) => {
    const values = recent.map(summary)
    return median(values.slice(0, limit)) >= median(values.slice(-limit))
  }
  return { window, stop: falls(generation => Math.max(...generation)) && falls(median) }
}

/**
 * Which members of an emitter's population enter the reward archive: at first its best, if rewarded at all; later each one
 * above the highest stored so far, a limit fixed before the scan.
 *
 * @param archivedRewards rewards of this emitter's earlier entries; @param rewards [p] of its population
 * @returns indices into the population
 */
export function rewardArchiveEntries(archivedRewards: readonly number[], rewards: readonly number[]): number[] {
  assertFinite(rewards, 'rewards')
  if (archivedRewards.length === 0) {
    const best = rewards.indexOf(Math.max(...rewards))
    return best >= 0 && rewards[best] > 0 ? [best] : []
  }
  const limit = Math.max(...archivedRewards)
  return rewards.flatMap((reward, i) => (reward > limit ? [i] : []))
}

/** Founders' novelty and the emitters that may be chosen. */
export interface EmitterFront {
  /** [n] against the reward archive, which holds the founders. */
  readonly novelty: Float64Array
  /** Indices of the first non-dominated front, ascending. */
  readonly eligible: readonly number[]
}

/**
 * Emitters worth a visit: the first non-dominated front of (novelty of the founder against the reward archive, improvement).
 * One of them is then drawn uniformly. With fewer than two archive entries there is no novelty (`aloneNovelty`) and improvement decides.
 *
 * @param founders [n][b]; @param rewardArchive [m][b]; @param improvements [n]
 */
export function emitterFront(
  founders: readonly Descriptor[],
  rewardArchive: readonly Descriptor[],
  improvements: ArrayLike<number>,
  options: NeighbourhoodOptions = {},
): EmitterFront {
  if (rewardArchive.length < 2) {
    const novelty = new Float64Array(founders.length).fill(options.aloneNovelty ?? 0)
    return { novelty, eligible: paretoFronts([improvements])[0] ?? [] }
  }
  const novelty = noveltyDropNearest(founders, rewardArchive, options)
  return { novelty, eligible: paretoFronts([novelty, improvements])[0] ?? [] }
}
