import {
  abstained,
  type Column,
  type ColumnData,
  type ColumnName,
  defineStage,
  groupOfRollout,
  numbers,
  type Outcome,
  optionalNumbers,
  optionalTexts,
  Status,
  signalFromOutcomes,
} from '@guerdon/core'
import * as z from 'zod'
import { scoredIndices, withScored } from '../../shared/scored-items.ts'
import {
  branchContrast,
  branchSelect,
  historyNormalizedScores,
  type StageHistory,
  weightedAdvantages,
} from './scores.ts'

/** Schema of the stage's options. */
export const b2DiffurlOptions = z.strictObject({
  advantage: z
    .enum(['official', 'siblingCentred'])
    .default('official')
    .describe("the prompt-normalised score, or the reward minus the siblings' mean"),
  historyCount: z.int().min(0).default(8).describe("earlier batches in a prompt's pool"),
  positiveThreshold: z.number().default(0.5).describe('the best sibling is kept from this score on'),
  negativeThreshold: z.number().default(-0.5).describe('the worst sibling is kept below this score'),
  positiveWeight: z.number().default(1).describe('β₁'),
  negativeWeight: z.number().default(1).describe('β₂'),
  advantageClip: z.number().positive().default(5).describe('scores are held within ± this'),
})

/** State: rewards of recent batches by prompt. */
export interface B2State {
  readonly history: StageHistory
}

/**
 * Keeps the clearly best and the clearly worst of siblings that share a prefix. Siblings are the rollouts of a group with
 * one `rollout.branchId` (the whole group when there is none). Rollouts that are not kept abstain. With `rollout.forkTurn`,
 * `turn.trainMask` is 1 from the fork on: what siblings share must not be trained.
 */
export const b2DiffurlStage = defineStage<z.infer<typeof b2DiffurlOptions>, B2State>({
  name: 'b2-diffurl',
  about: 'keeps the best and the worst of siblings that share a prefix, and masks what they share',
  options: b2DiffurlOptions,
  reads: () => [
    { name: 'rollout.score', kind: 'number', about: 'terminal reward of the rollout' },
    {
      name: 'rollout.branchId',
      kind: 'text',
      about: 'branch point the rollout continues; siblings share it',
      optional: true,
    },
    { name: 'rollout.forkTurn', kind: 'number', about: 'first turn after the branch point', optional: true },
  ],
  writes: () => {
    const columns: Column[] = [
      { name: 'rollout.advantage', kind: 'number', about: 'weighted advantage of a kept rollout; others abstain' },
      { name: 'rollout.normalizedScore', kind: 'number', about: "score normalised by the prompt's recent rewards" },
      { name: 'turn.trainMask', kind: 'number', about: '1 on turns after the branch point', optional: true },
    ]
    return columns
  },
  initial: () => ({ history: [] }),
  apply: (batch, state, options) => {
    const score = numbers(batch, 'rollout.score')
    const branchIds = optionalTexts(batch, 'rollout.branchId')
    const group = groupOfRollout(batch)
    const indices = Array.from(scoredIndices(score))
    const prompts = indices.map(i => batch.groupIds[group[i]])
    const rewards = indices.map(i => score.values[i])
    const stage = historyNormalizedScores(state.history, prompts, rewards, options)
    const siblings = new Map<string, number[]>()
    for (const [k, i] of indices.entries()) {
      const key = JSON.stringify([group[i], branchIds?.[i] ?? ''])
      siblings.set(key, [...(siblings.get(key) ?? []), k])
    }
    const groups = [...siblings.values()]
    const kept = branchSelect(
      groups.map(members => members.map(k => stage.scores[k])),
      options,
    )
    const contrast = branchContrast(groups.map(members => members.map(k => rewards[k])))
    const raw = kept.map(({ group: g, branch, score: normalised }) =>
      options.advantage === 'official' ? normalised : contrast.withinBranch[g][branch],
    )
    const weighted = weightedAdvantages(raw, options)
    const advantages = new Map<number, Outcome>(indices.map(i => [i, abstained('not selected')]))
    for (const [n, { group: g, branch }] of kept.entries()) {
      advantages.set(indices[groups[g][branch]], { status: 'scored', value: weighted[n] })
    }
    const normalised = new Map<number, Outcome>(
      indices.map((i, k) => {
        const value = stage.scores[k]
        return [i, value === null ? abstained('one reward gives no deviation') : { status: 'scored', value }]
      }),
    )
    const columns: Record<ColumnName, ColumnData> = {
      'rollout.advantage': withScored(score, [], [], advantages),
      'rollout.normalizedScore': withScored(score, [], [], normalised),
    }
    const fork = optionalNumbers(batch, 'rollout.forkTurn')
    if (fork) {
      const mask: Outcome[] = []
      for (let r = 0; r < batch.rolloutIds.length; r++) {
        for (let t = batch.turnOffsets[r]; t < batch.turnOffsets[r + 1]; t++) {
          const known = fork.status[r] === Status.scored
          mask.push(
            known
              ? { status: 'scored', value: t - batch.turnOffsets[r] >= fork.values[r] ? 1 : 0 }
              : abstained('no fork'),
          )
        }
      }
      columns['turn.trainMask'] = signalFromOutcomes('turn', mask)
    }
    return { columns, state: { history: stage.history } }
  },
})
