import { assertInteger, GuerdonError, mean } from '@guerdon/core'
import type { Budget, ExperimentResults, FinishedRun, Runnable } from '../harness/experiment.ts'
import type { PoolOptions } from '../harness/pool.ts'
import { runExperiment } from '../harness/run.ts'
import type { ClaimExperiment, Level, Study } from './claim.ts'
import { judgeStudy, type StudyOutcome, type StudyRuns, type Sweep } from './outcome.ts'
import { currentProvenance } from './provenance.ts'
import { reportedArms, studyExperiment, triedId } from './study-experiment.ts'

/** How a study is run. */
export interface ReproduceOptions extends PoolOptions {
  readonly budget: Budget
  /** Number of confirmation seeds; the study's own when absent. */
  readonly seeds?: number
  /** Added to every seed, so that others can rerun with seeds nobody chose. Default 0. */
  readonly seedBase?: number
  /** Folder for the results; what is finished there is not run again. */
  readonly results: string
  /** Forget earlier results in that folder. */
  readonly fresh?: boolean
  /** Told before each phase: its name, how many runs there are and how many of them were done before. */
  planned?(phase: 'selection' | 'confirmation', total: number, finishedBefore: number): void
}

/** A finished study: its outcome, and the confirmation runs it was judged by. */
export interface Reproduction {
  readonly outcome: StudyOutcome
  readonly runs: readonly FinishedRun[]
}

/** Selection seeds begin here, apart from the confirmation seeds 0, 1, 2 …, which were fixed before. */
const firstSelectionSeed = 1_000_000

/**
 * Runs a study by the fair-comparison protocol. Selection: every arm tries every learning rate on the selection seeds, and
 * keeps the rate with the best mean metric; a rate at which a run failed is out. Confirmation: every arm at its rate on the
 * confirmation seeds, which alone decide. Without rates there is no selection. Finished runs are kept and never run again.
 *
 * @throws unknown_name when the claim has no study of this level; invalid_option for a number of seeds below 1; version for a
 * folder of another study or version; state when nothing could be run
 */
export async function reproduceStudy(
  claim: ClaimExperiment,
  level: Level,
  options: ReproduceOptions,
): Promise<Reproduction> {
  const study = studyOf(claim, level)
  const runs = await runStudy(studyExperiment(claim, level, study), study, options)
  return { outcome: judgeStudy(claim, level, study, runs), runs: runs.runs }
}

/**
 * The two phases of the protocol: rates chosen on selection seeds, arms confirmed on others.
 *
 * @param runnable the study as an experiment of the harness
 */
export async function runStudy(runnable: Runnable, study: Study, options: ReproduceOptions): Promise<StudyRuns> {
  const { budget, seedBase = 0 } = options
  const planned = study.seeds[budget]
  const count = options.seeds ?? planned.confirmation
  assertInteger(count, 'seeds', 1)
  const arms = reportedArms(study)
  const rates = study.learningRates?.[budget] ?? [0]

  const phase = (name: 'selection' | 'confirmation', ids: readonly string[], from: number, many: number) =>
    runExperiment(runnable, {
      ...options,
      fresh: options.fresh === true && (name === 'selection' || rates.length === 1),
      arms: ids,
      seeds: many,
      seedBase: from,
      planned: (total, before) => options.planned?.(name, total, before),
    })

  let selection: ExperimentResults | undefined
  if (rates.length > 1) {
    const tried = arms.flatMap(({ id }) => rates.map(rate => triedId(id, rate)))
    selection = await phase('selection', tried, seedBase + firstSelectionSeed, planned.selection)
  }
  const sweep = selection ? sweepOf(selection, study, arms, rates) : []
  const chosen = new Map(arms.map(({ id }) => [id, selection ? bestRate(id, sweep, study) : rates[0]]))
  const confirmed = arms.map(({ id }) => triedId(id, chosen.get(id)!))
  const confirmation = await phase('confirmation', confirmed, seedBase, count)
  return {
    budget,
    seeds: confirmation.seeds,
    selectionSeeds: selection?.seeds ?? [],
    sweep,
    chosen,
    runs: confirmation.runs,
    seconds: [...(selection?.runs ?? []), ...confirmation.runs].reduce((total, run) => total + run.seconds, 0),
    failures: [...(selection?.failures ?? []), ...confirmation.failures],
    provenance: currentProvenance(),
  }
}

/** The study of a level. Throws `unknown_name` when the claim has none. */
export function studyOf(claim: ClaimExperiment, level: Level): Study {
  const study = claim.studies[level]
  if (study) return study
  throw new GuerdonError('unknown_name', `expected a level of ${claim.slug}; there is no ${level} study`, {
    hint: `there are: ${Object.keys(claim.studies).join(', ')}`,
  })
}

function sweepOf(
  { runs, seeds }: ExperimentResults,
  study: Study,
  arms: readonly { readonly id: string }[],
  rates: readonly number[],
): Sweep[] {
  return arms.flatMap(({ id }) =>
    rates.map(learningRate => {
      const own = runs.filter(run => run.arm === triedId(id, learningRate))
      const values = own.map(run => run.record.metrics[selector(study).metric])
      const complete = values.length === seeds.length && values.every(Number.isFinite)
      return { arm: id, learningRate, score: complete ? mean(values) : null }
    }),
  )
}

/** The rate with the best score; of equal ones the first tried. */
function bestRate(arm: string, sweep: readonly Sweep[], study: Study): number {
  const own = sweep.filter(entry => entry.arm === arm && entry.score !== null)
  if (own.length === 0) {
    throw new GuerdonError('state', `expected one learning rate at which every selection run of ${arm} finishes`, {
      hint: 'the failures above say what went wrong; run the command again to repeat them',
    })
  }
  const sign = selector(study).direction === 'higher' ? 1 : -1
  return own.reduce((best, entry) => (sign * (entry.score! - best.score!) > 0 ? entry : best)).learningRate
}

/** What the rates of a study are chosen by. */
export function selector({ selectBy, metric, direction }: Study): NonNullable<Study['selectBy']> {
  return selectBy ?? { metric, direction }
}
