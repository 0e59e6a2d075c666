import { escapeControls, type Interval } from '@guerdon/core'
import type { PairReport } from '@guerdon/learn'
import colours from 'picocolors'
import { alignedTable } from '../table.ts'
import type { EvaluationReport } from './evaluate.ts'
import type { TrainResult } from './train.ts'

const percent = (share: number | null | undefined): string =>
  share === null || share === undefined ? '–' : `${(100 * share).toFixed(1)} %`
const number = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : value.toFixed(3)
const interval = ({ estimate, low, high }: Interval): string =>
  `${percent(estimate)} [${percent(low)}, ${percent(high)}]`

/** What training came to, for a person. */
export function trainText(result: TrainResult): string {
  const { kind, layout, examples, heldOut, folder, updates, before, loss, heldOutLoss, temperature } = result
  const notes = notesOf(result)
  if (result.cut > 0) notes.push(`${result.cut} responses did not fit whole: raise --length`)
  const lines = [
    `${colours.bold(kind)} from ${examples} examples (layout ${layout}), ${heldOut} held out`,
    `${updates} updates${before > 0 ? ` (${before} of them before)` : ''}: loss ${number(loss)}, held out ${number(heldOutLoss)}`,
    ...(temperature === null ? [] : [`temperature ${number(temperature)}`]),
    ...notes.map(note => colours.yellow(note)),
    `Model: ${colours.underline(escapeControls(folder))}`,
  ]
  return `${lines.join('\n')}\n`
}

function notesOf(counts: {
  readonly duplicates: number
  readonly contradictions: number
  readonly skipped: number
}): string[] {
  const { duplicates, contradictions, skipped } = counts
  return [
    ...(skipped > 0 ? [`${skipped} bad lines skipped`] : []),
    ...(duplicates > 0 ? [`${duplicates} records repeat an earlier one`] : []),
    ...(contradictions > 0 ? [`${contradictions} pairs stand the other way round in an earlier record`] : []),
  ]
}

/** An evaluation, for a person. */
export function evaluationText(report: EvaluationReport): string {
  const { kind, file, layout, records, pairs, choices, steps, attributes, agreement } = report
  const parts = [
    `${colours.bold(escapeControls(report.model))} (${kind}) on ${escapeControls(file)}: ${records} records, layout ${layout}`,
    notesOf(report)
      .map(note => colours.yellow(note))
      .join('\n'),
    pairs === undefined ? '' : pairsText(pairs),
    choices === undefined
      ? ''
      : `best of n ${colours.bold(percent(choices.overall))} over ${choices.prompts} prompts\n${alignedTable(
          ['subset', 'score'],
          Object.entries(choices.subsets).map(([name, score]) => [escapeControls(name), percent(score)]),
        )}`,
    steps === undefined
      ? ''
      : `steps ${colours.bold(percent(steps.accuracy))} right of ${steps.steps}, AUROC ${number(steps.auroc)}, ECE ${number(steps.calibration.ece)}, first error found in ${percent(steps.firstErrorFound)} of ${steps.solutions} solutions`,
    attributes === undefined
      ? ''
      : alignedTable(
          ['attribute', 'responses', 'mean squared error', 'Pearson', 'Spearman'],
          Object.entries(attributes).map(([name, one]) => [
            escapeControls(name),
            `${one.responses}`,
            number(one.meanSquaredError),
            number(one.pearson),
            number(one.spearman),
          ]),
        ),
    agreement === undefined ? '' : `members agree: mean Spearman ${number(agreement.meanSpearman)}`,
  ]
  return `${parts.filter(part => part !== '').join('\n\n')}\n`
}

function pairsText(pairs: PairReport): string {
  const { calibration, scaled, length, rewardBench, labelledTies } = pairs
  const calibrations = [
    ['as they are', calibration] as const,
    ...(scaled ? [[`at temperature ${number(scaled.temperature)}`, scaled.calibration] as const] : []),
  ].map(([name, one]) => [name, number(one.ece), number(one.mce), number(one.brier), number(one.nll)])
  const subsets = Object.entries(pairs.subsets).map(([name, one]) => [
    escapeControls(name),
    `${one.pairs}`,
    interval(one.accuracy),
    number(one.meanDifference),
  ])
  const lines = [
    `accuracy ${colours.bold(interval(pairs.accuracy))} on ${pairs.pairs} pairs; ${percent(pairs.accuracyTiesHalf)} with half credit for ${pairs.equalScores} equal scores`,
    alignedTable(['probabilities', 'ECE', 'MCE', 'Brier', 'log loss'], calibrations),
    subsets.length === 0 ? '' : alignedTable(['subset', 'pairs', 'accuracy', 'mean difference'], subsets),
    rewardBench === undefined
      ? ''
      : `RewardBench ${percent(rewardBench.average)} (${Object.entries(rewardBench.sections)
          .map(([name, score]) => `${name} ${percent(score)}`)
          .join(', ')})`,
    length === undefined
      ? ''
      : `length: Spearman ${number(length.spearman)}; the longer response is preferred in ${percent(length.longerChosen)} of labels and ${percent(length.longerScoredHigher)} of scores; accuracy ${percent(length.accuracyWhenLonger)} where it is, ${percent(length.accuracyWhenShorter)} where it is not`,
    labelledTies.pairs === 0
      ? ''
      : `${labelledTies.pairs} labelled ties; a decided pair lies further apart than a tie with chance ${percent(labelledTies.separation)}`,
  ]
  return lines.filter(line => line !== '').join('\n\n')
}
