import { defineStage, jsonColumn, levelSize, numbers, type RolloutBatch, Status, texts } from '@guerdon/core'
import * as z from 'zod'
import { valuesInside } from '../../shared/value-signals.ts'
import { backpropagate, preferencePairs, type TreeCounts } from './tree.ts'

/** Options of the stage. */
export const srmMctsOptions = z.strictObject({
  minGap: z
    .number()
    .min(0)
    .max(1)
    .default(0.7)
    .describe('a step preference needs a strictly larger difference of values'),
  minVisits: z.int().min(1).default(1).describe('steps with fewer rollouts through them form no preferences'),
})

/** Options of the stage, every default filled in. */
export type SrmMctsStageOptions = z.infer<typeof srmMctsOptions>

/** A step preference of one group: texts of the shared steps and of the two that follow them. */
export interface StepPreference {
  readonly history: readonly string[]
  readonly preferred: string
  readonly rejected: string
  readonly gap: number
}

/**
 * Annotates the steps of recorded rollouts as the search does its nodes: rollouts of a group that share their first turns
 * share tree nodes, a node's value is the share of correct rollouts through it, and siblings whose values differ by more
 * than the gap become step preferences. Rollouts with an unscored outcome are not in the tree.
 */
export const srmMctsStage = defineStage<SrmMctsStageOptions, null>({
  name: 'srm-mcts',
  about: 'values every step by the rollouts that share it, and turns clearly different siblings into step preferences',
  options: srmMctsOptions,
  reads: () => [
    { name: 'rollout.outcome', kind: 'number', about: 'verified outcome in [0, 1]' },
    { name: 'turn.action', kind: 'text', about: 'text of each step; equal texts after equal steps are one node' },
  ],
  writes: () => [
    { name: 'turn.srmMctsValue', kind: 'number', about: 'share of correct rollouts of the group through this step' },
    { name: 'turn.srmMctsVisits', kind: 'number', about: 'number of rollouts through this step' },
    { name: 'group.srmMctsPairs', kind: 'json', about: 'step preferences {history, preferred, rejected, gap}' },
  ],
  initial: () => null,
  apply: (batch, state, options) => {
    const outcome = numbers(batch, 'rollout.outcome')
    const actions = texts(batch, 'turn.action')
    const values = new Float64Array(levelSize(batch, 'turn'))
    const visits = new Float64Array(values.length)
    const pairs = batch.groupIds.map((_, g): StepPreference[] => {
      const rows: number[] = []
      for (let r = batch.groupOffsets[g]; r < batch.groupOffsets[g + 1]; r++) {
        if (outcome.status[r] === Status.scored) rows.push(r)
      }
      const tree = prefixTree(batch, rows, actions)
      const rollouts = rows.map((r, k) => ({ leaf: tree.leaves[k], outcome: outcome.values[r] }))
      const counts = backpropagate(tree.parents, rollouts)
      tree.nodeOfTurn.forEach((node, turn) => {
        values[turn] = counts.values[node]
        visits[turn] = counts.visits[node]
      })
      return preferences(tree, counts, options)
    })
    return {
      columns: {
        'turn.srmMctsValue': valuesInside(batch, outcome, 'turn', values),
        'turn.srmMctsVisits': valuesInside(batch, outcome, 'turn', visits),
        'group.srmMctsPairs': jsonColumn('group', pairs),
      },
      state,
    }
  },
})

interface PrefixTree {
  readonly parents: (number | null)[]
  readonly labels: string[]
  /** Last node of each rollout. */
  readonly leaves: number[]
  readonly nodeOfTurn: Map<number, number>
}

function prefixTree(
  batch: RolloutBatch,
  rows: readonly number[],
  actions: readonly (string | undefined)[],
): PrefixTree {
  const parents: (number | null)[] = [null]
  const labels = ['']
  const children: Map<string, number>[] = [new Map()]
  const nodeOfTurn = new Map<number, number>()
  const leaves = rows.map(r => {
    let node = 0
    for (let t = batch.turnOffsets[r]; t < batch.turnOffsets[r + 1]; t++) {
      const label = actions[t] ?? ''
      let next = children[node].get(label)
      if (next === undefined) {
        next = parents.length
        parents.push(node)
        labels.push(label)
        children.push(new Map())
        children[node].set(label, next)
      }
      nodeOfTurn.set(t, next)
      node = next
    }
    return node
  })
  return { parents, labels, leaves, nodeOfTurn }
}

function preferences(tree: PrefixTree, counts: TreeCounts, options: SrmMctsStageOptions): StepPreference[] {
  return preferencePairs({ parents: tree.parents, ...counts }, options).map(([preferred, rejected]) => {
    const history: string[] = []
    for (let node = tree.parents[preferred]; node !== null && node !== 0; node = tree.parents[node]) {
      history.unshift(tree.labels[node])
    }
    return {
      history,
      preferred: tree.labels[preferred],
      rejected: tree.labels[rejected],
      gap: counts.values[preferred] - counts.values[rejected],
    }
  })
}
