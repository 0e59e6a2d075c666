import { escapeControls } from '@guerdon/core'
import colours from 'picocolors'
import { excerpt, formatCount, formatItems, formatNumber, formatShare } from '../score/format.ts'
import { histogramLines } from '../score/histogram-text.ts'
import { alignedTable } from '../table.ts'
import type { ChangedRollout, Rescored } from './rescore.ts'

/** What another recipe would have changed, for a person. */
export function rescoreText(result: Rescored): string {
  const { rollouts, groups, changed, flipped, gainedNumber, lostNumber, groupsAwake, groupsAsleep } = result
  const head = `${colours.bold(escapeControls(result.run))}: ${escapeControls(result.after.name)} ${colours.dim(result.after.version.slice(0, 12))} against ${result.before === 'stored' ? 'the rewards it was given' : colours.dim(result.before.slice(0, 12))}`
  const counts = [
    `${formatCount(changed)} of ${formatItems(rollouts, 'rollout')} in ${formatItems(groups, 'group')} change their advantage (${formatShare(changed, rollouts)})`,
    `${formatCount(flipped)} change its sign, ${formatCount(gainedNumber)} gain a number, ${formatCount(lostNumber)} lose theirs`,
    `${formatItems(groupsAwake, 'group')} that taught nothing now do, ${formatItems(groupsAsleep, 'group')} no longer do`,
    `|change| ${formatNumber(result.meanChange)} on average, ${formatNumber(result.largestChange)} at most`,
  ]
  const parts = [head, counts.join('\n')]
  if (changed > 0 && result.histogram.length > 0) {
    parts.push([colours.bold('change of advantage'), ...histogramLines(result.histogram)].join('\n'))
  }
  if (result.top.length > 0) parts.push(`${colours.bold('changed most')}\n${topText(result.top)}`)
  return `${parts.join('\n\n')}\n`
}

function topText(top: readonly ChangedRollout[]): string {
  const rows = top.map(({ id, group, before, after, change }) => [
    excerpt(id, 30),
    excerpt(group, 30),
    formatNumber(before.reward),
    formatNumber(after.reward),
    formatNumber(before.advantage),
    formatNumber(after.advantage),
    formatNumber(change),
  ])
  return alignedTable(['rollout', 'group', 'reward', '→', 'advantage', '→', 'change'], rows)
}
