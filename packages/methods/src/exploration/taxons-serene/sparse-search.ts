import type { Random } from '@guerdon/core'
import { exploitChunk } from './exploit.ts'
import { exploreChunk } from './explore.ts'
import {
  type ChunkChoice,
  chunkReward,
  initialUcbState,
  type ScheduleContext,
  scheduleChunk,
  ucbUpdate,
} from './scheduler.ts'
import {
  type BehaviourSpace,
  evaluateGenomes,
  type Individual,
  type SearchRun,
  type SparseProblem,
  type SparseSearchOptions,
  sparseSearchDefaults,
  trainBehaviourSpace,
} from './search-run.ts'
import { initialTrainingSchedule, trainingScheduleAfter } from './training-schedule.ts'

/** One turn of the search. */
export interface SparseSearchTurn {
  readonly choice: ChunkChoice
  readonly evaluations: number
  readonly candidates: number
  readonly emitters: number
  readonly archived: number
  readonly rewardArchived: number
  /** Whether the behaviour space was trained after the turn. */
  readonly trained: boolean
  /** Best reward found in each labelled area so far. */
  readonly bestByArea: Readonly<Record<number, number>>
}

/** What a search leaves. */
export interface SparseSearchResult<View> {
  readonly population: readonly Individual<View>[]
  readonly archive: readonly Individual<View>[]
  readonly rewardArchive: readonly Individual<View>[]
  readonly evaluations: number
  /** Evaluations it took to find the first reward; null when none was found. */
  readonly firstRewardAt: number | null
  readonly turns: readonly SparseSearchTurn[]
}

/**
 * Search where reward is almost always zero: chunks of novelty search in a behaviour space, given or learned on the way, and
 * chunks of local search by emitters that rewarding individuals founded; both share one budget of evaluations. With a given
 * space and emitters it is SERENE, without emitters novelty search; with a learned space STAX, without emitters TAXONS as the
 * library has it (see `staxVariants`).
 *
 * The behaviour space is trained after exploration chunks 1, 3, 6, 10, …; then everything that is still held is described
 * anew, and descriptors of different versions are never mixed.
 *
 * Paolo et al., arXiv 2102.03140, 2111.01919; GPaolo/STAX.
 */
export async function sparseSearch<View>(
  problem: SparseProblem<View>,
  space: BehaviourSpace<View>,
  options: SparseSearchOptions,
  random: Random,
): Promise<SparseSearchResult<View>> {
  const run: SearchRun<View> = {
    problem,
    space,
    options: sparseSearchDefaults(options),
    random,
    population: [],
    offspring: [],
    archive: [],
    rewardArchive: [],
    candidates: [],
    emitters: [],
    bestByArea: new Map(),
    encoderVersion: 0,
    evaluations: 0,
    firstRewardAt: null,
    nextId: 0,
    ucb: initialUcbState,
  }
  const { budget, populationSize, scheduler, ucb = {} } = run.options
  const first = Array.from({ length: populationSize }, () => problem.initial(random))
  run.population = await evaluateGenomes(
    run,
    first,
    first.map(() => null),
  )
  const turns: SparseSearchTurn[] = []
  let previous: ChunkChoice | null = null
  let training = initialTrainingSchedule
  while (run.evaluations < budget) {
    const context: ScheduleContext = { previous, budgetLeft: 1 - run.evaluations / budget, ucb: run.ucb }
    const choice: ChunkChoice =
      run.options.emitters === 'none' ? 'explore' : scheduleChunk(scheduler, context, random, ucb)
    const before = run.candidates.length + run.emitters.length
    if (choice === 'explore') await exploreChunk(run)
    else if (before > 0) await exploitChunk(run)
    const after = run.candidates.length + run.emitters.length
    const reward = chunkReward(choice, before, after)
    run.ucb = ucbUpdate(run.ucb, { choice, reward, emittersAvailable: after > 0 }, ucb)
    const scheduled = trainingScheduleAfter(training, choice)
    training = scheduled.schedule
    const trained = scheduled.train && space.train !== undefined
    if (trained) await trainBehaviourSpace(run)
    turns.push(turnOf(run, choice, trained))
    previous = choice
  }
  const { population, archive, rewardArchive, evaluations, firstRewardAt } = run
  return { population, archive, rewardArchive, evaluations, firstRewardAt, turns }
}

function turnOf<View>(run: SearchRun<View>, choice: ChunkChoice, trained: boolean): SparseSearchTurn {
  return {
    choice,
    evaluations: run.evaluations,
    candidates: run.candidates.length,
    emitters: run.emitters.length,
    archived: run.archive.length,
    rewardArchived: run.rewardArchive.length,
    trained,
    bestByArea: Object.fromEntries(run.bestByArea),
  }
}
