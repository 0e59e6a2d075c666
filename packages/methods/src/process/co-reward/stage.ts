import {
  abstained,
  defineStage,
  failed,
  groupOfRollout,
  type Outcome,
  optionalTexts,
  type RolloutBatch,
  scored,
  signalFromOutcomes,
  textColumn,
  texts,
} from '@guerdon/core'
import * as z from 'zod'
import { mathBoxedAnswer } from '../../shared/boxed.ts'
import { groupItems, groupNormalise } from '../../shared/group-normalise.ts'
import { crossReferenceRewards, majorityAnswer, ownVoteRewards } from './rewards.ts'

/** Options of the stage. */
export const coRewardOptions = z.strictObject({
  answers: z
    .enum(['response', 'column'])
    .default('response')
    .describe('read the last \\boxed answer of rollout.response, or take rollout.answer as it is'),
  label: z
    .enum(['other', 'own'])
    .default('other')
    .describe(
      'the vote that pays: of the other wording, or of the own one (majority voting, the rival that collapses)',
    ),
  epsilon: z.number().positive().default(1e-6).describe('added to the standard deviation of a view of a group'),
  singleton: z
    .enum(['raw', 'zero'])
    .default('raw')
    .describe('advantage of the only response of a view: its reward, or 0'),
})

/** Options of the stage, every default filled in. */
export type CoRewardStageOptions = z.infer<typeof coRewardOptions>

/**
 * Writes `rollout.reward` and `rollout.advantage` without any label. `rollout.view` says which wording of its question a
 * rollout answered; the groups of both wordings carry the same `group.question` (without it, one group holds both). A response without an answer earns 0, as a wrong one does; a rollout without a view
 * or a response, or whose question has one wording only, fails (with `label: 'own'` one wording is enough).
 */
export const coRewardStage = defineStage<CoRewardStageOptions, null>({
  name: 'co-reward',
  about: 'rewards the answer that the other wording of the question voted for',
  options: coRewardOptions,
  reads: ({ answers }) => [
    { name: 'rollout.view', kind: 'text', about: '"original" or "rephrased": the wording the rollout answered' },
    { name: 'group.question', kind: 'text', about: 'what pairs the groups of the two wordings', optional: true },
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
    const questions = questionOfGroup(batch)
    const agreementOf = new Map<string, Outcome>()
    for (const [question, groups] of questions.groups) {
      const members = { original: [] as number[], rephrased: [] as number[] }
      for (const g of groups) {
        for (let r = batch.groupOffsets[g]; r < batch.groupOffsets[g + 1]; r++) {
          const view = views[r]
          const has = options.answers === 'column' || given[r] !== undefined
          if ((view === 'original' || view === 'rephrased') && has) members[view].push(r)
          else
            rewards[r] = failed(
              'invalid_input',
              'expected a view "original" or "rephrased" and a response',
              'co-reward',
            )
        }
      }
      const answered = (rows: readonly number[]) => ({
        groups: rows.map(() => question),
        answers: rows.map(r => (options.answers === 'column' ? given[r] : mathBoxedAnswer(given[r] ?? '')) ?? null),
      })
      if (options.label === 'own') {
        const own = { original: answered(members.original), rephrased: answered(members.rephrased) }
        const voted = {
          original: majorityAnswer(own.original.answers),
          rephrased: majorityAnswer(own.rephrased.answers),
        }
        for (const view of ['original', 'rephrased'] as const) {
          const paid = ownVoteRewards(own[view])
          members[view].forEach((r, k) => {
            rewards[r] = scored(paid[k])
            labels[r] = voted[view]
          })
        }
        const both = members.original.length > 0 && members.rephrased.length > 0
        agreementOf.set(question, both ? agreementOfVotes(voted) : abstained('one wording only'))
        continue
      }
      if (members.original.length === 0 || members.rephrased.length === 0) {
        const lone = failed('invalid_input', 'expected responses to both wordings of the question', 'co-reward')
        for (const r of [...members.original, ...members.rephrased]) rewards[r] = lone
        agreementOf.set(question, lone)
        continue
      }
      const result = crossReferenceRewards(answered(members.original), answered(members.rephrased))
      const voted = result.labels.get(question)
      for (const view of ['original', 'rephrased'] as const) {
        members[view].forEach((r, k) => {
          rewards[r] = scored(result[view][k])
          labels[r] = view === 'original' ? voted?.rephrased : voted?.original
        })
      }
      agreementOf.set(question, agreementOfVotes(voted))
    }
    const agreement = questions.names.map(name => agreementOf.get(name) ?? failed('bug', 'question lost', 'co-reward'))
    const reward = signalFromOutcomes('rollout', rewards)
    const flags = reward.status.map(status => (status === 0 ? 1 : 0))
    const cells = groupItems(Array.from(groupOfRollout(batch), (g, r) => `${views[r]} ${questions.names[g]}`))
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

function agreementOfVotes(votes?: { readonly original?: string | undefined; readonly rephrased?: string | undefined }) {
  return scored(votes?.original !== undefined && votes.original === votes.rephrased ? 1 : 0)
}

/** The question of each group, by its own name, and the groups of each question. */
function questionOfGroup(batch: RolloutBatch): { names: string[]; groups: Map<string, number[]> } {
  const given = optionalTexts(batch, 'group.question')
  const names = batch.groupIds.map((id, g) => (given?.[g] === undefined ? `group ${id}` : `question ${given[g]}`))
  const groups = new Map<string, number[]>()
  names.forEach((name, g) => {
    groups.set(name, [...(groups.get(name) ?? []), g])
  })
  return { names, groups }
}
