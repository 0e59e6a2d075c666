import {
  type ColumnData,
  type ColumnName,
  defineStage,
  numbers,
  type Outcome,
  optionalNumbers,
  outcomeAt,
  Status,
  signalFromOutcomes,
} from '@guerdon/core'
import * as z from 'zod'

/** Options of the stage. */
export const potentialOptions = z.strictObject({
  discount: z.number().min(0).max(1).default(0.99).describe("γ, the learner's own"),
  start: z
    .enum(['none', 'zero'])
    .default('none')
    .describe('potential before the first turn: unknown (that turn pays no shaping) or 0'),
})

type PotentialOptions = z.infer<typeof potentialOptions>

/**
 * Potential-based shaping of turn rewards: r_t + γΦ_t − Φ_{t−1}, Φ_t the potential of the state after turn t (0 after a
 * turn that ended the task, kept when the rollout was merely cut off). A turn without a potential hands its outcome on,
 * and the next one is compared with the last known potential.
 */
export const potentialStage = defineStage<PotentialOptions, null>({
  name: 'envs-and-baselines-rl.potential',
  about: 'adds the discounted change of a potential to turn rewards without moving the optimum',
  options: potentialOptions,
  reads: () => [
    { name: 'turn.potential', kind: 'number', about: 'potential of the state after the turn' },
    { name: 'turn.reward', kind: 'number', about: 'reward of the turn; 0 when absent', optional: true },
    { name: 'turn.done', kind: 'number', about: '1 on a turn that ended the task by its own rule', optional: true },
  ],
  writes: () => [
    { name: 'turn.envsAndBaselinesRlShaping', kind: 'number', about: 'γΦ after − Φ before' },
    { name: 'turn.reward', kind: 'number', about: 'reward plus shaping' },
  ],
  initial: () => null,
  apply: (batch, state, options) => {
    const potential = numbers(batch, 'turn.potential')
    const original = optionalNumbers(batch, 'turn.reward')
    const done = optionalNumbers(batch, 'turn.done')
    const shaping: Outcome[] = []
    const rewards: Outcome[] = []
    for (let r = 0; r < batch.rolloutIds.length; r++) {
      let before = options.start === 'zero' ? 0 : undefined
      for (let t = batch.turnOffsets[r]; t < batch.turnOffsets[r + 1]; t++) {
        if (potential.status[t] !== Status.scored) {
          shaping.push(outcomeAt(potential, t))
          rewards.push(outcomeAt(potential, t))
          continue
        }
        const terminal = done?.status[t] === Status.scored && done.values[t] !== 0
        const after = terminal ? 0 : potential.values[t]
        const paid = before === undefined ? 0 : options.discount * after - before
        before = after
        shaping.push({ status: 'scored', value: paid })
        const reward = original ? outcomeAt(original, t) : ({ status: 'scored', value: 0 } as const)
        rewards.push(reward.status === 'scored' ? { status: 'scored', value: reward.value + paid } : reward)
      }
    }
    const columns: Record<ColumnName, ColumnData> = {
      'turn.envsAndBaselinesRlShaping': signalFromOutcomes('turn', shaping),
      'turn.reward': signalFromOutcomes('turn', rewards),
    }
    return { columns, state }
  },
})
