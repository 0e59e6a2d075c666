import {
  assertFinite,
  assertFiniteNumber,
  assertOneOf,
  assertSameLength,
  type ColumnName,
  defineStage,
  GuerdonError,
  numbers,
  type Outcome,
  outcomeAt,
  type RolloutBatch,
  type Signal,
  Status,
  signalFromOutcomes,
} from '@guerdon/core'
import * as z from 'zod'
import { defineMethod } from '../method.ts'
import { groupItems } from '../shared/group-normalise.ts'
import { emptyWindow, extendWindow, type RunningWindow, windowIsFull, windowSlope } from '../shared/windows.ts'
import { grpo, type SingletonPolicy } from './baselines-advantage/group-estimators.ts'

/** Whether a higher sum equal to its threshold opens the gate: `gt` no, `gte` yes. */
export type GateOp = 'gt' | 'gte'

/** Choices of the gate. */
export interface GateOptions {
  /** Default `gt`. */
  readonly gateOp?: GateOp
  /** Negative lower rewards vanish with the rest when the gate is closed; false lets them through. Default true. */
  readonly gatePenalties?: boolean
}

/** Choices of `gatedAccumulate`. */
export interface GatedAccumulateOptions extends GateOptions {
  /**
   * One threshold a level, compared with that level's own sum when it gates the ones below; the lowest level's is never
   * used. −Infinity (or null) for an optional level that should not gate. Default 0 each.
   */
  readonly thresholds?: readonly (number | null)[]
  /** One weight a level. Default 1 each. */
  readonly weights?: readonly number[]
}

/** Gated and direct accumulation of one trajectory. */
export interface GatedReturn {
  /** S_k = Σ_t r^(k)_t. */
  readonly levelSums: Float64Array
  /** γ_k ∈ {0, 1}; the top level's is 1. */
  readonly gates: Uint8Array
  /** G-RA: Σ w_k γ_k S_k. */
  readonly total: number
  /** D-RA, what G-RA guards against: Σ w_k S_k. */
  readonly directTotal: number
}

/**
 * Gated reward accumulation: level i counts only when *every* level above it clears its threshold at the end of the episode,
 * γ_i = 1 iff S_j > g_j for all j > i, and the return is Σ w_k γ_k S_k. A dense, easy reward can then not be farmed while
 * the outcome it serves is missed.
 *
 * An empty level has sum 0, and 0 > 0 is false: it closes what stands below unless its threshold is −Infinity.
 *
 * Sun et al. 2025, arXiv 2508.10548.
 *
 * @param levelRewards rewards of each level over the turns, lowest priority first
 */
export function gatedAccumulate(
  levelRewards: readonly ArrayLike<number>[],
  options: GatedAccumulateOptions = {},
): GatedReturn {
  const { gateOp = 'gt', gatePenalties = true } = options
  const thresholds = options.thresholds ?? levelRewards.map(() => 0)
  const weights = options.weights ?? levelRewards.map(() => 1)
  assertOneOf(gateOp, 'gateOp', ['gt', 'gte'])
  assertSameLength(levelRewards, 'levelRewards', thresholds, 'thresholds')
  assertSameLength(levelRewards, 'levelRewards', weights, 'weights')
  assertFinite(weights, 'weights')
  const count = levelRewards.length
  const levelSums = new Float64Array(count)
  const penalties = new Float64Array(count)
  levelRewards.forEach((rewards, k) => {
    assertFinite(rewards, `levelRewards[${k}]`)
    for (let t = 0; t < rewards.length; t++) {
      levelSums[k] += rewards[t]
      penalties[k] += Math.min(rewards[t], 0)
    }
  })
  const gates = new Uint8Array(count)
  let open = 1
  let total = 0
  let directTotal = 0
  for (let k = count - 1; k >= 0; k--) {
    gates[k] = open
    total += weights[k] * (open ? levelSums[k] : gatePenalties ? 0 : penalties[k])
    directTotal += weights[k] * levelSums[k]
    if (!clears(levelSums[k], thresholds[k] ?? Number.NEGATIVE_INFINITY, gateOp)) open = 0
  }
  return { levelSums, gates, total, directTotal }
}

function clears(sum: number, threshold: number, gateOp: GateOp): boolean {
  if (Number.isNaN(threshold)) {
    throw new GuerdonError('invalid_option', 'expected thresholds that are numbers; got NaN', { path: ['thresholds'] })
  }
  return gateOp === 'gte' ? sum >= threshold : sum > threshold
}

