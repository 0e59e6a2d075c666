import { defineStage, numbers, texts } from '@guerdon/core'
import * as z from 'zod'
import { scoredIndices, withScored } from '../../shared/scored-items.ts'
import { scaleByMaximum, scaleExponentially, scalePerMode } from './rewards.ts'

/** Schema of the stage's options. */
export const vplOptions = z.strictObject({
  scaling: z
    .enum(['perUser', 'maximum', 'exponential', 'none'])
    .default('perUser')
    .describe('min–max within each user; by the largest magnitude; exponential of min–max; none'),
  size: z.number().positive().default(0.01).describe('width of the range each user is scaled to under perUser'),
})

/** Options of the stage, every default filled in. */
export type VplOptions = z.infer<typeof vplOptions>

/**
 * Makes rewards of different users comparable before one policy is trained on them: `rollout.reward` from the
 * latent-conditioned `rollout.score`, scaled within `rollout.user` over the batch. Comparisons never fix a user's scale, so
 * raw scores of two users do not compare. Give it batches that hold enough rollouts of every user.
 */
export const vplStage = defineStage<VplOptions, null>({
  name: 'vpl',
  about: 'scales latent-conditioned rewards so that users compare',
  options: vplOptions,
  reads: options => [
    { name: 'rollout.score', kind: 'number', about: 'reward at the latent of the rollout’s user' },
    {
      name: 'rollout.user',
      kind: 'text',
      about: 'user (or mode) of the rollout',
      optional: options.scaling !== 'perUser',
    },
  ],
  writes: () => [{ name: 'rollout.reward', kind: 'number', about: 'scaled reward; in [0, size] under perUser' }],
  initial: () => null,
  apply: (batch, state, options) => {
    const score = numbers(batch, 'rollout.score')
    const indices = scoredIndices(score)
    const values = Float64Array.from(indices, i => score.values[i])
    return { columns: { 'rollout.reward': withScored(score, indices, scaled()) }, state }

    function scaled(): Float64Array {
      if (options.scaling === 'none') return values
      if (options.scaling === 'maximum') return scaleByMaximum(values)
      if (options.scaling === 'exponential') return scaleExponentially(values)
      const users = texts(batch, 'rollout.user')
      const modes = Array.from(indices, i => users[i] ?? '')
      return scalePerMode(values, modes, { size: options.size })
    }
  },
})
