import {
  abstained,
  defineStage,
  failed,
  numbers,
  type Outcome,
  Status,
  scored,
  signalFromOutcomes,
} from '@guerdon/core'
import * as z from 'zod'
import { guardRewards } from './validate.ts'

/** Schema of the stage's options. */
export const text2rewardOptions = z.strictObject({
  maxFailures: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('share of steps whose reward may be substituted before the whole rollout fails'),
})

/** Options of the stage, every default filled in. */
export type Text2rewardOptions = z.infer<typeof text2rewardOptions>

/**
 * Makes the step rewards of a generated program safe to train on: `turn.reward` from `turn.programReward`, with the steps at
 * which the program failed replaced by the smallest reward of the episode; their sum in `rollout.reward`, their number in
 * `rollout.text2rewardSubstituted`. A rollout with more than `maxFailures` of them fails.
 *
 * The program itself runs elsewhere, in a sandbox: this stage reads what it returned.
 */
export const text2rewardStage = defineStage<Text2rewardOptions, null>({
  name: 'text2reward',
  about: 'guards the step rewards of a generated reward program',
  options: text2rewardOptions,
  reads: () => [
    {
      name: 'turn.programReward',
      kind: 'number',
      about: 'what the generated program returned at each step; failed where it broke',
    },
  ],
  writes: () => [
    { name: 'turn.reward', kind: 'number', about: 'step reward' },
    { name: 'rollout.reward', kind: 'number', about: 'summed step reward' },
    { name: 'rollout.text2rewardSubstituted', kind: 'number', about: 'steps whose reward was substituted' },
  ],
  initial: () => null,
  apply: (batch, state, options) => {
    const given = numbers(batch, 'turn.programReward')
    const turns: Outcome[] = []
    const substituted: Outcome[] = []
    const rewards = batch.rolloutIds.map((_, r): Outcome => {
      const start = batch.turnOffsets[r]
      const count = batch.turnOffsets[r + 1] - start
      const steps = Array.from({ length: count }, (_, i) =>
        given.status[start + i] === Status.scored ? given.values[start + i] : null,
      )
      const guarded = guardRewards(steps)
      if (guarded === undefined || guarded.substituted > options.maxFailures * count) {
        const broken = failed(
          'sandbox',
          `the reward program failed at ${guarded?.substituted ?? count} of ${count} steps`,
          'text2reward',
        )
        for (let i = 0; i < count; i++) turns.push(broken)
        substituted.push(abstained())
        return broken
      }
      for (const reward of guarded.rewards) turns.push(scored(reward))
      substituted.push(scored(guarded.substituted))
      return scored(guarded.rewards.reduce((a, b) => a + b, 0))
    })
    return {
      columns: {
        'turn.reward': signalFromOutcomes('turn', turns),
        'rollout.reward': signalFromOutcomes('rollout', rewards),
        'rollout.text2rewardSubstituted': signalFromOutcomes('rollout', substituted),
      },
      state,
    }
  },
})
