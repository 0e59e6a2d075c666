import {
  type Column,
  type FailureClass,
  type Level,
  mergeMoments,
  momentsOf,
  momentsVariance,
  moveSignal,
  noMoments,
  numbers,
  outcomeAt,
  type Recipe,
  type RolloutBatch,
  type RunningMoments,
  type Signal,
  Status,
  texts,
} from '@guerdon/core'
import { createHistogram } from './histogram.ts'

/** What became of the items of one column. */
export interface ColumnSummary {
  readonly column: string
  readonly level: Level
  readonly items: number
  readonly scored: number
  readonly abstained: number
  readonly failed: number
  /** How many failed, by class. */
  readonly failures: Partial<Record<FailureClass, number>>
  /** Share of items that were scored; null without items. */
  readonly validity: number | null
  readonly mean: number | null
  /** Sample standard deviation; null below two scored items. */
  readonly deviation: number | null
  readonly minimum: number | null
  readonly maximum: number | null
}

/** One rollout at the top or bottom. */
export interface RankedItem {
  readonly rollout: string
  readonly line: number
  readonly reward: number
  readonly response: string
}

/** What a recipe did to a file. */
export interface ScoreSummary {
  readonly recipe: { readonly name: string; readonly version: string; readonly final: string }
  readonly rollouts: number
  readonly groups: number
  readonly final: ColumnSummary & {
    readonly quantiles: Readonly<Record<string, number>>
    readonly histogram: readonly { low: number; high: number; count: number }[]
  }
  readonly columns: readonly ColumnSummary[]
  /** Pairs of scored rollouts of one group with the same reward. */
  readonly ties: { readonly pairs: number; readonly tied: number }
  readonly groupSpread: {
    /** Groups with two or more scored rollouts. */
    readonly comparable: number
    /** Of these, how many have one reward throughout: they teach a group method nothing. */
    readonly zeroVariance: number
    readonly tooFew: number
    /** Groups whose rollouts answer different prompts: meant by a few methods, else a group id used twice. */
    readonly mixedPrompts: number
  }
  readonly top: readonly RankedItem[]
  readonly bottom: readonly RankedItem[]
}

/** Gathers a summary batch by batch in constant memory. */
export interface SummaryBuilder {
  add(batch: RolloutBatch, lines: ReadonlyMap<string, number>): void
  summary(): ScoreSummary
}

const RANKED = 5
const BARS = 12

export function createSummary(recipe: Recipe): SummaryBuilder {
  const written = recipe.writes.filter(column => column.kind === 'number').map(createColumnSummary)
  const histogram = createHistogram()
  const ties = { pairs: 0, tied: 0 }
  const groupSpread = { comparable: 0, zeroVariance: 0, tooFew: 0, mixedPrompts: 0 }
  let rollouts = 0
  let groups = 0
  let top: RankedItem[] = []
  let bottom: RankedItem[] = []
  return {
    add: (batch, lines) => {
      rollouts += batch.rolloutIds.length
      groups += batch.groupIds.length
      for (const column of written) column.add(batch)
      const final = numbers(batch, recipe.final)
      final.values.forEach((value, i) => {
        if (final.status[i] === Status.scored) histogram.add(value)
      })
      const rewards = onRollouts(batch, final)
      for (let g = 0; g < batch.groupIds.length; g++) {
        addGroup(scoredValues(rewards, batch.groupOffsets[g], batch.groupOffsets[g + 1]), ties, groupSpread)
      }
      groupSpread.mixedPrompts += texts(batch, 'group.prompt').filter(prompt => prompt === undefined).length
      const ranked = rankedItems(batch, rewards, lines)
      top = [...top, ...ranked].sort((a, b) => b.reward - a.reward).slice(0, RANKED)
      bottom = [...bottom, ...ranked].sort((a, b) => a.reward - b.reward).slice(0, RANKED)
    },
    summary: () => {
      const columns = written.map(column => column.summary())
      const final = columns.find(column => column.column === recipe.final) as ColumnSummary
      const quantiles: Record<string, number> = {}
      for (const percent of [5, 25, 50, 75, 95]) {
        const value = histogram.quantile(percent / 100)
        if (value !== undefined) quantiles[`p${percent}`] = value
      }
      return {
        recipe: { name: recipe.name, version: recipe.version, final: recipe.final },
        rollouts,
        groups,
        final: { ...final, quantiles, histogram: histogram.bars(BARS) },
        columns,
        ties,
        groupSpread,
        top,
        bottom,
      }
    },
  }
}

function createColumnSummary(column: Column): { add(batch: RolloutBatch): void; summary(): ColumnSummary } {
  let moments: RunningMoments = noMoments
  let items = 0
  let abstained = 0
  let level: Level = 'rollout'
  const failures: Partial<Record<FailureClass, number>> = {}
  return {
    add: batch => {
      const data = batch.columns.get(column.name)
      if (data?.kind !== 'number') return
      level = data.level
      items += data.values.length
      moments = mergeMoments(moments, momentsOf(scoredValues(data, 0, data.values.length)))
      for (let i = 0; i < data.status.length; i++) {
        if (data.status[i] === Status.abstained) abstained++
        else if (data.status[i] === Status.failed) {
          const outcome = outcomeAt(data, i)
          const failureClass = outcome.status === 'failed' ? outcome.failure.class : 'bug'
          failures[failureClass] = (failures[failureClass] ?? 0) + 1
        }
      }
    },
    summary: () => ({
      column: column.name,
      level,
      items,
      scored: moments.count,
      abstained,
      failed: items - moments.count - abstained,
      failures,
      validity: items === 0 ? null : moments.count / items,
      mean: moments.count === 0 ? null : moments.mean,
      deviation: moments.count < 2 ? null : Math.sqrt(momentsVariance(moments, { ddof: 1 })),
      minimum: moments.minimum,
      maximum: moments.maximum,
    }),
  }
}

/** The final signal as one number a rollout: summed from inside, handed down from the group. */
function onRollouts(batch: RolloutBatch, final: Signal): Signal {
  if (final.level === 'rollout') return final
  return moveSignal(batch, final, 'rollout', final.level === 'group' ? 'spread' : 'sum')
}

function scoredValues(column: Signal, start: number, end: number): Float64Array {
  const values = new Float64Array(end - start)
  let count = 0
  for (let i = start; i < end; i++) if (column.status[i] === Status.scored) values[count++] = column.values[i]
  return values.subarray(0, count)
}

function addGroup(
  values: Float64Array,
  ties: { pairs: number; tied: number },
  spread: { comparable: number; zeroVariance: number; tooFew: number },
): void {
  if (values.length < 2) {
    spread.tooFew++
    return
  }
  spread.comparable++
  values.sort()
  if (values[0] === values[values.length - 1]) spread.zeroVariance++
  ties.pairs += (values.length * (values.length - 1)) / 2
  for (let start = 0; start < values.length; ) {
    let end = start + 1
    while (end < values.length && values[end] === values[start]) end++
    ties.tied += ((end - start) * (end - start - 1)) / 2
    start = end
  }
}

function rankedItems(batch: RolloutBatch, rewards: Signal, lines: ReadonlyMap<string, number>): RankedItem[] {
  const responses = texts(batch, 'rollout.response')
  const items: RankedItem[] = []
  batch.rolloutIds.forEach((rollout, r) => {
    if (rewards.status[r] !== Status.scored) return
    items.push({
      rollout,
      line: lines.get(rollout) ?? 0,
      reward: rewards.values[r],
      response: (responses[r] ?? '').slice(0, 200),
    })
  })
  return items
}
