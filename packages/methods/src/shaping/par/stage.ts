import {
  type Column,
  type ColumnData,
  type ColumnName,
  defineStage,
  failed,
  mean,
  numbers,
  type Outcome,
  type RolloutBatch,
  signalFromOutcomes,
  tokenMask,
} from '@guerdon/core'
import * as z from 'zod'
import { type Moments, noMoments } from '../../shared/running-moments.ts'
import { numberLists, scoredIndices, withScored } from '../../shared/scored-items.ts'
import { releasedLengthPenalty, type ShapeOptions, shapeOrder, shapeScores, shapesWithReferences } from './shaper.ts'

const shapeSchema = z.enum(shapeOrder)

/** Options of the stage; `{}` is PAR with one logistic step per reference and at most ten references. */
export const parOptions = z.strictObject({
  shape: z
    .union([shapeSchema, z.array(shapeSchema).min(1)])
    .default('par')
    .describe('the shape, or several applied in the fixed order of the released shaper'),
  steepness: z.number().positive().default(1).describe('k of par, sigmoid and slowGrowth'),
  maxReferences: z.int().min(1).default(10).describe('references used by the relative shapes'),
  ceiling: z.number().nullable().default(null).describe('upper bound of the raw score'),
  lengthPenalty: z
    .strictObject({ freeTokens: z.number().min(0), perToken: z.number().min(0) })
    .nullable()
    .optional()
    .describe('price of every response token above freeTokens, in raw score; none unless compat is "released"'),
  onMissingReferences: z
    .enum(['fail', 'uncentred'])
    .default('fail')
    .describe('a rollout without reference scores: fail it, or use σ(k·r) without a centre (shape par only)'),
  compat: z
    .literal('released')
    .nullable()
    .default(null)
    .describe('defaults and flat-batch behaviour of the released code'),
})

/** Options of the stage, every default filled in. */
export type ParStageOptions = z.infer<typeof parOptions>

/** Running statistics of every score seen. */
export interface ParState {
  readonly moments: Moments
}

/**
 * Writes `rollout.reward` from `rollout.score`: PAR or one of the shapings it is compared with.
 *
 * Rollouts that failed or abstained keep their outcome and leave the running statistics. `rollout.parReferences` says how
 * many references stood behind each reward (0: the uncentred fallback), `rollout.parCentred` how far the score lies above
 * their mean, in raw score.
 */
export const parStage = defineStage<ParStageOptions, ParState>({
  name: 'par',
  about: 'turns raw reward-model scores into bounded rewards by comparing them with reference responses',
  options: parOptions,
  reads: options => {
    const columns: Column[] = [{ name: 'rollout.score', kind: 'number', about: 'raw reward-model score' }]
    if (needsReferences(options)) {
      columns.push({
        name: 'rollout.referenceScores',
        kind: 'json',
        about: 'number[] of reward-model scores of reference responses to the same prompt, from a fixed policy',
        optional: options.onMissingReferences === 'uncentred',
      })
    }
    if (lengthPenaltyOf(options) !== null) {
      columns.push({
        name: 'token.mask',
        kind: 'number',
        about: '1 on response tokens; all tokens count when absent',
        optional: true,
      })
    }
    return columns
  },
  writes: options => {
    const reward: Column = { name: 'rollout.reward', kind: 'number', about: 'shaped reward; in (0, 1) for par' }
    if (!needsReferences(options)) return [reward]
    return [
      reward,
      { name: 'rollout.parReferences', kind: 'number', about: 'number of references behind the reward' },
      {
        name: 'rollout.parCentred',
        kind: 'number',
        about: 'raw score minus the mean of the references, when there are any',
      },
    ]
  },
  initial: () => ({ moments: noMoments }),
  apply: (batch, state, options) => {
    const score = numbers(batch, 'rollout.score')
    const references = needsReferences(options)
      ? numberLists(batch, 'rollout.referenceScores', { optional: options.onMissingReferences === 'uncentred' })
      : undefined
    const lengths = lengthPenaltyOf(options) === null ? undefined : responseLengths(batch)
    const outcomes = new Map<number, Outcome>()
    const shaped: number[] = []
    const uncentred: number[] = []
    for (const i of scoredIndices(score)) {
      if (lengths && lengths[i] === 0) outcomes.set(i, failed('invalid_input', 'the response has no tokens', 'par'))
      else if (!references || references[i]?.length) shaped.push(i)
      else if (options.onMissingReferences === 'uncentred' && options.shape === 'par') uncentred.push(i)
      else outcomes.set(i, failed('invalid_input', missingReferences, 'par'))
    }
    const items = (indices: readonly number[]) => ({
      scores: indices.map(i => score.values[i]),
      references: indices.map(i => references?.[i] ?? []),
      ...(lengths && { lengths: indices.map(i => lengths[i]) }),
    })
    const result = shapeScores(items(shaped), options, state.moments)
    const fallback = shapeScores(items(uncentred), { ...options, shape: 'sigmoid' })
    const rewards = [...result.rewards, ...fallback.rewards]
    const reward = withScored(score, [...shaped, ...uncentred], rewards, outcomes)
    const next = { moments: result.moments }
    const columns: Record<ColumnName, ColumnData> = { 'rollout.reward': reward }
    if (!references) return { columns, state: next }
    const used = references.map((row, i): Outcome => {
      if (reward.status[i] !== 0) return { status: 'abstained' }
      return { status: 'scored', value: Math.min(row?.length ?? 0, options.maxReferences) }
    })
    const centred = references.map((row, i): Outcome => {
      if (!row?.length || score.status[i] !== 0) return { status: 'abstained' }
      return { status: 'scored', value: score.values[i] - mean(row.slice(0, options.maxReferences)) }
    })
    columns['rollout.parReferences'] = signalFromOutcomes('rollout', used)
    columns['rollout.parCentred'] = signalFromOutcomes('rollout', centred)
    return { columns, state: next }
  },
})

function needsReferences(options: ParStageOptions): boolean {
  const shapes = Array.isArray(options.shape) ? options.shape : [options.shape]
  return shapes.some(shape => shapesWithReferences.has(shape))
}

function lengthPenaltyOf(options: ParStageOptions): ShapeOptions['lengthPenalty'] {
  if (options.lengthPenalty !== undefined) return options.lengthPenalty
  return options.compat === 'released' ? releasedLengthPenalty : null
}

function responseLengths(batch: RolloutBatch): Float64Array {
  const mask = tokenMask(batch)
  return Float64Array.from(batch.rolloutIds, (_, r) => {
    let length = 0
    for (let t = batch.tokenOffsets[r]; t < batch.tokenOffsets[r + 1]; t++) length += mask[t]
    return length
  })
}

const missingReferences = 'expected reference scores of the same prompt in rollout.referenceScores; got none'
