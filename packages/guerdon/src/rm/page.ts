import { intervalChart, lineChart, type Page, renderPage, type Section, type Series } from '@guerdon/lab'
import type { PairReport } from '@guerdon/learn'
import type { Calibration } from '@guerdon/methods/models/baselines-reward-model'
import type { EvaluationReport } from './evaluate.ts'

const blue = '#0d74ce'
const orange = '#ef5f00'
const grey = '#8b8d98'

const percent = (share: number | null): string => (share === null ? '–' : `${(100 * share).toFixed(1)} %`)
const number = (value: number | null): string => (value === null ? '–' : value.toFixed(3))

/** An evaluation as a page of its own: accuracy, reliability, subsets, length, agreement. */
export function evaluationPage(report: EvaluationReport): string {
  const { pairs, choices, steps, attributes, agreement } = report
  const sections: Section[] = []
  if (pairs) sections.push(...pairSections(pairs))
  if (choices) {
    sections.push({
      kind: 'table',
      title: `Best of n: ${percent(choices.overall)}`,
      head: ['subset', 'score'],
      rows: Object.entries(choices.subsets).map(([name, score]) => [name, percent(score)]),
    })
  }
  if (steps) {
    sections.push({
      kind: 'charts',
      title: `Steps: ${percent(steps.accuracy)} right of ${steps.steps}`,
      note: `AUROC ${number(steps.auroc)}; the first error is found in ${percent(steps.firstErrorFound)} of ${steps.solutions} solutions.`,
      charts: [reliability([['steps', blue, steps.calibration]])],
    })
  }
  if (attributes) {
    sections.push({
      kind: 'table',
      title: 'Attributes',
      head: ['attribute', 'responses', 'mean squared error', 'Pearson', 'Spearman'],
      rows: Object.entries(attributes).map(([name, one]) => [
        name,
        `${one.responses}`,
        number(one.meanSquaredError),
        number(one.pearson),
        number(one.spearman),
      ]),
    })
  }
  if (agreement) {
    sections.push({
      kind: 'table',
      title: 'Agreement of the members',
      note: 'Spearman’s ρ of the scores of two members.',
      head: ['', ...agreement.names],
      rows: agreement.cells.map((row, i) => [
        agreement.names[i],
        ...row.map(({ spearman }) => number(spearman ?? null)),
      ]),
    })
  }
  const page: Page = {
    title: 'Reward model evaluation',
    subtitle: `${report.model} (${report.kind}) on ${report.file}: ${report.records} records, layout ${report.layout}`,
    sections,
    footer: `${report.duplicates} repeated records, ${report.contradictions} contradictory pairs, ${report.skipped} lines skipped.`,
  }
  return renderPage(page)
}

function pairSections(pairs: PairReport): Section[] {
  const { accuracy, calibration, scaled, length, subsets, rewardBench, labelledTies } = pairs
  const curves: [string, string, Calibration][] = [['as they are', blue, calibration]]
  if (scaled) curves.push([`at temperature ${number(scaled.temperature)}`, orange, scaled.calibration])
  const sections: Section[] = [
    {
      kind: 'text',
      title: `Accuracy ${percent(accuracy.estimate)}`,
      paragraphs: [
        `95 % interval ${percent(accuracy.low)} to ${percent(accuracy.high)} on ${pairs.pairs} pairs; ` +
          `${percent(pairs.accuracyTiesHalf)} with half credit for ${pairs.equalScores} equal scores.` +
          (labelledTies.pairs === 0 ? '' : ` ${labelledTies.pairs} labelled ties are left out.`),
      ],
    },
    {
      kind: 'charts',
      title: 'Calibration',
      note: 'Every pair in both orders; on the dashed line, probabilities are what they say.',
      legend: curves.map(([label, colour]) => ({ label, colour })),
      charts: [reliability(curves)],
    },
    {
      kind: 'table',
      title: 'Probabilities',
      head: ['', 'expected error', 'largest error', 'Brier', 'log loss'],
      rows: curves.map(([label, , one]) => [
        label,
        number(one.ece),
        number(one.mce),
        number(one.brier),
        number(one.nll),
      ]),
    },
  ]
  const names = Object.keys(subsets)
  if (names.length > 0) {
    const rows = names.map(label => {
      const { estimate, low, high } = subsets[label].accuracy
      return { label, colour: blue, value: estimate, low, high, points: [] }
    })
    sections.push({
      kind: 'charts',
      title: rewardBench ? `Subsets: RewardBench ${percent(rewardBench.average)}` : 'Subsets',
      ...(rewardBench && {
        note: Object.entries(rewardBench.sections)
          .map(([name, score]) => `${name} ${percent(score)}`)
          .join(', '),
      }),
      charts: [intervalChart(rows, { title: 'Accuracy by subset', xLabel: 'accuracy' })],
    })
  }
  if (length) {
    sections.push({
      kind: 'table',
      title: 'Length',
      note: 'A model that likes length beyond what the labels do scores the longer response higher more often than they do.',
      head: ['', ''],
      rows: [
        ['Spearman’s ρ of score and length', number(length.spearman)],
        ['the longer response is preferred by label', percent(length.longerChosen)],
        ['the longer response scores higher', percent(length.longerScoredHigher)],
        ['accuracy where the longer is preferred', percent(length.accuracyWhenLonger)],
        ['accuracy where the shorter is preferred', percent(length.accuracyWhenShorter)],
      ],
    })
  }
  return sections
}

/** Share that came true over what was predicted, one line a set of probabilities. */
function reliability(curves: readonly (readonly [label: string, colour: string, calibration: Calibration])[]): string {
  const series: Series[] = [{ label: 'calibrated', colour: grey, dashed: true, x: [0, 1], y: [0, 1] }]
  for (const [label, colour, { nonEmptyBins }] of curves) {
    series.push({
      label,
      colour,
      x: nonEmptyBins.map(bin => bin.confidence),
      y: nonEmptyBins.map(bin => bin.accuracy),
    })
  }
  return lineChart(series, {
    title: 'Reliability',
    xLabel: 'predicted probability',
    yLabel: 'share that came true',
    width: 420,
    height: 420,
  })
}
