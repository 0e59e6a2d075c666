import {
  type ColumnData,
  type ColumnName,
  defineStage,
  groupOfRollout,
  jsonColumn,
  numbers,
  type Outcome,
  signalFromOutcomes,
} from '@guerdon/core'
import * as z from 'zod'
import { scoredIndices, withScored } from '../../shared/scored-items.ts'
import { batchAdvantages, type PromptHistory, perPromptAdvantages } from './advantages.ts'
import { kWisePairs } from './labels.ts'

/**
 * Turns the scores of a group into preference pairs for D3PO: `group.preferencePairs` lists `{chosen, rejected}` by rollout id
 * for every two scored rollouts that differ, `group.pairCount` counts them. Only the order of scores matters.
 */
export const d3poStage = defineStage<Record<string, never>, null>({
  name: 'd3po',
  about: 'turns the scores of a group into preference pairs',
  options: z.strictObject({}),
  reads: () => [
    { name: 'rollout.score', kind: 'number', about: 'score or human mark of the rollout; only its order counts' },
  ],
  writes: () => [
    { name: 'group.pairCount', kind: 'number', about: 'number of pairs with different scores' },
    { name: 'group.preferencePairs', kind: 'json', about: 'list of {chosen, rejected}, rollout ids' },
  ],
  initial: () => null,
  apply: batch => {
    const score = numbers(batch, 'rollout.score')
    const group = groupOfRollout(batch)
    const members: number[][] = batch.groupIds.map(() => [])
    for (const i of scoredIndices(score)) members[group[i]].push(i)
    const pairs = members.map(indices =>
      kWisePairs(indices.map(i => score.values[i])).map(({ i, j, labels }) => {
        const [winner, loser] = labels[0] > 0 ? [i, j] : [j, i]
        return { chosen: batch.rolloutIds[indices[winner]], rejected: batch.rolloutIds[indices[loser]] }
      }),
    )
    const counts = members.map(
      (indices, g): Outcome =>
        indices.length < 2
          ? { status: 'abstained', reason: 'fewer than two scored rollouts' }
          : { status: 'scored', value: pairs[g].length },
    )
    const columns: Record<ColumnName, ColumnData> = {
      'group.pairCount': signalFromOutcomes('group', counts),
      'group.preferencePairs': jsonColumn('group', pairs),
    }
    return { columns, state: null }
  },
})

const ddpoOptions = z.strictObject({
  perPrompt: z.boolean().default(true).describe("normalise by the prompt's recent rewards instead of the batch's"),
  bufferSize: z.int().min(1).default(16).describe('rewards remembered a prompt'),
  minCount: z.int().min(1).default(16).describe('a prompt with fewer remembered rewards is normalised by the batch'),
  advantageClip: z.number().positive().default(5).describe('advantages are held within ± this'),
})

/** State: the rewards remembered for each prompt. */
export interface DdpoState {
  readonly history: PromptHistory
}

/** DDPO's advantage, one a rollout, with a memory of each group's (prompt's) recent rewards across batches. */
export const ddpoStage = defineStage<z.infer<typeof ddpoOptions>, DdpoState>({
  name: 'd3po.ddpo',
  about: "normalises scores by their prompt's recent rewards, as DDPO does",
  options: ddpoOptions,
  reads: () => [{ name: 'rollout.score', kind: 'number', about: 'reward of the finished sample' }],
  writes: () => [
    { name: 'rollout.advantage', kind: 'number', about: 'advantage of every denoising step of the rollout' },
  ],
  initial: () => ({ history: {} }),
  apply: (batch, state, options) => {
    const score = numbers(batch, 'rollout.score')
    const group = groupOfRollout(batch)
    const indices = scoredIndices(score)
    const rewards = Float64Array.from(indices, i => score.values[i])
    const prompts = Array.from(indices, i => batch.groupIds[group[i]])
    const result = options.perPrompt
      ? perPromptAdvantages(state.history, prompts, rewards, options)
      : { advantages: batchAdvantages(rewards), history: state.history }
    const clipped = result.advantages.map(value =>
      Math.min(Math.max(value, -options.advantageClip), options.advantageClip),
    )
    return { columns: { 'rollout.advantage': withScored(score, indices, clipped) }, state: { history: result.history } }
  },
})
