import { type Contribution, type ExplainedColumn, type Explanation, escapeControls, type Outcome } from '@guerdon/core'
import colours from 'picocolors'
import { excerpt, formatNumber } from './format.ts'

const SHOWN = 8

/** How a rollout's final number came about, for a person. */
export function explanationText(explanation: Explanation): string {
  const lines = [
    `${colours.bold(excerpt(explanation.rollout, 60))} of group ${excerpt(explanation.group, 60)}, ${escapeControls(explanation.recipe.name)} ${colours.dim(explanation.recipe.version.slice(0, 12))}`,
  ]
  explanation.steps.forEach((step, index) => {
    lines.push('', `${index + 1}. ${colours.bold(step.stage)}  ${colours.dim(step.about)}`)
    for (const column of step.reads) lines.push(`   ${colours.dim('from')} ${columnText(column)}`)
    step.contributions.slice(0, SHOWN).forEach((parts, item) => {
      if (step.contributions.length > 1) lines.push(`   ${colours.dim(`item ${item}`)}`)
      for (const part of parts) lines.push(`     ${contributionText(part)}`)
    })
    for (const column of step.writes) lines.push(`   ${colours.dim('gives')} ${columnText(column)}`)
  })
  lines.push('', `${colours.bold('final')} ${columnText(explanation.final)}`)
  return `${lines.join('\n')}\n`
}

function contributionText({ column, value, weight, contribution, note }: Contribution): string {
  const result = contribution === undefined ? '' : ` → ${formatNumber(contribution)}`
  const remark = note === undefined ? '' : colours.dim(` (${note})`)
  return `${column} ${outcomeText(value)} × ${formatNumber(weight)}${result}${remark}`
}

function columnText({ column, kind, values }: ExplainedColumn): string {
  const shown = values
    .slice(0, SHOWN)
    .map(value => (kind === 'number' ? outcomeText(value as Outcome) : excerpt(valueText(value), 60)))
  const more = values.length > SHOWN ? `, … ${values.length} in all` : ''
  const text = shown.join(', ') + more
  return `${column} = ${values.length === 1 ? text : `[${text}]`}`
}

function valueText(value: unknown): string {
  if (value === undefined) return 'absent'
  return typeof value === 'string' ? JSON.stringify(value) : (JSON.stringify(value) ?? String(value))
}

function outcomeText(outcome: Outcome): string {
  if (outcome.status === 'scored') return formatNumber(outcome.value)
  if (outcome.status === 'abstained')
    return outcome.reason === undefined ? 'abstained' : `abstained (${excerpt(outcome.reason, 60)})`
  return colours.red(`failed: ${outcome.failure.class} (${excerpt(outcome.failure.message, 60)})`)
}
