import {
  type ColumnData,
  type ColumnName,
  canonicalJson,
  defineStage,
  json,
  type Outcome,
  optionalNumbers,
  outcomeAt,
  signalFromOutcomes,
} from '@guerdon/core'
import * as z from 'zod'
import { explorationBonus } from './explo-rs.ts'

/** Options of the stage. */
export const explorationOptions = z.strictObject({
  lambda: z.number().positive().default(1).describe('λ: how slowly the bonus fades with visits'),
  maximum: z.number().positive().default(1).describe('bonus of a state never visited'),
  maxStates: z.int().min(1).default(100_000).describe('states remembered; the least visited are forgotten beyond it'),
})

type ExplorationOptions = z.infer<typeof explorationOptions>

/** Visits by state, as canonical JSON text. */
export interface ExplorationState {
  readonly visits: Readonly<Record<string, number>>
}

/**
 * Adds ExploRS's count-based bonus to turn rewards: B(s′) = λ/√((λ/B_max)² + w(s′)), s′ the state of the rollout's next
 * turn. Rollouts are counted in the order of the batch; within one, the bonus is read before the state left is counted.
 * The last turn of a rollout leads to no recorded state and pays no bonus; a turn without a state abstains.
 */
export const explorationStage = defineStage<ExplorationOptions, ExplorationState>({
  name: 'reward-design-thesis.exploration',
  about: 'pays turns that lead to states seen rarely so far',
  options: explorationOptions,
  reads: () => [
    { name: 'turn.state', kind: 'json', about: 'the state the turn acted in: any JSON, equal text is the same state' },
    { name: 'turn.reward', kind: 'number', about: 'reward of the turn; 0 when absent', optional: true },
  ],
  writes: () => [
    { name: 'turn.rewardDesignThesisBonus', kind: 'number', about: 'the bonus, in [0, maximum]' },
    { name: 'turn.reward', kind: 'number', about: 'reward plus bonus' },
  ],
  initial: () => ({ visits: {} }),
  apply: (batch, state, options) => {
    const states = json(batch, 'turn.state')
    const original = optionalNumbers(batch, 'turn.reward')
    const visits = new Map(Object.entries(state.visits))
    const bonuses: Outcome[] = []
    const rewards: Outcome[] = []
    for (let r = 0; r < batch.rolloutIds.length; r++) {
      const end = batch.turnOffsets[r + 1]
      for (let t = batch.turnOffsets[r]; t < end; t++) {
        if (states[t] === undefined) {
          bonuses.push(withoutState)
          rewards.push(withoutState)
          continue
        }
        const reached = t + 1 < end && states[t + 1] !== undefined ? canonicalJson(states[t + 1]) : undefined
        const bonus = reached === undefined ? 0 : explorationBonus(0, visits.get(reached) ?? 0, options)
        const left = canonicalJson(states[t])
        visits.set(left, (visits.get(left) ?? 0) + 1)
        bonuses.push({ status: 'scored', value: bonus })
        const reward = original ? outcomeAt(original, t) : ({ status: 'scored', value: 0 } as const)
        rewards.push(reward.status === 'scored' ? { status: 'scored', value: reward.value + bonus } : reward)
      }
    }
    const columns: Record<ColumnName, ColumnData> = {
      'turn.rewardDesignThesisBonus': signalFromOutcomes('turn', bonuses),
      'turn.reward': signalFromOutcomes('turn', rewards),
    }
    return { columns, state: { visits: Object.fromEntries(mostVisited(visits, options.maxStates)) } }
  },
})

function mostVisited(visits: Map<string, number>, limit: number): Iterable<[string, number]> {
  if (visits.size <= limit) return visits
  return [...visits].sort((a, b) => b[1] - a[1]).slice(0, limit)
}

const withoutState: Outcome = { status: 'abstained', reason: 'no state' }
