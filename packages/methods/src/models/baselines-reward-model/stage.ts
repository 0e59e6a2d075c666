import {
  defineStage,
  failed,
  numbers,
  type Outcome,
  optionalNumbers,
  Status,
  scored,
  signalFromOutcomes,
  tokenMask,
} from '@guerdon/core'
import * as z from 'zod'

/** Schema of the stage's options. */
export const implicitRewardOptions = z.strictObject({
  kind: z
    .enum(['implicit', 'sum', 'average', 'norm'])
    .default('implicit')
    .describe('β·Σ(log π − log π_ref), or without a reference Σ ℓ, Σ ℓ/n, −‖ℓ‖₂ of the token log-probabilities ℓ'),
  beta: z.number().positive().default(0.1).describe('β of the implicit reward'),
})

/** Options of the stage, every default filled in. */
export type ImplicitRewardStageOptions = z.infer<typeof implicitRewardOptions>

/**
 * Writes `rollout.reward` from recorded log-probabilities: the implicit reward of a policy trained on preferences, or a
 * reference-free score. A rollout with no response token, or one without a log-probability, fails.
 */
export const implicitRewardStage = defineStage<ImplicitRewardStageOptions, null>({
  name: 'baselines-reward-model',
  about: 'scores a response by the log-probabilities of a preference-trained policy and its reference',
  options: implicitRewardOptions,
  reads: options => [
    { name: 'token.logprob', kind: 'number', about: 'log-probability under the preference-trained policy' },
    {
      name: 'token.refLogprob',
      kind: 'number',
      about: 'log-probability under its reference; only for kind implicit',
      optional: options.kind !== 'implicit',
    },
    { name: 'token.mask', kind: 'number', about: '1 on response tokens', optional: true },
  ],
  writes: () => [{ name: 'rollout.reward', kind: 'number', about: 'score of the response' }],
  initial: () => null,
  apply: (batch, state, options) => {
    const logprob = numbers(batch, 'token.logprob')
    const reference =
      options.kind === 'implicit' ? numbers(batch, 'token.refLogprob') : optionalNumbers(batch, 'token.refLogprob')
    const mask = tokenMask(batch)
    const outcomes = batch.rolloutIds.map((_, r): Outcome => {
      let total = 0
      let squares = 0
      let count = 0
      for (let t = batch.tokenOffsets[r]; t < batch.tokenOffsets[r + 1]; t++) {
        if (!mask[t]) continue
        const known = logprob.status[t] === Status.scored
        if (!known || (options.kind === 'implicit' && reference?.status[t] !== Status.scored)) {
          return failed('invalid_input', 'a response token has no log-probability', 'baselines-reward-model')
        }
        const value = options.kind === 'implicit' ? logprob.values[t] - (reference?.values[t] ?? 0) : logprob.values[t]
        total += value
        squares += value * value
        count++
      }
      if (count === 0) return failed('invalid_input', 'the response has no tokens', 'baselines-reward-model')
      if (options.kind === 'implicit') return scored(options.beta * total)
      if (options.kind === 'average') return scored(total / count)
      return scored(options.kind === 'sum' ? total : -Math.sqrt(squares))
    })
    return { columns: { 'rollout.reward': signalFromOutcomes('rollout', outcomes) }, state }
  },
})
