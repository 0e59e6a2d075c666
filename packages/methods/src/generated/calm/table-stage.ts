import {
  defineStage,
  failed,
  type Outcome,
  optionalNumbers,
  outcomeAt,
  scored,
  signalFromOutcomes,
  texts,
} from '@guerdon/core'
import * as z from 'zod'
import { tableReward } from './rewards.ts'

/** Schema of the options of the stage `calm.table`. */
export const calmTableOptions = z.strictObject({
  table: z
    .record(z.string(), z.number())
    .default({})
    .describe('reward of each (observation, action) key, from rewardTable; a key without an entry adds 0'),
  beta: z.number().default(0.1).describe("weight of the table's reward"),
})

/** Options of the stage, every default filled in. */
export type CalmTableOptions = z.infer<typeof calmTableOptions>

/**
 * Adds a table of annotated (observation, action) keys to step rewards: `turn.reward` = environment reward + β·table[key], the
 * table's part alone, unweighted, in `turn.calmTable`. A turn without a key fails; one whose environment reward failed stays
 * failed.
 */
export const calmTableStage = defineStage<CalmTableOptions, null>({
  name: 'calm.table',
  about: 'adds the reward that batch annotations gave to the observation and action of a step',
  options: calmTableOptions,
  reads: () => [
    { name: 'turn.reward', kind: 'number', about: 'environment reward; 0 where absent', optional: true },
    { name: 'turn.key', kind: 'text', about: 'the decoded observation and the action, as in the table' },
  ],
  writes: () => [
    { name: 'turn.reward', kind: 'number', about: 'environment reward plus β times the table' },
    { name: 'turn.calmTable', kind: 'number', about: 'reward of the table' },
  ],
  initial: () => null,
  apply: (batch, state, { table, beta }) => {
    const given = optionalNumbers(batch, 'turn.reward')
    const entries = new Map(Object.entries(table))
    const intrinsic: Outcome[] = []
    const rewards = texts(batch, 'turn.key').map((key, t): Outcome => {
      const own = given === undefined ? scored(0) : outcomeAt(given, t)
      const missing = failed('invalid_input', 'expected a key on every turn', 'calm.table')
      const reward = own.status === 'scored' ? own.value : 0
      const result = key === undefined ? undefined : tableReward(entries, { key, reward }, { beta })
      intrinsic.push(result === undefined ? missing : scored(result.intrinsic))
      if (own.status === 'failed') return own
      return result === undefined ? missing : scored(result.reward)
    })
    return {
      columns: {
        'turn.reward': signalFromOutcomes('turn', rewards),
        'turn.calmTable': signalFromOutcomes('turn', intrinsic),
      },
      state,
    }
  },
})
