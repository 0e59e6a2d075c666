import {
  abstained,
  defineStage,
  failed,
  numbers,
  type Outcome,
  optionalNumbers,
  outcomeAt,
  type RolloutBatch,
  Status,
  scored,
  signalFromOutcomes,
  tokenMask,
} from '@guerdon/core'
import * as z from 'zod'
import { laserDEReward, laserDReward } from './dynamic.ts'
import { laserReward, lengthRewardTypes } from './scores.ts'
import { type ByBand, coverageByDifficulty, lengthThresholds } from './targets.ts'

/** Options of the stage; `{}` is LASER with a target of 8192 tokens. */
export const laserOptions = z.strictObject({
  variant: z
    .enum(['laser', 'laser-d', 'laser-de'])
    .default('laser')
    .describe('one fixed target; targets by difficulty; and a bonus for wrong answers that explore'),
  targetLength: z
    .number()
    .positive()
    .default(8192)
    .describe('L_T; for laser-d and laser-de the target before any monitor run'),
  alpha: z.number().min(0).default(0.5).describe('bonus of a correct response within the target'),
  type: z.enum(lengthRewardTypes).default('reward').describe('bonus within the target, penalty beyond it, or both'),
  lowerBound: z.number().positive().default(2048).describe('shortest candidate target'),
  upperBound: z.number().positive().default(16384).describe('candidate targets end here'),
  interval: z.int().min(1).default(1024).describe('distance of candidate targets'),
  rolloutsPerPrompt: z.int().min(1).default(8).describe('k, rollouts of a monitor prompt'),
  expectedCorrect: z.number().positive().default(1).describe('correct rollouts to expect within a target'),
  roundMethod: z
    .enum(['floor', 'ceil'])
    .default('floor')
    .describe('how the expected number of correct rollouts is rounded'),
  compat: z
    .literal('released')
    .nullable()
    .default(null)
    .describe('laser-de: never find a repetition, as the released runs did'),
})

/** Options of the stage, every default filled in. */
export type LaserStageOptions = z.infer<typeof laserOptions>

/** What the last monitor run found, so that a resumed run keeps its targets. */
export interface LaserState {
  readonly coverage: ByBand<readonly number[]> | null
  readonly monitorRuns: number
  /** Targets used in the last batch. */
  readonly targets: ByBand<number> | null
}

/**
 * Writes `rollout.reward`: the base score in `rollout.score` plus a length bonus. Correct and well-formed wrong answers are
 * told by `rollout.outcome` (1, 0) when recorded and by the exact base scores 1 and −0.5 otherwise.
 *
 * Rollouts with `rollout.monitor` = 1 belong to the monitor set: they set the targets before the others of their batch are
 * scored, and abstain. The length of a response is its number of policy tokens, or `rollout.length` when recorded.
 */
