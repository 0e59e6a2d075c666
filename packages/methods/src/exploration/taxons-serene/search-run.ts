import { assertInteger, GuerdonError, type Random } from '@guerdon/core'
import type { Descriptor, NoveltyOptions } from '../../shared/novelty.ts'
import type { CmaState } from '../baselines-qd-diffusion/cma-es.ts'
import type { ImprovementReference, StepSizeOptions } from './emitters.ts'
import type { SchedulerName, UcbOptions, UcbState } from './scheduler.ts'

/** What a rollout of a genome came to. `view` is whatever the behaviour space looks at: a position, images, a path. */
export interface SparseRollout<View> {
  readonly reward: number
  readonly view: View
  /** Label of the reward area, for the log only. */
  readonly area?: number | null
}

/** The task. */
export interface SparseProblem<View> {
  /** A genome of the initial distribution, customarily N(0, 1) held in ±5. */
  initial(random: Random): Float64Array
  /** Runs genomes, in order. */
  evaluate(genomes: readonly Float64Array[]): Promise<readonly SparseRollout<View>[]>
}

/** Where a view lies in the behaviour space, and how badly the encoder reconstructs it (0 for a space made by hand). */
export interface Behaviour {
  readonly descriptor: Descriptor
  readonly surprise: number
}

/** A behaviour space: made by hand, or learned while the search runs. */
export interface BehaviourSpace<View> {
  describe(views: readonly View[]): Promise<readonly Behaviour[]>
  /**
   * Learns from views, from new weights when told to reset; afterwards everything is described anew. Absent for a fixed
   * space.
   */
  train?(views: readonly View[], options: { readonly reset: boolean }): Promise<void>
}

/** An individual and what is known about it. */
export interface Individual<View> {
  readonly id: number
  readonly genome: Float64Array
  readonly reward: number
  readonly area: number | null
  readonly view: View
  readonly parent: number | null
  /** Count of evaluations when it was run. */
  readonly evaluatedAt: number
  descriptor: Descriptor
  surprise: number
  novelty: number
  /** Version of the behaviour space the descriptor belongs to. */
  encoderVersion: number
  /** Whether it founded an emitter. */
  founded: boolean
}

/** A local search around a rewarding individual. */
export interface SparseEmitter<View> {
  readonly founder: Individual<View>
  readonly sigma: number
  cma: CmaState | null
  population: Individual<View>[]
  steps: number
  /** Rewards of the population, generation by generation. */
  readonly rewards: number[][]
  readonly archivedRewards: number[]
  reference: ImprovementReference
  improvement: number
  mostNovel: Individual<View>
  readonly buffered: Individual<View>[]
}

/** What exploration selects by. `coin` draws novelty or surprise a generation; the last two survive by NSGA-II. */
export const explorationCriteria = [
  'novelty',
  'surprise',
  'coin',
  'noveltyAndSurprise',
  'noveltyAndLocalCompetition',
] as const
/** Name of what exploration selects by. */
export type ExplorationCriterion = (typeof explorationCriteria)[number]

/** What emitters optimise; `none` leaves novelty search alone. */
export const emitterKinds = ['fitness', 'novelty', 'cmaEs', 'none'] as const
/** Name of a kind of emitter. */
export type EmitterKind = (typeof emitterKinds)[number]

/** Choices of `sparseSearch`. */
export interface SparseSearchOptions extends NoveltyOptions, Pick<StepSizeOptions, 'scaling'> {
  /** Evaluations in all. Default 500 000. The last generation or bootstrap may run over it. */
  readonly budget?: number
  /** Evaluations of a turn. Default 1000. */
  readonly chunk?: number
  /** Default 100. */
  readonly populationSize?: number
  /** λ offspring that enter the archive. Default 5. */
  readonly archived?: number
  /** Default `random`; `best` by the generation's criterion. */
  readonly selection?: 'random' | 'best'
  /** Deviation of the mutation, and of an emitter whose founder has a twin. Default 0.05. */
  readonly sigma?: number
  /** Bounds of each gene. Default ±5. */
  readonly bounds?: readonly [number, number]
  /** Default `novelty`. */
  readonly criterion?: ExplorationCriterion
  /** Default `fitness`. */
  readonly emitters?: EmitterKind
  /** Default 6. */
  readonly emitterPopulation?: number
  /** Generations of a candidate before it is judged. Default 5. */
  readonly bootstrapGenerations?: number
  /** Measure improvement from the last visit instead of the start. Default false. */
  readonly localImprovement?: boolean
  /** Default `custom`. */
  readonly stagnation?: 'custom' | 'original'
  /** Generations after which an emitter ends in any case; null (default) never. */
  readonly maxEmitterSteps?: number | null
  /**
   * Which emitter is visited: one of the first front of (novelty of its founder, improvement), or drawn by the soft-max of
   * improvements. Default `front`.
   */
  readonly emitterChoice?: 'front' | 'softmax'
  /** Default `alternating`. */
  readonly scheduler?: SchedulerName
  readonly ucb?: UcbOptions
  /** Whether views of the reward archive train the encoder too. Default true. */
  readonly trainOnRewardArchive?: boolean
  /** Whether each training starts from new weights. Default false. */
  readonly resetEncoder?: boolean
  /**
   * `released`: individuals outside the reference set lose their true nearest neighbour, and step sizes are not divided by
   * √D.
   */
  readonly compat?: 'released'
  readonly signal?: AbortSignal
}

