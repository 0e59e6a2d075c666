import {
  abstained,
  defineStage,
  numbers,
  type Outcome,
  optionalNumbers,
  outcomeAt,
  Random,
  type RandomState,
  Status,
  scored,
  signalFromOutcomes,
} from '@guerdon/core'
import * as z from 'zod'
import { choiceProbabilities, curate } from './choice.ts'

/** Options of the stage. */
export const selfConsumingOptions = z.strictObject({
  choice: z
    .enum(['luce', 'bestOfK', 'humanPicks'])
    .default('luce')
    .describe('in proportion to e^(γ·score); the best; or rollout.picked as recorded from people'),
  rewardScale: z.number().default(5).describe('γ, sharpens the choice'),
  minimumGroup: z.int().min(1).default(2).describe('groups with fewer scored rollouts make no pick'),
  seed: z.int().default(0).describe('seed of the picks'),
})

/** Options of the stage, every default filled in. */
export type SelfConsumingStageOptions = z.infer<typeof selfConsumingOptions>

/** Where the picks stand, and how often nobody picked. */
export interface SelfConsumingState {
  readonly random: RandomState
  readonly groups: number
  readonly withoutPick: number
}

/**
 * Picks one rollout of each group for the next training set. Unscored rollouts leave the choice; a group too small, or in
 * which people picked nothing, abstains and is counted in the state.
 */
export const selfConsumingStage = defineStage<SelfConsumingStageOptions, SelfConsumingState>({
  name: 'self-consuming',
  about: 'picks one sample of each group with probability proportional to the exponential of its reward',
  options: selfConsumingOptions,
  reads: ({ choice }) =>
    choice === 'humanPicks'
      ? [
          {
            name: 'rollout.picked',
            kind: 'number',
            about: '1 on the rollout people chose, 0 on the others of the group',
          },
        ]
      : [{ name: 'rollout.score', kind: 'number', about: 'reward of the sample' }],
  writes: () => [
    { name: 'rollout.selfConsumingPicked', kind: 'number', about: '1 = goes into the next training set, 0 = not' },
    { name: 'rollout.selfConsumingProbability', kind: 'number', about: 'probability of being picked' },
    { name: 'group.selfConsumingK', kind: 'number', about: 'rollouts that took part in the choice' },
  ],
  initial: options => ({ random: new Random(options.seed).state(), groups: 0, withoutPick: 0 }),
  apply: (batch, state, options) => {
    const human = options.choice === 'humanPicks'
    const column = numbers(batch, human ? 'rollout.picked' : 'rollout.score')
    const picks = human ? optionalNumbers(batch, 'rollout.picked') : undefined
    const random = new Random(state.random)
    const picked: Outcome[] = []
    const probability: Outcome[] = []
    const sizes: Outcome[] = []
    let withoutPick = 0
    for (let g = 0; g < batch.groupIds.length; g++) {
      const start = batch.groupOffsets[g]
      const end = batch.groupOffsets[g + 1]
      const rewards = Float64Array.from({ length: end - start }, (_, i) =>
        column.status[start + i] === Status.scored ? column.values[start + i] : Number.NaN,
      )
      const members = rewards.filter(reward => !Number.isNaN(reward)).length
      const chosen = picks ? rewards.indexOf(1) : choose(rewards, random, options)
      const nobody = chosen === undefined || chosen < 0 || members < options.minimumGroup
      if (nobody) withoutPick++
      const chances = picks ? rewards.map((_, i) => (i === chosen ? 1 : 0)) : chancesOf(rewards, chosen, options)
      sizes.push(scored(members))
      for (let i = 0; i < rewards.length; i++) {
        const own = outcomeAt(column, start + i)
        const without = own.status === 'scored' ? (nobody ? abstained('no pick in this group') : undefined) : own
        picked.push(without ?? scored(i === chosen ? 1 : 0))
        probability.push(without ?? scored(chances[i]))
      }
    }
    return {
      columns: {
        'rollout.selfConsumingPicked': signalFromOutcomes('rollout', picked),
        'rollout.selfConsumingProbability': signalFromOutcomes('rollout', probability),
        'group.selfConsumingK': signalFromOutcomes('group', sizes),
      },
      state: {
        random: random.state(),
        groups: state.groups + batch.groupIds.length,
        withoutPick: state.withoutPick + withoutPick,
      },
    }
  },
})

function choose(rewards: Float64Array, random: Random, options: SelfConsumingStageOptions): number | undefined {
  const choice = options.choice === 'bestOfK' ? 'bestOfK' : 'luce'
  return curate([rewards], random, { choice, rewardScale: options.rewardScale }).picked[0]
}

function chancesOf(
  rewards: Float64Array,
  chosen: number | undefined,
  options: SelfConsumingStageOptions,
): Float64Array {
  if (options.choice === 'luce') return choiceProbabilities(rewards, options)
  return rewards.map((_, i) => (i === chosen ? 1 : 0))
}
