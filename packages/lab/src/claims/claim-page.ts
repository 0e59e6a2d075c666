import type { FinishedRun } from '../harness/experiment.ts'
import { formatEstimate, meanCurve } from '../harness/summary.ts'
import { intervalChart, lineChart, type Series } from '../report/charts.ts'
import type { Page, Section, Verdict } from '../report/page.ts'
import { armColours } from '../report/palette.ts'
import type { ClaimExperiment, Study } from './claim.ts'
import type { CriterionOutcome } from './criteria.ts'
import type { ArmOutcome, ControlOutcome, StudyOutcome } from './outcome.ts'
import { type Reproduction, selector, studyOf } from './reproduce.ts'
import { triedId } from './study-experiment.ts'

/** One study of a claim as a page section list: verdicts, intervals, curves, seed by seed, sweep, budgets, failures. */
export function studySections(study: Study, outcome: StudyOutcome, runs: readonly FinishedRun[]): readonly Section[] {
  const colours = armColours(outcome.arms)
  const shown = outcome.arms.filter(arm => arm.metric !== null)
  const numbers = [outcome.metric, ...(study.alsoReport ?? [])]
  const value = (arm: ArmOutcome, seed: number, name: string): number | undefined =>
    runs.find(run => run.arm === triedId(arm.id, arm.learningRate) && run.seed === seed)?.record.metrics[name]
  return [
    { kind: 'text', title: `${title(outcome)}: setting`, paragraphs: study.setting },
    { kind: 'verdicts', title: 'Verdict', verdicts: verdicts(outcome) },
    {
      kind: 'charts',
      title: 'Confirmed results',
      note: 'Interquartile mean and 95 % bootstrap interval over seeds; dots are seeds.',
      charts: [
        intervalChart(
          shown.map(arm => ({ label: arm.label, colour: colours(arm.id), ...arm.metric! })),
          { title: outcome.metric, xLabel: `${outcome.metric} (${outcome.direction} is better)`, width: 760 },
        ),
      ],
    },
    ...curveSections(study, outcome, runs, colours),
    {
      kind: 'table',
      title: 'Seed by seed',
      head: ['arm', 'rate', ...numbers.flatMap(name => [name, ...outcome.seeds.map(seed => `seed ${seed}`)])],
      rows: outcome.arms.map(arm => [
        arm.label,
        arm.learningRate === 0 ? '–' : String(arm.learningRate),
        ...numbers.flatMap(name => [
          name === outcome.metric ? (arm.metric ? formatEstimate(arm.metric, 3) : 'failed') : format(arm.metrics[name]),
          ...outcome.seeds.map(seed => format(value(arm, seed, name))),
        ]),
      ]),
    },
    ...sweepSection(study, outcome),
    {
      kind: 'table',
      title: 'Charged to each arm',
      note: 'Means over the confirmation seeds.',
      head: ['arm', ...spentNames(outcome)],
      rows: outcome.arms.map(arm => [arm.label, ...spentNames(outcome).map(name => format(arm.spent[name], 0))]),
    },
    {
      kind: 'table',
      title: 'Probability of improvement',
      note: `P(${outcome.criteria[0].arm} is better than the baseline on a random pair of seeds).`,
      head: ['baseline', 'probability'],
      rows: Object.entries(outcome.probabilityOfImprovement).map(([arm, p]) => [arm, p.toFixed(2)]),
    },
    ...(study.caveats ? [{ kind: 'text' as const, title: 'What this does not show', paragraphs: study.caveats }] : []),
    ...failureSection(outcome),
  ]
}

/** The page of a claim: every study that was run, under the method's title and what it states. */
export function claimPage(
  claim: ClaimExperiment,
  method: { readonly title: string; readonly claim: { readonly statement: string } },
  studies: readonly Reproduction[],
): Page {
  const made = ({ level, budget, seeds, provenance: { commit, machine } }: StudyOutcome): string =>
    `${level}: budget ${budget}, seeds ${seeds[0]} to ${seeds[seeds.length - 1]}; Guerdon ${commit ?? 'outside a clone'}, Node ${machine.node}, ${machine.platform}, ${machine.cpu}, ${machine.cores} cores.`
  return {
    title: method.title,
    subtitle: method.claim.statement,
    sections: studies.flatMap(({ outcome, runs }) => studySections(studyOf(claim, outcome.level), outcome, runs)),
    footer: studies.map(({ outcome }) => made(outcome)).join(' '),
  }
}

function title({ level }: StudyOutcome): string {
  return level === 'mechanism' ? 'Mechanism' : 'Trained'
}

