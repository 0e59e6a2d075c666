import { type ColumnData, type ColumnName, defineStage, GuerdonError, numbers, Status, signal } from '@guerdon/core'
import * as z from 'zod'
import { numberLists, withScored } from '../../shared/scored-items.ts'
import { addToGrid, archiveStatistics, type Elite, emptyGridArchive } from './grid-archive.ts'

/** Schema of the options of the stage `mapElitesStage`. */
export const mapElitesOptions = z.strictObject({
  dims: z.array(z.int().min(1)).min(1).default([10, 10]).describe('cells along each entry of the descriptor'),
  lower: z.array(z.number()).min(1).default([0, 0]).describe('lower end of each entry of the descriptor'),
  upper: z.array(z.number()).min(1).default([1, 1]).describe('upper end of each entry of the descriptor'),
  learningRate: z.number().min(0).max(1).default(1).describe('how far thresholds follow (CMA-MAE); 1 is MAP-Elites'),
  thresholdMin: z.number().nullable().default(null).describe('first threshold of a cell; null lets anything in'),
  qdScoreOffset: z.number().default(0).describe('lower bound of the score, for the QD score'),
})

/** What the stage remembers: the elites, whose solution is the id of the rollout they came from. */
export interface MapElitesState {
  readonly elites: readonly Elite<string>[]
  readonly bestObjective: number | null
}

/**
 * Keeps a MAP-Elites archive over the rollouts that pass: each is judged against the archive as it was before the batch.
 * `rollout.reward` is the improvement it brought, floored at 0 — an intrinsic reward for being the first or the best of its
 * kind —, `rollout.qdStatus` says whether it opened a cell (2), improved one (1) or neither (0).
 *
 * A rollout that failed or abstained keeps that outcome; one without a descriptor abstains.
 */
export const mapElitesStage = defineStage<z.infer<typeof mapElitesOptions>, MapElitesState>({
  name: 'baselines-qd-diffusion',
  about: 'keeps the best rollout of each kind of behaviour and rewards opening or improving a cell',
  options: mapElitesOptions,
  reads: () => [
    { name: 'rollout.score', kind: 'number', about: 'objective of the rollout' },
    { name: 'rollout.descriptor', kind: 'json', about: 'list of finite numbers: what kind of behaviour it is' },
  ],
  writes: () => [
    { name: 'rollout.reward', kind: 'number', about: 'improvement brought to the archive, ≥ 0' },
    { name: 'rollout.qdStatus', kind: 'number', about: '2 opened a cell, 1 improved one, 0 neither' },
    { name: 'rollout.qdValue', kind: 'number', about: 'objective, or objective minus the threshold of its cell' },
    {
      name: 'group.qdCoverage',
      kind: 'number',
      about: 'share of cells filled after the batch, the same in each group',
    },
    { name: 'group.qdScore', kind: 'number', about: 'Σ (objective − offset) over the elites, the same in each group' },
  ],
  initial: () => ({ elites: [], bestObjective: null }),
  apply: (batch, state, options) => {
    const score = numbers(batch, 'rollout.score')
    const descriptors = numberLists(batch, 'rollout.descriptor')
    const judged = Array.from(score.status.keys()).filter(
      i => score.status[i] === Status.scored && descriptors[i] !== undefined,
    )
    const measures = judged.map(i => {
      const descriptor = descriptors[i] ?? []
      if (descriptor.length === options.dims.length) return descriptor
      throw new GuerdonError(
        'shape_mismatch',
        `expected rollout.descriptor with ${options.dims.length} numbers; rollout "${batch.rolloutIds[i]}" has ${descriptor.length}`,
        { path: ['rollout.descriptor', i], rollout: batch.rolloutIds[i] },
      )
    })
    const empty = emptyGridArchive<string>(options, options)
    const { archive, status, value } = addToGrid(
      { ...empty, ...state },
      { objectives: judged.map(i => score.values[i]), measures, solutions: judged.map(i => batch.rolloutIds[i]) },
    )
    const statistics = archiveStatistics(archive)
    const lacking = new Map(
      Array.from(score.status.keys())
        .filter(i => score.status[i] === Status.scored && descriptors[i] === undefined)
        .map(i => [i, { status: 'abstained', reason: 'no descriptor' } as const]),
    )
    const written = (values: ArrayLike<number>) => withScored(score, judged, values, lacking)
    const everyGroup = (number: number) => signal('group', new Float64Array(batch.groupIds.length).fill(number))
    const columns: Record<ColumnName, ColumnData> = {
      'rollout.reward': written(value.map((entry, k) => (status[k] > 0 ? Math.max(entry, 0) : 0))),
      'rollout.qdStatus': written(status),
      'rollout.qdValue': written(value),
      'group.qdCoverage': everyGroup(statistics.coverage),
      'group.qdScore': everyGroup(statistics.qdScore),
    }
    return { columns, state: { elites: archive.elites, bestObjective: archive.bestObjective } }
  },
})