/** Everything a run holds. Changed in place while it runs. */
export interface SearchRun<View> {
  readonly problem: SparseProblem<View>
  readonly space: BehaviourSpace<View>
  readonly options: ReturnType<typeof sparseSearchDefaults>
  readonly random: Random
  population: Individual<View>[]
  offspring: Individual<View>[]
  readonly archive: Individual<View>[]
  readonly rewardArchive: Individual<View>[]
  candidates: SparseEmitter<View>[]
  emitters: SparseEmitter<View>[]
  readonly bestByArea: Map<number, number>
  encoderVersion: number
  evaluations: number
  /** Evaluations when the first reward was found. */
  firstRewardAt: number | null
  nextId: number
  ucb: UcbState
}

/** The options with their defaults. */
export function sparseSearchDefaults(options: SparseSearchOptions) {
  const merged = {
    budget: 500_000,
    chunk: 1000,
    populationSize: 100,
    archived: 5,
    selection: 'random' as const,
    sigma: 0.05,
    bounds: [-5, 5] as readonly [number, number],
    criterion: 'novelty' as const,
    emitters: 'fitness' as const,
    emitterPopulation: 6,
    bootstrapGenerations: 5,
    localImprovement: false,
    stagnation: 'custom' as const,
    maxEmitterSteps: null,
    emitterChoice: 'front' as const,
    scheduler: 'alternating' as const,
    trainOnRewardArchive: true,
    resetEncoder: false,
    scaling: options.compat === 'released' ? ('official' as const) : ('perDimension' as const),
    ...options,
  }
  for (const name of ['budget', 'chunk', 'populationSize', 'emitterPopulation'] as const) {
    assertInteger(merged[name], name, 1)
  }
  assertInteger(merged.archived, 'archived')
  assertInteger(merged.bootstrapGenerations, 'bootstrapGenerations', 1)
  return merged
}

/** Evaluates genomes and describes what they did. */
export async function evaluateGenomes<View>(
  run: SearchRun<View>,
  genomes: readonly Float64Array[],
  parents: readonly (number | null)[],
): Promise<Individual<View>[]> {
  run.options.signal?.throwIfAborted()
  const rollouts = await run.problem.evaluate(genomes)
  if (rollouts.length !== genomes.length) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected a rollout for each of ${genomes.length} genomes; got ${rollouts.length}`,
    )
  }
  const behaviours = await run.space.describe(rollouts.map(({ view }) => view))
  const individuals = rollouts.map(({ reward, view, area = null }, i): Individual<View> => {
    if (!Number.isFinite(reward)) {
      throw new GuerdonError('not_finite', `expected a finite reward; got ${reward} for genome ${i}`, {
        path: ['rollouts', i, 'reward'],
      })
    }
    if (reward > 0) run.firstRewardAt ??= run.evaluations + i + 1
    if (area !== null && reward > 0) run.bestByArea.set(area, Math.max(run.bestByArea.get(area) ?? 0, reward))
    return {
      id: run.nextId++,
      genome: genomes[i],
      reward,
      area: reward > 0 ? area : null,
      view,
      parent: parents[i],
      evaluatedAt: run.evaluations + i,
      descriptor: behaviours[i].descriptor,
      surprise: behaviours[i].surprise,
      novelty: 0,
      encoderVersion: run.encoderVersion,
      founded: false,
    }
  })
  run.evaluations += genomes.length
  return individuals
}

/** Descriptors of individuals, none of an older behaviour space. */
export function currentDescriptors<View>(run: SearchRun<View>, individuals: readonly Individual<View>[]): Descriptor[] {
  return individuals.map(({ id, descriptor, encoderVersion }) => {
    if (encoderVersion === run.encoderVersion) return descriptor
    throw new GuerdonError(
      'internal',
      `expected descriptors of encoder ${run.encoderVersion}; individual ${id} has one of ${encoderVersion}`,
    )
  })
}

/** What novelty is measured against: population, offspring, archive and reward archive. */
export function referenceDescriptors<View>(run: SearchRun<View>): Descriptor[] {
  return currentDescriptors(run, [...run.population, ...run.offspring, ...run.archive, ...run.rewardArchive])
}

/** Trains the behaviour space and describes every individual that is still held anew. */
export async function trainBehaviourSpace<View>(run: SearchRun<View>): Promise<void> {
  if (run.space.train === undefined) return
  const known = [...run.archive, ...run.population, ...run.offspring]
  const views = [...known, ...(run.options.trainOnRewardArchive ? run.rewardArchive : [])].map(({ view }) => view)
  await run.space.train(views, { reset: run.options.resetEncoder })
  run.encoderVersion++
  const local = [...run.candidates, ...run.emitters].flatMap(emitter => [
    emitter.founder,
    emitter.mostNovel,
    ...emitter.population,
    ...emitter.buffered,
  ])
  const everyone = [...new Set([...known, ...run.rewardArchive, ...local])]
  const behaviours = await run.space.describe(everyone.map(({ view }) => view))
  for (const [i, individual] of everyone.entries()) {
    individual.descriptor = behaviours[i].descriptor
    individual.surprise = behaviours[i].surprise
    individual.encoderVersion = run.encoderVersion
  }
}