function verdicts(outcome: StudyOutcome): Verdict[] {
  const line = (criterion: CriterionOutcome): string =>
    `measured ${criterion.measured.toFixed(3)}, needed ${criterion.bound} (${criterion.metric}, ${criterion.arm}${criterion.against ? ` against ${criterion.against}` : ''}).`
  return [
    {
      label: outcome.holds ? 'The claim holds' : 'The claim does not hold',
      mood: outcome.holds ? 'good' : 'bad',
      text: `${outcome.criteria.filter(criterion => criterion.holds).length} of ${outcome.criteria.length} criteria, effect ${formatEstimate(outcome.effect, 3)}.`,
    },
    ...outcome.criteria.map(
      (criterion): Verdict => ({
        label: criterion.about,
        mood: criterion.holds ? 'good' : 'bad',
        text: line(criterion),
      }),
    ),
    ...outcome.controls.map(control => controlVerdict(outcome, control)),
  ]
}

function controlVerdict({ criteria }: StudyOutcome, { arm, criteria: restated, fails }: ControlOutcome): Verdict {
  const held = criteria.filter(({ holds }) => holds).length
  const lost = criteria.filter(({ holds }, i) => holds && !restated[i].holds).length
  const label = `Negative control ${arm}`
  if (fails) {
    return {
      label,
      mood: 'good',
      text: `fails as it must: in the method's place it loses ${lost} of the ${held} criteria that hold.`,
    }
  }
  const text =
    held === 0
      ? 'has nothing to lose: no criterion holds of the method either.'
      : `does as well as the method, by the ${held} criteria that hold: they cannot tell them apart.`
  return { label, mood: 'bad', text }
}

function curveSections(
  study: Study,
  outcome: StudyOutcome,
  runs: readonly FinishedRun[],
  colours: (arm: string) => string,
): Section[] {
  const names = [...new Set(runs.flatMap(run => Object.keys(run.record.curves)))]
  if (names.length === 0) return []
  const drawn = outcome.arms.map(arm => ({ ...arm, run: triedId(arm.id, arm.learningRate) }))
  const look = (arm: ArmOutcome) => ({ label: arm.label, colour: colours(arm.id), dashed: arm.role === 'control' })
  return [
    {
      kind: 'charts',
      title: 'Curves',
      note: 'Mean over seeds; the band is what the seeds span.',
      legend: drawn.map(look),
      charts: names.map(name =>
        lineChart(
          drawn
            .filter(arm => runs.some(run => run.arm === arm.run && run.record.curves[name] !== undefined))
            .map(arm => thinned(meanCurve(withCurve(runs, name), arm.run, name, look(arm)))),
          { title: name, xLabel: study.axes?.[name]?.x ?? '', yLabel: study.axes?.[name]?.y ?? name },
        ),
      ),
    },
  ]
}

function withCurve(runs: readonly FinishedRun[], name: string): FinishedRun[] {
  return runs.filter(run => run.record.curves[name] !== undefined)
}

/** A curve of at most 120 points: pages are for looking at, the runs keep every point. */
function thinned(series: Series): Series {
  const stride = Math.ceil(series.x.length / 120)
  const last = series.x.length - 1
  const pick = (values: readonly number[] = []): number[] => values.filter((_, i) => (last - i) % stride === 0)
  return { ...series, x: pick(series.x), y: pick(series.y), low: pick(series.low), high: pick(series.high) }
}

function sweepSection(study: Study, { sweep, arms, selectionSeeds }: StudyOutcome): Section[] {
  if (sweep.length === 0) return []
  const rates = [...new Set(sweep.map(entry => entry.learningRate))]
  const score = (arm: string, rate: number): string => {
    const found = sweep.find(entry => entry.arm === arm && entry.learningRate === rate)?.score
    return found === null ? 'failed' : format(found)
  }
  return [
    {
      kind: 'table',
      title: 'Learning rates tried',
      note: `Mean ${selector(study).metric} on ${selectionSeeds.length} selection seeds; every arm has as many tries. A best rate at the edge of the list may not be the best there is.`,
      head: ['arm', ...rates.map(rate => `rate ${rate}`), 'chosen'],
      rows: arms.map(arm => [arm.label, ...rates.map(rate => score(arm.id, rate)), String(arm.learningRate)]),
    },
  ]
}

function failureSection({ failures }: StudyOutcome): Section[] {
  if (failures.length === 0) return []
  return [
    {
      kind: 'table',
      title: 'Runs that failed',
      head: ['arm', 'seed', 'why'],
      rows: failures.map(({ arm, seed, message }) => [arm ?? 'preparation', String(seed), message]),
    },
  ]
}

function spentNames(outcome: StudyOutcome): string[] {
  return [...new Set(outcome.arms.flatMap(arm => Object.keys(arm.spent)))]
}

function format(value: number | null | undefined, digits = 3): string {
  return value === null || value === undefined ? '–' : value.toFixed(digits)
}
