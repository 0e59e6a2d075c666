import { mean, probabilityOfImprovement } from '@guerdon/core'
import type { Budget, FailedRun, FinishedRun } from '../harness/experiment.ts'
import { type Estimate, estimate } from '../harness/summary.ts'
import type { ClaimExperiment, Level, Role, Study } from './claim.ts'
import { type ArmNumbers, type CriterionOutcome, evaluateCriterion } from './criteria.ts'
import type { Provenance } from './provenance.ts'
import { reportedArms, triedId } from './study-experiment.ts'

/** What an arm tried on the selection seeds. */
export interface Sweep {
  readonly arm: string
  readonly learningRate: number
  /** Mean over selection seeds of what rates are chosen by; null when a run failed, which rules the rate out. */
  readonly score: number | null
}

/** What became of one arm on the confirmation seeds. */
export interface ArmOutcome {
  readonly id: string
  readonly label: string
  readonly role: Role
  /** The rate it was confirmed at; 0 for a study without a sweep. */
  readonly learningRate: number
  /** The study's metric over seeds; null when no seed finished. */
  readonly metric: Estimate | null
  /** Means of everything measured and of everything spent. */
  readonly metrics: Readonly<Record<string, number>>
  readonly spent: Readonly<Record<string, number>>
}

/** What a control did in the method's place. */
export interface ControlOutcome {
  readonly arm: string
  readonly criteria: readonly CriterionOutcome[]
  /** True when something that holds of the method no longer does with the control in its place: as it must be. */
  readonly fails: boolean
}

/** Everything a study found. */
export interface StudyOutcome {
  readonly slug: string
  readonly level: Level
  readonly budget: Budget
  readonly metric: string
  readonly direction: 'higher' | 'lower'
  readonly seeds: readonly number[]
  readonly selectionSeeds: readonly number[]
  readonly sweep: readonly Sweep[]
  readonly arms: readonly ArmOutcome[]
  readonly criteria: readonly CriterionOutcome[]
  readonly controls: readonly ControlOutcome[]
  /** All criteria hold, and every run of the arms they name finished. */
  readonly holds: boolean
  /** The first criterion's per-seed numbers. */
  readonly effect: Estimate
  /** P(the method's arm is better than the baseline on a random seed), by baseline. */
  readonly probabilityOfImprovement: Readonly<Record<string, number>>
  /** Processor time of all runs, selection included, in seconds. */
  readonly seconds: number
  readonly failures: readonly FailedRun[]
  readonly provenance: Provenance
}

/** The runs of a study's two phases. */
export interface StudyRuns {
  readonly budget: Budget
  readonly seeds: readonly number[]
  readonly selectionSeeds: readonly number[]
  readonly sweep: readonly Sweep[]
  /** Rate by reported arm. */
  readonly chosen: ReadonlyMap<string, number>
  /** Runs of the confirmation. */
  readonly runs: readonly FinishedRun[]
  readonly seconds: number
  readonly failures: readonly FailedRun[]
  readonly provenance: Provenance
}

/** Judges the runs of a study by its criteria. */
export function judgeStudy(claim: ClaimExperiment, level: Level, study: Study, found: StudyRuns): StudyOutcome {
  const { budget, seeds, runs, chosen } = found
  const runOf = new Map(runs.map(run => [`${run.arm}/${run.seed}`, run]))
  const recordOf = (arm: string, seed: number) => runOf.get(`${triedId(arm, chosen.get(arm) ?? 0)}/${seed}`)?.record
  const numbers: ArmNumbers = (arm, metric) => seeds.map(seed => recordOf(arm, seed)?.metrics[metric])
  const criteria = budget === 'quick' ? (study.quickCriteria ?? study.criteria) : study.criteria
  const evaluate = (stand?: { method: string; control: string }): CriterionOutcome[] =>
    criteria.map(criterion => evaluateCriterion(criterion, numbers, study.metric, stand))
  const outcomes = evaluate()
  const method = criteria[0].arm
  const controls = study.arms
    .filter(arm => arm.role === 'control')
    .map(({ id }) => {
      const restated = evaluate({ method, control: id })
      return { arm: id, criteria: restated, fails: restated.some(({ holds }, i) => outcomes[i].holds && !holds) }
    })
  const present = (arm: string): number[] => numbers(arm, study.metric).filter(value => value !== undefined)
  const sign = study.direction === 'higher' ? 1 : -1
  const better = (baseline: string): number =>
    probabilityOfImprovement(
      present(method).map(value => sign * value),
      present(baseline).map(value => sign * value),
    )
  const complete = outcomes.every(({ values }) => values.length === seeds.length)
  return {
    slug: claim.slug,
    level,
    budget,
    metric: study.metric,
    direction: study.direction,
    seeds,
    selectionSeeds: found.selectionSeeds,
    sweep: found.sweep,
    arms: reportedArms(study).map(({ id, label, role }) => {
      const records = seeds.map(seed => recordOf(id, seed)).filter(record => record !== undefined)
      return {
        id,
        label,
        role,
        learningRate: chosen.get(id) ?? 0,
        metric: present(id).length > 0 ? estimate(present(id)) : null,
        metrics: means(records.map(record => record.metrics)),
        spent: means(records.map(record => record.spent)),
      }
    }),
    criteria: outcomes,
    controls,
    holds: complete && outcomes.every(criterion => criterion.holds),
    effect: estimate(outcomes[0].values),
    probabilityOfImprovement: Object.fromEntries(
      study.arms
        .filter(({ id, role }) => role === 'baseline' && present(id).length > 0 && present(method).length > 0)
        .map(({ id }) => [id, better(id)]),
    ),
    seconds: found.seconds,
    failures: found.failures,
    provenance: found.provenance,
  }
}

/** The line `guerdon reproduce --json` prints for a study. */
export function outcomeLine(outcome: StudyOutcome): Readonly<Record<string, unknown>> {
  const { arms, effect, criteria, controls } = outcome
  const value = (id: string): number | null => arms.find(arm => arm.id === id)?.metric?.value ?? null
  const method = criteria[0].arm
  return {
    slug: outcome.slug,
    level: outcome.level,
    budget: outcome.budget,
    metric: outcome.metric,
    method: { [method]: value(method) },
    baselines: Object.fromEntries(arms.filter(arm => arm.role === 'baseline').map(({ id }) => [id, value(id)])),
    effect: effect.value,
    interval: [effect.low, effect.high],
    holds: outcome.holds,
    control: controls.every(control => control.fails) ? 'fails as it must' : 'does not fail',
    criteria: criteria.map(({ about, measured, bound, holds }) => ({ about, measured, bound, holds })),
    seconds: Math.round(outcome.seconds * 10) / 10,
    seeds: outcome.seeds,
    failed: outcome.failures.length,
  }
}

function means(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = new Set(records.flatMap(record => Object.keys(record)))
  return Object.fromEntries(
    [...names].map(name => [name, mean(records.map(record => record[name]).filter(value => value !== undefined))]),
  )
}