/** Choices of `gatedTurnRewards`. */
export interface GatedTurnOptions extends GateOptions {
  /** The outcome that must be exceeded. Default −0.5: closed for "not submitted" and "empty patch". */
  readonly threshold?: number
  /** Weight of the step rewards. Default 1. */
  readonly stepWeight?: number
}

/** Gated rewards of one trajectory, turn by turn. */
export interface GatedTurns {
  readonly gate: 0 | 1
  /** [T] gated step rewards, the outcome added on the last turn; one turn when there are no steps. */
  readonly turnRewards: Float64Array
  /** Σ of `turnRewards`. */
  readonly trajectoryReturn: number
}

/**
 * The two-channel case on turns: r̃_t = w·1[outcome > g]·r_t, plus the outcome on the last turn. The gate depends on the final
 * outcome, so step rewards must be held back until the episode ends.
 */
export function gatedTurnRewards(
  stepRewards: ArrayLike<number>,
  outcomeReward: number,
  options: GatedTurnOptions = {},
): GatedTurns {
  const { threshold = -0.5, gateOp = 'gt', stepWeight = 1, gatePenalties = true } = options
  assertFinite(stepRewards, 'stepRewards')
  assertFiniteNumber(outcomeReward, 'outcomeReward')
  assertFiniteNumber(stepWeight, 'stepWeight')
  const gate = clears(outcomeReward, threshold, gateOp) ? 1 : 0
  const turnRewards = new Float64Array(Math.max(1, stepRewards.length))
  for (let t = 0; t < stepRewards.length; t++) {
    turnRewards[t] = stepWeight * (gate ? stepRewards[t] : gatePenalties ? 0 : Math.min(stepRewards[t], 0))
  }
  turnRewards[turnRewards.length - 1] += outcomeReward
  return { gate, turnRewards, trajectoryReturn: turnRewards.reduce((a, b) => a + b, 0) }
}

/** Outcome classes of a software-engineering episode, worst first. */
export type SweClass = 'noSubmit' | 'emptyPatch' | 'failsTests' | 'passesTests'

/** Reward of each class. */
export type SweValues = Readonly<Record<SweClass, number>>

/** The values used here; the paper's own were not published in what could be read. */
export const sweValues: SweValues = { noSubmit: -1, emptyPatch: -0.5, failsTests: 0, passesTests: 1 }

/** What happened in an episode. A truncated or timed-out episode was not submitted. */
export interface SweEpisode {
  readonly submitted: boolean
  readonly patchEmpty: boolean
  readonly testsPassed: boolean
}

/** Class and reward of an episode: no submission beats everything, then an empty patch, then the tests. */
export function sweOutcome(
  episode: SweEpisode,
  values: SweValues = sweValues,
): { readonly outcomeClass: SweClass; readonly reward: number } {
  const outcomeClass = !episode.submitted
    ? 'noSubmit'
    : episode.patchEmpty
      ? 'emptyPatch'
      : episode.testsPassed
        ? 'passesTests'
        : 'failsTests'
  return { outcomeClass, reward: values[outcomeClass] }
}

/** Shares of episodes; `undefined` without any. */
export interface SweMetrics {
  /** Submitted. */
  readonly completionRate: number | undefined
  /** Repository changed. */
  readonly modificationRate: number | undefined
  /** Tests pass. */
  readonly resolutionRate: number | undefined
}

/** Completion, modification and resolution rate from outcome rewards, which must be values of the four classes. */
export function sweMetrics(outcomeRewards: ArrayLike<number>, values: SweValues = sweValues): SweMetrics {
  const classes = Object.keys(values) as SweClass[]
  const counts: Record<SweClass, number> = { noSubmit: 0, emptyPatch: 0, failsTests: 0, passesTests: 0 }
  for (let i = 0; i < outcomeRewards.length; i++) {
    const found = classes.find(name => values[name] === outcomeRewards[i])
    if (!found) {
      throw new GuerdonError('invalid_input', `expected the reward of a class; got ${outcomeRewards[i]}`, {
        path: ['outcomeRewards', i],
        hint: `the values are ${classes.map(name => `${name} ${values[name]}`).join(', ')}`,
      })
    }
    counts[found]++
  }
  const n = outcomeRewards.length
  const rate = (count: number) => (n === 0 ? undefined : count / n)
  return {
    completionRate: rate(n - counts.noSubmit),
    modificationRate: rate(counts.failsTests + counts.passesTests),
    resolutionRate: rate(counts.passesTests),
  }
}

/**
 * True when step rewards alone can lift an episode above one of the next better class: `maxStepSum` (the largest weighted
 * sum an episode can earn) is at least the smallest gap between classes whose gate is open.
 */
