import { escapeControls, type JsonlReport } from '@guerdon/core'
import colours from 'picocolors'
import { alignedTable } from '../table.ts'
import { excerpt, formatCount, formatItems, formatNumber, formatShare, formatTime } from './format.ts'
import { histogramLines } from './histogram-text.ts'
import type { ColumnSummary, RankedItem, ScoreSummary } from './summary.ts'

/** How long scoring took, reading and writing left out. */
export interface ScoreTiming {
  readonly totalMs: number
  readonly perRolloutMs: number
  /** In the order of the recipe. */
  readonly steps: readonly { readonly stage: string; readonly perRolloutMs: number }[]
}

/** The summary for a person. */
export function summaryText(file: string, summary: ScoreSummary, reading: JsonlReport, timing: ScoreTiming): string {
  const { recipe, final } = summary
  const parts = [
    `${colours.bold(escapeControls(recipe.name))} ${colours.dim(recipe.version.slice(0, 12))} on ${escapeControls(file)}`,
    `${formatItems(summary.rollouts, 'rollout')} in ${formatItems(summary.groups, 'group')}${skippedText(reading)}`,
    `${colours.bold(final.column)}\n${histogramText(final)}`,
    columnsText(summary.columns),
    failuresText(summary.columns),
    groupsText(summary),
    timingText(timing),
    rankedText('highest', summary.top),
    rankedText('lowest', summary.bottom),
    faultsText(reading),
  ]
  return `${parts.filter(part => part !== '').join('\n\n')}\n`
}

function skippedText({ skipped }: JsonlReport): string {
  return skipped === 0 ? '' : `, ${colours.yellow(`${formatItems(skipped, 'line')} skipped`)}`
}

function histogramText(final: ScoreSummary['final']): string {
  if (final.histogram.length === 0) return `  ${colours.yellow('no rollout was scored')}`
  const quantiles = Object.entries(final.quantiles).map(([name, value]) => `${name} ${formatNumber(value)}`)
  return [...histogramLines(final.histogram), `  ${quantiles.join('  ')}`].join('\n')
}

function columnsText(columns: readonly ColumnSummary[]): string {
  const rows = columns.map(column => [
    column.column,
    formatCount(column.items),
    formatShare(column.scored, column.items),
    formatCount(column.abstained),
    formatCount(column.failed),
    formatNumber(column.mean),
    formatNumber(column.deviation),
    formatNumber(column.minimum),
    formatNumber(column.maximum),
  ])
  return alignedTable(['column', 'items', 'scored', 'abstained', 'failed', 'mean', 'std', 'min', 'max'], rows)
}

function failuresText(columns: readonly ColumnSummary[]): string {
  const lines = columns.flatMap(({ column, failures }) =>
    Object.entries(failures).map(([name, count]) => `  ${column}: ${formatCount(count)} ${name}`),
  )
  return lines.length === 0 ? '' : `${colours.red('failures')}\n${lines.join('\n')}`
}

function groupsText({ groups, groupSpread, ties }: ScoreSummary): string {
  const { comparable, zeroVariance, tooFew, mixedPrompts } = groupSpread
  const mixed =
    mixedPrompts === 0
      ? ''
      : `\n${colours.yellow(`${formatItems(mixedPrompts, 'group')} with different prompts`)}: one group id for two questions?`
  if (comparable === 0) return `no group has two scored rollouts to compare (${formatItems(groups, 'group')})${mixed}`
  const flat = `${formatCount(zeroVariance)} of ${formatItems(comparable, 'group')} without variance (${formatShare(zeroVariance, comparable)})`
  const few = tooFew === 0 ? '' : `; ${formatItems(tooFew, 'group')} with fewer than two scored rollouts`
  return `${flat}${few}\n${formatCount(ties.tied)} of ${formatItems(ties.pairs, 'pair')} within groups tied (${formatShare(ties.tied, ties.pairs)})${mixed}`
}

function timingText(timing: ScoreTiming): string {
  const steps = timing.steps.map(({ stage, perRolloutMs }) => `${stage} ${formatTime(perRolloutMs)}`)
  return `${formatTime(timing.perRolloutMs)} a rollout (${steps.join(', ')})`
}

function rankedText(title: string, items: readonly RankedItem[]): string {
  if (items.length === 0) return ''
  const width = Math.max(...items.map(item => formatNumber(item.reward).length))
  const lines = items.map(
    ({ reward, rollout, line, response }) =>
      `  ${formatNumber(reward).padStart(width)}  ${excerpt(rollout, 24)} ${colours.dim(`line ${line}`)}  ${excerpt(response, 60)}`,
  )
  return `${title}\n${lines.join('\n')}`
}

function faultsText({ faults, skipped }: JsonlReport): string {
  if (skipped === 0) return ''
  const more = skipped > faults.length ? `\n  … and ${formatCount(skipped - faults.length)} more` : ''
  return `${colours.yellow('skipped')}\n${faults.map(fault => `  ${escapeControls(fault.message)}`).join('\n')}${more}`
}
