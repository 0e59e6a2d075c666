import {
  abstained,
  defineStage,
  groupOfRollout,
  numbers,
  type Outcome,
  outcomeAt,
  type RolloutBatch,
  type Signal,
  Status,
  scored,
  signalFromOutcomes,
  tokenMask,
} from '@guerdon/core'
import * as z from 'zod'
import { groupNormalise } from '../../shared/group-normalise.ts'
import { valuesLike } from '../../shared/value-signals.ts'
import { entropyRewards } from './rivals.ts'

/** Options of the stage. */
export const coRewardConfidenceOptions = z.strictObject({
  measure: z
    .enum(['entropy', 'selfCertainty'])
    .default('entropy')
    .describe('minus the mean of token.entropy, or the mean of token.selfCertainty'),
  epsilon: z.number().positive().default(1e-6).describe('added to the standard deviation of a group'),
})

/** Options of the stage, every default filled in. */
export type CoRewardConfidenceOptions = z.infer<typeof coRewardConfidenceOptions>

/**
 * The rivals without labels that ask nobody but the policy: `rollout.reward` is how sure it was of its own tokens, on average
 * over the policy tokens. They collapse into confident mistakes; use the stage to compare. A response without policy tokens
 * abstains, one with a token that has no number gets its outcome.
 */
export const coRewardConfidenceStage = defineStage<CoRewardConfidenceOptions, null>({
  name: 'co-reward.confidence',
  about: "rewards the policy's confidence in its own tokens: the rivals that collapse",
  options: coRewardConfidenceOptions,
  reads: ({ measure }) => [
    measure === 'entropy'
      ? { name: 'token.entropy', kind: 'number', about: 'entropy of the prediction the token was drawn from, nats' }
      : { name: 'token.selfCertainty', kind: 'number', about: 'KL(uniform ‖ prediction) at the token, nats' },
    { name: 'token.mask', kind: 'number', about: '1 on tokens the policy wrote', optional: true },
  ],
  writes: () => [
    { name: 'rollout.reward', kind: 'number', about: 'mean confidence over the policy tokens' },
    { name: 'rollout.advantage', kind: 'number', about: 'reward normalised in the group' },
  ],
  initial: () => null,
  apply: (batch, state, { measure, epsilon }) => {
    const column = numbers(batch, measure === 'entropy' ? 'token.entropy' : 'token.selfCertainty')
    const reward = signalFromOutcomes('rollout', confidences(batch, column, measure))
    const flags = reward.status.map(status => (status === Status.scored ? 1 : 0))
    const groups = { index: groupOfRollout(batch), count: batch.groupIds.length }
    const advantages = groupNormalise(reward.values, groups, { epsilon }, flags)
    return { columns: { 'rollout.reward': reward, 'rollout.advantage': valuesLike(reward, advantages) }, state }
  },
})

function confidences(batch: RolloutBatch, column: Signal, measure: 'entropy' | 'selfCertainty'): Outcome[] {
  const mask = tokenMask(batch)
  return batch.rolloutIds.map((_, r): Outcome => {
    const values: number[] = []
    for (let t = batch.tokenOffsets[r]; t < batch.tokenOffsets[r + 1]; t++) {
      if (mask[t] === 0) continue
      if (column.status[t] !== Status.scored) return outcomeAt(column, t)
      values.push(column.values[t])
    }
    if (values.length === 0) return abstained('no policy tokens')
    const [negativeMean] = entropyRewards([values])
    return scored(measure === 'entropy' ? negativeMean : -negativeMean)
  })
}