export const laserStage = defineStage<LaserStageOptions, LaserState>({
  name: 'laser',
  about: 'adds a bonus to correct responses within a target length, fixed or chosen by difficulty',
  options: laserOptions,
  reads: ({ variant }) => [
    { name: 'rollout.score', kind: 'number', about: 'base score: 1 correct, −0.5 wrong, −1 malformed' },
    {
      name: 'rollout.outcome',
      kind: 'number',
      about: '1 = correct and well-formed, 0 = not; read from the score when absent',
      optional: true,
    },
    {
      name: 'rollout.length',
      kind: 'number',
      about: 'tokens of the response; counted from the tokens when absent',
      optional: true,
    },
    { name: 'token.mask', kind: 'number', about: '1 on response tokens', optional: true },
    ...(variant === 'laser'
      ? []
      : [
          {
            name: 'rollout.monitor' as const,
            kind: 'number' as const,
            about: '1 = monitor rollout, 0 = training rollout',
            optional: true,
          },
        ]),
    ...(variant === 'laser-de'
      ? [{ name: 'token.id' as const, kind: 'number' as const, about: 'token ids, for the repetition check' }]
      : []),
  ],
  writes: () => [
    { name: 'rollout.reward', kind: 'number', about: 'base score plus length bonus' },
    { name: 'rollout.laserBonus', kind: 'number', about: 'the length bonus alone' },
    { name: 'rollout.laserTarget', kind: 'number', about: 'target length the response was held to' },
  ],
  initial: () => ({ coverage: null, monitorRuns: 0, targets: null }),
  apply: (batch, state, options) => {
    const score = numbers(batch, 'rollout.score')
    const outcome = optionalNumbers(batch, 'rollout.outcome')
    const monitor = options.variant === 'laser' ? undefined : optionalNumbers(batch, 'rollout.monitor')
    const lengths = responseLengths(batch)
    const groups = batch.groupIds.flatMap((_, g) =>
      Array<number>(batch.groupOffsets[g + 1] - batch.groupOffsets[g]).fill(g),
    )
    const usable = batch.rolloutIds.map((_, r): Outcome => {
      const own = outcomeAt(score, r)
      if (own.status !== 'scored') return own
      if (outcome?.status[r] === Status.failed) return outcomeAt(outcome, r)
      return lengths[r] === undefined ? failed('invalid_input', 'expected tokens or rollout.length', 'laser') : own
    })
    const isMonitor = (r: number) => monitor?.status[r] === Status.scored && monitor.values[r] === 1
    const scoredRows = usable.flatMap((own, r) => (own.status === 'scored' ? [r] : []))
    const correctAt = (r: number) => (outcome?.status[r] === Status.scored ? outcome : score).values[r] === 1
    const data = (rows: readonly number[]) => ({
      groups: rows.map(r => groups[r]),
      scores: rows.map(r => score.values[r]),
      lengths: rows.map(r => lengths[r] ?? 0),
      correct: rows.map(correctAt),
    })
    const thresholds = lengthThresholds(options)
    const monitored = scoredRows.filter(isMonitor)
    const next = monitored.length === 0 ? state : monitorRun(state, data(monitored), thresholds)
    const trained = scoredRows.filter(r => !isMonitor(r))
    const dynamic = { ...options, thresholds, coverage: next.coverage, fallbackTargetLength: options.targetLength }
    const shaped = shape(data(trained), options, dynamic, () => tokenRows(batch, trained))
    const reward = usable.map(own => (own.status === 'scored' ? abstained('monitor rollout') : own))
    const bonus = [...reward]
    const target = [...reward]
    trained.forEach((r, k) => {
      reward[r] = scored(shaped.scores[k])
      bonus[r] = scored(shaped.lengthScores[k])
      target[r] = scored(shaped.targetLengths?.[k] ?? options.targetLength)
    })
    return {
      columns: {
        'rollout.reward': signalFromOutcomes('rollout', reward),
        'rollout.laserBonus': signalFromOutcomes('rollout', bonus),
        'rollout.laserTarget': signalFromOutcomes('rollout', target),
      },
      state: { ...next, targets: trained.length === 0 ? next.targets : (shaped.targets ?? null) },
    }
  },
})

type Rows = { groups: number[]; scores: number[]; lengths: number[]; correct: boolean[] }

function shape(
  data: Rows,
  options: LaserStageOptions,
  dynamic: NonNullable<Parameters<typeof laserDReward>[1]>,
  tokens: () => readonly ArrayLike<number>[],
): ReturnType<typeof laserReward> & Partial<ReturnType<typeof laserDReward>> {
  if (options.variant === 'laser') return laserReward(data, options)
  if (options.variant === 'laser-d') return laserDReward(data, dynamic)
  const released = options.compat === null ? {} : { compat: options.compat }
  return laserDEReward({ ...data, tokens: tokens() }, { ...dynamic, ...released })
}

function monitorRun(state: LaserState, data: Rows, thresholds: readonly number[]): LaserState {
  const { coverage } = coverageByDifficulty(data, thresholds)
  return {
    ...state,
    coverage: { low: [...coverage.low], medium: [...coverage.medium], high: [...coverage.high] },
    monitorRuns: state.monitorRuns + 1,
  }
}

function responseLengths(batch: RolloutBatch): (number | undefined)[] {
  const recorded = optionalNumbers(batch, 'rollout.length')
  const mask = tokenMask(batch)
  return batch.rolloutIds.map((_, r) => {
    if (recorded?.status[r] === Status.scored) return recorded.values[r]
    if (batch.tokenOffsets[r] === batch.tokenOffsets[r + 1]) return undefined
    return mask.subarray(batch.tokenOffsets[r], batch.tokenOffsets[r + 1]).reduce((count, own) => count + own, 0)
  })
}

function tokenRows(batch: RolloutBatch, rows: readonly number[]): Float64Array[] {
  const ids = numbers(batch, 'token.id').values
  const mask = tokenMask(batch)
  return rows.map(r => {
    const start = batch.tokenOffsets[r]
    return ids.subarray(start, batch.tokenOffsets[r + 1]).filter((_, t) => mask[start + t] === 1)
  })
}
