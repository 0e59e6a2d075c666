import {
  type ColumnData,
  type ColumnName,
  defineStage,
  groupOfRollout,
  numbers,
  type Outcome,
  Status,
  signalFromOutcomes,
} from '@guerdon/core'
import * as z from 'zod'
import { initialFkState, weighParticles } from './potentials.ts'

/** Schema of the stage's options. */
export const fkSteeringOptions = z.strictObject({
  lambda: z.number().positive().default(10).describe('sharpness of the tilt exp(λ·score)'),
})

/**
 * Weighs the rollouts of a group as the particles of one system at its last step: `rollout.weight` is proportional to
 * exp(λ·score) and sums to 1 over the scored rollouts of the group; `group.effectiveSampleSize` says how many of them still
 * count. For choosing, resampling or reweighting recorded rollouts.
 */
export const fkSteeringStage = defineStage<z.infer<typeof fkSteeringOptions>, null>({
  name: 'fk-steering',
  about: 'weighs the rollouts of a group by exp(λ·score), and says how many still count',
  options: fkSteeringOptions,
  reads: () => [{ name: 'rollout.score', kind: 'number', about: 'final reward of the rollout' }],
  writes: () => [
    {
      name: 'rollout.weight',
      kind: 'number',
      about: 'share of its group, in [0, 1]; sums to 1 over the scored rollouts',
    },
    {
      name: 'group.effectiveSampleSize',
      kind: 'number',
      about: '1/Σ weight², from 1 to the number of scored rollouts',
    },
  ],
  initial: () => null,
  apply: (batch, _state, { lambda }) => {
    const score = numbers(batch, 'rollout.score')
    const group = groupOfRollout(batch)
    const weights: Outcome[] = Array.from(score.status, (status, i) =>
      status === Status.failed
        ? { status: 'failed', failure: score.failures.get(i) ?? { class: 'bug', message: 'failed without a reason' } }
        : { status: 'abstained' },
    )
    const sizes: Outcome[] = batch.groupIds.map((_, g) => {
      const members = Array.from(group.keys()).filter(i => group[i] === g && score.status[i] === Status.scored)
      if (members.length === 0) return { status: 'abstained', reason: 'no scored rollout' }
      const rewards = members.map(i => score.values[i])
      const weighed = weighParticles(initialFkState(members.length), rewards, true, { lambda, potential: 'importance' })
      for (const [k, i] of members.entries()) weights[i] = { status: 'scored', value: weighed.weights[k] }
      return { status: 'scored', value: weighed.effectiveSampleSize }
    })
    const columns: Record<ColumnName, ColumnData> = {
      'rollout.weight': signalFromOutcomes('rollout', weights),
      'group.effectiveSampleSize': signalFromOutcomes('group', sizes),
    }
    return { columns, state: null }
  },
})