export function stepsCanInvertClasses(
  maxStepSum: number,
  options: { readonly values?: SweValues; readonly threshold?: number; readonly gateOp?: GateOp } = {},
): boolean {
  const { values = sweValues, threshold = -0.5, gateOp = 'gt' } = options
  const sorted = Object.values(values).sort((a, b) => a - b)
  return sorted.some((value, i) => {
    const above = sorted[i + 1]
    return clears(value, threshold, gateOp) && above !== undefined && maxStepSum >= above - value
  })
}

/** Returns and group advantages under gated and under direct accumulation, [N] each. */
export interface GatedGroup {
  readonly gatedReturns: Float64Array
  readonly directReturns: Float64Array
  readonly gatedAdvantages: Float64Array
  readonly directAdvantages: Float64Array
}

/**
 * Gated returns and their group-relative advantages (mean, sample deviation + ε), beside those of direct accumulation.
 *
 * @param stepRewards step rewards of each trajectory
 * @param outcomeRewards [N]
 * @param groupIds [N]
 */
export function gatedGroupAdvantages(
  stepRewards: readonly ArrayLike<number>[],
  outcomeRewards: ArrayLike<number>,
  groupIds: ArrayLike<string | number>,
  options: GatedTurnOptions & { readonly epsilon?: number; readonly singleton?: SingletonPolicy } = {},
): GatedGroup {
  const { stepWeight = 1, epsilon = 1e-6, singleton = 'zero' } = options
  assertSameLength(stepRewards, 'stepRewards', outcomeRewards, 'outcomeRewards')
  assertSameLength(stepRewards, 'stepRewards', groupIds, 'groupIds')
  const groups = groupItems(groupIds)
  const gatedReturns = Float64Array.from(
    stepRewards,
    (steps, i) => gatedTurnRewards(steps, outcomeRewards[i], options).trajectoryReturn,
  )
  const directReturns = Float64Array.from(stepRewards, (steps, i) => {
    let total = 0
    for (let t = 0; t < steps.length; t++) total += steps[t]
    return stepWeight * total + outcomeRewards[i]
  })
  return {
    gatedReturns,
    directReturns,
    gatedAdvantages: grpo(gatedReturns, groups, { epsilon, singleton }),
    directAdvantages: grpo(directReturns, groups, { epsilon, singleton }),
  }
}

/** Batch means of the direct sum and of the outcome over the last updates: plain JSON. */
export interface HackingWatch {
  readonly direct: RunningWindow
  readonly outcome: RunningWindow
}

/** A watch over the last `updates` batches. */
export function hackingWatch(updates: number): HackingWatch {
  return { direct: emptyWindow(updates), outcome: emptyWindow(updates) }
}

/** The watch after one more batch, and whether it rings: over a full window the direct sum rises while the outcome falls. */
export function watchBatch(
  watch: HackingWatch,
  directMean: number,
  outcomeMean: number,
): { readonly watch: HackingWatch; readonly alarm: boolean } {
  const next = { direct: extendWindow(watch.direct, [directMean]), outcome: extendWindow(watch.outcome, [outcomeMean]) }
  const rises = (windowSlope(next.direct) ?? 0) > 0
  const falls = (windowSlope(next.outcome) ?? 0) < 0
  return { watch: next, alarm: windowIsFull(next.direct) && rises && falls }
}

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

/** See {@link gatedAccumulate}. */
export const gRa = defineMethod({
  slug: 'g-ra',
  title: 'G-RA: gated reward accumulation',
  year: 2025,
  paper: 'arXiv 2508.10548',
  family: 'credit',
  summary:
    'Lets dense low-priority rewards count only in episodes whose higher-priority rewards clear their thresholds.',
  consumes: ['rollout.score [R]: outcome reward', 'turn.reward or further levels of dense rewards'],
  produces: ['rollout.reward', 'turn.graReward', 'rollout.graDirect', 'rollout.graGate', 'group.graAlarm'],
  options: graOptions,
  claim: {
    statement:
      'Where a dense reward can be farmed, direct accumulation raises its own sum while the completion rate collapses; gating at −0.5 keeps the completion rate. It does not beat training on the outcome alone.',
    metric: 'final completion rate',
    direction: 'higher',
    size: 0.3,
    against: ['direct accumulation'],
    seeds: 5,
    setting:
      'tool farm of 20 turns, 0.3 a well-formed call, outcomes −1, −0.5, 0, 1, no clock in the state, tabular policy, 200 updates of 8 groups of 8',
  },
  stages: [graStage],
  related: ['baselines-advantage', 'meow-tea-taro', 'toolrl'],
})
