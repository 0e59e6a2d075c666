import {
  defineStage,
  failed,
  groupOfRollout,
  type Outcome,
  scored,
  signalFromOutcomes,
  textColumn,
  texts,
} from '@guerdon/core'
import * as z from 'zod'
import { mathBoxedAnswer } from '../../shared/boxed.ts'
import { groupItems, groupNormalise } from '../../shared/group-normalise.ts'
import { crossReferenceRewards } from './rewards.ts'

/** Options of the stage. */
export const coRewardOptions = z.strictObject({
  answers: z
    .enum(['response', 'column'])
    .default('response')
    .describe('read the last \\boxed answer of rollout.response, or take rollout.answer as it is'),
  epsilon: z.number().positive().default(1e-6).describe('added to the standard deviation of a view of a group'),
  singleton: z
    .enum(['raw', 'zero'])
    .default('raw')
    .describe('advantage of the only response of a view: its reward, or 0'),
})

export type CoRewardStageOptions = z.infer<typeof coRewardOptions>

/**
 * Writes `rollout.reward` and `rollout.advantage` without any label. A group is one question in both wordings; `rollout.view`
 * says which wording a rollout answered. A response without an answer earns 0, as a wrong one does; a rollout without a view
 * or a response, or whose question has one wording only, fails.
 */
export const coRewardStage = defineStage<CoRewardStageOptions, null>({
  name: 'co-reward',
  about: 'rewards the answer that the other wording of the question voted for',
  options: coRewardOptions,
  reads: ({ answers }) => [
    { name: 'rollout.view', kind: 'text', about: '"original" or "rephrased": the wording the rollout answered' },
    answers === 'response'
      ? { name: 'rollout.response', kind: 'text', about: 'response that ends in a \\boxed answer' }
      : { name: 'rollout.answer', kind: 'text', about: 'the extracted answer; blank when there is none' },
  ],
  writes: () => [
    {
      name: 'rollout.reward',
      kind: 'number',
      about: '1 where the answer is the one the other wording voted for, else 0',
    },
    { name: 'rollout.advantage', kind: 'number', about: 'reward normalised among the rollouts of the same wording' },
    { name: 'rollout.coRewardLabel', kind: 'text', about: 'the pseudo-label a rollout was compared with' },
    { name: 'group.coRewardAgreement', kind: 'number', about: '1 where both wordings voted for the same answer' },
  ],
  initial: () => null,
  apply: (batch, state, options) => {
    const views = texts(batch, 'rollout.view')
    const given = texts(batch, options.answers === 'response' ? 'rollout.response' : 'rollout.answer')
    const rewards: Outcome[] = Array.from(batch.rolloutIds, () => failed('bug', 'not reached', 'co-reward'))
    const labels: (string | undefined)[] = batch.rolloutIds.map(() => undefined)
    const agreement: Outcome[] = []
    for (let g = 0; g < batch.groupIds.length; g++) {
      const members = { original: [] as number[], rephrased: [] as number[] }
      for (let r = batch.groupOffsets[g]; r < batch.groupOffsets[g + 1]; r++) {
        const view = views[r]
        const has = options.answers === 'column' || given[r] !== undefined
        if ((view === 'original' || view === 'rephrased') && has) members[view].push(r)
        else
          rewards[r] = failed('invalid_input', 'expected a view "original" or "rephrased" and a response', 'co-reward')
      }
      if (members.original.length === 0 || members.rephrased.length === 0) {
        const lone = failed('invalid_input', 'expected responses to both wordings of the question', 'co-reward')
        for (const r of [...members.original, ...members.rephrased]) rewards[r] = lone
        agreement.push(lone)
        continue
      }
      const answered = (rows: readonly number[]) => ({
        groups: rows.map(() => g),
        answers: rows.map(r => (options.answers === 'column' ? given[r] : mathBoxedAnswer(given[r] ?? '')) ?? null),
      })
      const result = crossReferenceRewards(answered(members.original), answered(members.rephrased))
      const voted = result.labels.get(g)
      for (const view of ['original', 'rephrased'] as const) {
        members[view].forEach((r, k) => {
          rewards[r] = scored(result[view][k])
          labels[r] = view === 'original' ? voted?.rephrased : voted?.original
        })
      }
      const agree = voted?.original !== undefined && voted.original === voted.rephrased
      agreement.push(scored(agree ? 1 : 0))
    }
    const reward = signalFromOutcomes('rollout', rewards)
    const flags = reward.status.map(status => (status === 0 ? 1 : 0))
    const cells = groupItems(Array.from(groupOfRollout(batch), (g, r) => `${g} ${views[r]}`))
    const { epsilon, singleton } = options
    const advantages = groupNormalise(reward.values, cells, { epsilon, singleton }, flags)
    const advantage = rewards.map((own, r) => (own.status === 'scored' ? scored(advantages[r]) : own))
    return {
      columns: {
        'rollout.reward': reward,
        'rollout.advantage': signalFromOutcomes('rollout', advantage),
        'rollout.coRewardLabel': textColumn('rollout', labels),
        'group.coRewardAgreement': signalFromOutcomes('group', agreement),
      },
      state,
    }
  },
})
