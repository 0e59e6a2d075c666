import {
  type ColumnName,
  defineStage,
  numbers,
  type Outcome,
  outcomeAt,
  type RolloutBatch,
  type Signal,
  Status,
  signalFromOutcomes,
} from '@guerdon/core'
import * as z from 'zod'
import { type GatedReturn, gatedAccumulate } from './gates.ts'
import { type HackingWatch, hackingWatch, watchBatch } from './watch.ts'

const channelSchema = z.strictObject({
  column: z
    .string()
    .regex(/^(turn|rollout)\.[A-Za-z]\w*$/, 'a column such as turn.reward or rollout.format')
    .describe('where the rewards of this level stand'),
  weight: z.number().default(1).describe('weight of the level in the sum'),
  threshold: z
    .number()
    .nullable()
    .default(0)
    .describe('what its sum must exceed to let lower levels count; null: never gates'),
})

/** Options of the stage. */
export const graOptions = z.strictObject({
  channels: z
    .array(channelSchema)
    .min(1)
    .default([{ column: 'turn.reward', weight: 1, threshold: 0 }])
    .describe('the gated levels below the outcome, lowest priority first'),
  threshold: z.number().default(-0.5).describe('what the outcome must exceed to open the gate'),
  outcomeWeight: z.number().default(1).describe('weight of the outcome'),
  gateOp: z.enum(['gt', 'gte']).default('gt').describe('whether reaching the threshold is enough'),
  gatePenalties: z.boolean().default(true).describe('negative lower rewards vanish too when the gate is closed'),
  alarmUpdates: z.int().min(2).default(20).describe('batches over which a rising sum with a falling outcome rings'),
})

type GraOptions = z.infer<typeof graOptions>

/** Accumulates rewards of several priorities behind the gates of the higher ones. */
export const graStage = defineStage<GraOptions, HackingWatch>({
  name: 'g-ra',
  about: 'counts dense rewards only where every reward of higher priority clears its threshold',
  options: graOptions,
  reads: options => [
    { name: 'rollout.score', kind: 'number', about: 'outcome reward, the highest priority' },
    ...options.channels.map(({ column }) => ({
      name: column as ColumnName,
      kind: 'number' as const,
      about: 'rewards of a lower priority',
    })),
  ],
  writes: () => [
    { name: 'rollout.reward', kind: 'number', about: 'gated sum' },
    { name: 'rollout.graDirect', kind: 'number', about: 'sum without gates, to watch' },
    { name: 'rollout.graGate', kind: 'number', about: '1 where the lowest level counts' },
    { name: 'turn.graReward', kind: 'number', about: 'gated rewards of the turn; the outcome on the last one' },
    {
      name: 'group.graAlarm',
      kind: 'number',
      about: '1 when direct sums rise while outcomes fall over the last batches',
    },
  ],
  initial: options => hackingWatch(options.alarmUpdates),
  apply: (batch, state, options) => {
    const score = numbers(batch, 'rollout.score')
    const channels = options.channels.map(({ column }) => numbers(batch, column as ColumnName))
    const thresholds = [...options.channels.map(channel => channel.threshold), options.threshold]
    const weights = [...options.channels.map(channel => channel.weight), options.outcomeWeight]
    const turnRewards: Outcome[] = Array.from({ length: batch.turnOffsets[batch.rolloutIds.length] }, () => ({
      status: 'abstained',
    }))
    const results = batch.rolloutIds.map((_, r): GatedReturn | Outcome => {
      const turns = batch.turnOffsets.subarray(r, r + 2)
      const levels = channels.map(channel => levelOfRollout(batch, channel, r))
      const broken = [outcomeAt(score, r), ...levels].find(
        (part): part is Outcome => 'status' in part && part.status !== 'scored',
      )
      if (broken) {
        turnRewards.fill(broken, turns[0], turns[1])
        return broken
      }
      const rewards = [...(levels as Float64Array[]), [score.values[r]]]
      const result = gatedAccumulate(rewards, { ...options, thresholds, weights })
      for (let t = turns[0]; t < turns[1]; t++) {
        let total = t === turns[1] - 1 ? options.outcomeWeight * score.values[r] : 0
        channels.forEach((channel, k) => {
          const at = channel.level === 'turn' ? t : t === turns[1] - 1 ? r : -1
          if (at < 0 || channel.status[at] !== Status.scored) return
          const value = channel.values[at]
          total += weights[k] * (result.gates[k] ? value : options.gatePenalties ? 0 : Math.min(value, 0))
        })
        turnRewards[t] = { status: 'scored', value: total }
      }
      return result
    })
    const column = (value: (result: GatedReturn) => number) =>
      signalFromOutcomes(
        'rollout',
        results.map(result => ('status' in result ? result : { status: 'scored', value: value(result) })),
      )
    const direct = column(result => result.directTotal)
    const means = [direct, score].map(signal => scoredMean(signal, direct))
    const { watch, alarm } =
      means[0] === undefined ? { watch: state, alarm: false } : watchBatch(state, means[0], means[1]!)
    return {
      columns: {
        'rollout.reward': column(result => result.total),
        'rollout.graDirect': direct,
        'rollout.graGate': column(result => result.gates[0]),
        'turn.graReward': signalFromOutcomes('turn', turnRewards),
        'group.graAlarm': signalFromOutcomes(
          'group',
          batch.groupIds.map(() => ({ status: 'scored', value: alarm ? 1 : 0 })),
        ),
      },
      state: watch,
    }
  },
})

/** Rewards of one level of one rollout; abstained turns have none, a failed one fails the rollout. */
function levelOfRollout(batch: RolloutBatch, channel: Signal, r: number): Float64Array | Outcome {
  const [start, end] = channel.level === 'turn' ? [batch.turnOffsets[r], batch.turnOffsets[r + 1]] : [r, r + 1]
  const rewards: number[] = []
  for (let t = start; t < end; t++) {
    if (channel.status[t] === Status.failed) return outcomeAt(channel, t)
    if (channel.status[t] === Status.scored) rewards.push(channel.values[t])
  }
  return Float64Array.from(rewards)
}

function scoredMean(column: Signal, like: Signal): number | undefined {
  let total = 0
  let count = 0
  for (let i = 0; i < like.values.length; i++) {
    if (like.status[i] !== Status.scored) continue
    total += column.values[i]
    count++
  }
  return count === 0 ? undefined : total / count
}
