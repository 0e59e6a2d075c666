import {
  abstained,
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
import { auxiliaryChannel, checkTransitions, type TransitionShaper } from '../../shared/transition-shaper.ts'
import { kineticCombination, potentialDifference } from './kinetic-combination.ts'

const componentSchema = z.strictObject({
  column: z.string().describe('turn column of the utility, without "turn."'),
  signed: z.boolean().default(true).describe('whether its sign counts'),
})

/** Options of the stage. */
export const lucySkgOptions = z.strictObject({
  components: z
    .array(componentSchema)
    .min(1)
    .default([{ column: 'utility', signed: true }])
    .describe('utilities after each turn, combined multiplicatively'),
  weight: z.number().default(1).describe('weight of the combined utility in the potential; weigh after combining'),
  discount: z.number().min(0).max(1).default(0.99).describe("γ, the learner's own"),
  negativeSlope: z.number().default(1).describe('factor on negative differences; 1 is true potential shaping'),
  terminalPotential: z
    .enum(['keep', 'zero'])
    .default('zero')
    .describe('potential after the last turn of a finished rollout: 0 preserves the optimum, keep is as released'),
})

type LucySkgOptions = z.infer<typeof lucySkgOptions>

/**
 * Adds a potential difference of a kinesthetic combination to the reward of each turn: Φ_t = w·KRC(utilities after turn
 * t), F_t = γΦ_t − Φ_{t−1}; the first turn of a rollout pays no shaping. A turn whose utilities are missing hands their
 * outcome on, and the next one is compared with the last known potential.
 */
export const lucySkgStage = defineStage<LucySkgOptions, null>({
  name: 'lucy-skg',
  about: 'shapes turn rewards by the change of a multiplicative combination of utilities',
  options: lucySkgOptions,
  reads: options => [
    ...options.components.map(({ column }) => ({
      name: `turn.${column}` as ColumnName,
      kind: 'number' as const,
      about: 'a utility of the state after the turn, usually in [−1, 1]',
    })),
    { name: 'turn.reward', kind: 'number', about: 'event reward of the turn; 0 when absent', optional: true },
    { name: 'turn.done', kind: 'number', about: '1 on a turn that ended the task by its own rule', optional: true },
  ],
  writes: () => [
    { name: 'turn.lucySkgPotential', kind: 'number', about: 'weighted combination after the turn' },
    { name: 'turn.lucySkgShaping', kind: 'number', about: 'difference of potentials paid for the turn' },
    { name: 'turn.reward', kind: 'number', about: 'event reward plus shaping' },
  ],
  initial: () => null,
  apply: (batch, state, options) => {
    const columns = options.components.map(({ column }) => numbers(batch, `turn.${column}`))
    const signed = options.components.map(component => component.signed)
    const events = optionalNumbers(batch, 'turn.reward')
    const done = optionalNumbers(batch, 'turn.done')
    const potentials: Outcome[] = []
    const shaping: Outcome[] = []
    const rewards: Outcome[] = []
    for (let r = 0; r < batch.rolloutIds.length; r++) {
      let before: number | undefined
      for (let t = batch.turnOffsets[r]; t < batch.turnOffsets[r + 1]; t++) {
        const missing = columns.find(column => column.status[t] !== Status.scored)
        if (missing) {
          const outcome = outcomeAt(missing, t)
          for (const list of [potentials, shaping, rewards]) list.push(outcome)
          continue
        }
        const terminal =
          options.terminalPotential === 'zero' && done?.status[t] === Status.scored && done.values[t] !== 0
        const combined = kineticCombination(
          columns.map(column => column.values[t]),
          { signed },
        )
        const after = terminal ? 0 : options.weight * combined
        const paid = before === undefined ? 0 : potentialDifference(before, after, options)
        before = after
        potentials.push({ status: 'scored', value: after })
        shaping.push({ status: 'scored', value: paid })
        const event = events ? outcomeAt(events, t) : ({ status: 'scored', value: 0 } as const)
        rewards.push(
          event.status === 'scored'
            ? { status: 'scored', value: event.value + paid }
            : event.status === 'abstained'
              ? abstained(event.reason)
              : event,
        )
      }
    }
    const written: Record<ColumnName, ColumnData> = {
      'turn.lucySkgPotential': signalFromOutcomes('turn', potentials),
      'turn.lucySkgShaping': signalFromOutcomes('turn', shaping),
      'turn.reward': signalFromOutcomes('turn', rewards),
    }
    return { columns: written, state }
  },
})

/** A utility in the auxiliary channels. */
export interface UtilityChannel {
  readonly channel: string
  /** Default true. */
  readonly signed?: boolean
}

/**
 * The same on transitions, in their order of time: auxiliary channels hold each utility of the state *after* the step.
 * The last potential carries over batches and is forgotten where an episode starts.
 */
export function kineticShaper(
  utilities: readonly UtilityChannel[],
  options: {
    readonly discount?: number
    readonly negativeSlope?: number
    readonly weight?: number
    /** Default `zero`: Φ after termination is 0; truncation keeps it. */ readonly terminalPotential?: 'keep' | 'zero'
  } = {},
): TransitionShaper<{ readonly potential: number | null }> {
  const { weight = 1, terminalPotential = 'zero' } = options
  const signed = utilities.map(utility => utility.signed ?? true)
  return {
    name: 'lucy-skg',
    initial: () => ({ potential: null }),
    shape: (transitions, state) => {
      const count = checkTransitions(transitions)
      const channels = utilities.map(utility => auxiliaryChannel(transitions, utility.channel))
      const potential = new Float64Array(count)
      const shaping = new Float64Array(count)
      let before = state.potential
      for (let i = 0; i < count; i++) {
        if (transitions.episodeStart?.[i]) before = null
        const combined = kineticCombination(
          channels.map(channel => channel[i]),
          { signed },
        )
        potential[i] = transitions.terminated[i] && terminalPotential === 'zero' ? 0 : weight * combined
        shaping[i] = before === null ? 0 : potentialDifference(before, potential[i], options)
        before = transitions.terminated[i] || transitions.truncated[i] ? null : potential[i]
      }
      const reward = transitions.reward.map((value, i) => value + shaping[i])
      return { reward, components: { potential, shaping }, state: { potential: before } }
    },
  }
}
