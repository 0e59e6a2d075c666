import { assertFiniteNumber, assertInteger, GuerdonError } from '@guerdon/core'
import * as z from 'zod'

/**
 * A number that changes over training, as plain data.
 *
 * `unit` says what positions are counted in: `step` (absolute updates from 0) or `fraction` (step / total, in [0, 1]).
 * Papers and released code often differ in exactly this, so it is never guessed.
 */
export const scheduleSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('constant'), value: z.number() }),
  z.object({
    kind: z.enum(['linear', 'cosine']),
    unit: z.enum(['step', 'fraction']).default('fraction'),
    from: z.number().describe('value up to `start`'),
    to: z.number().describe('value from `end` on'),
    start: z.number().default(0),
    end: z.number().default(1),
  }),
  z.object({
    kind: z.literal('logistic'),
    unit: z.enum(['step', 'fraction']).default('fraction'),
    from: z.number().describe('limit far before the midpoint'),
    to: z.number().describe('limit far after the midpoint'),
    midpoint: z.number().default(0.5),
    steepness: z.number().positive().default(10).describe('slope of the logistic in 1/unit'),
  }),
  z.object({
    kind: z.literal('piecewise'),
    unit: z.enum(['step', 'fraction']).default('fraction'),
    boundaries: z.array(z.number()).describe('ascending; a boundary belongs to the piece after it'),
    values: z.array(z.number()).describe('one more than boundaries'),
  }),
])

export type Schedule = z.infer<typeof scheduleSchema>

/** Where training stands. `totalSteps` is needed by schedules that count fractions. */
export interface TrainingProgress {
  /** Updates done, from 0. */
  readonly step: number
  readonly totalSteps?: number
}

/**
 * The schedule's value:
 * linear: from + (to − from)·u, cosine: to + (from − to)·(1 + cos πu)/2 with u = (x − start)/(end − start) held in [0,
 * 1], logistic: from + (to − from)·σ(steepness·(x − midpoint)), piecewise: values[k] with k the number of boundaries ≤
 * x.
 *
 * @throws invalid_option for a fraction without `totalSteps`, unordered boundaries or a wrong number of values
 */
export function scheduleAt(schedule: Schedule, progress: TrainingProgress): number {
  if (schedule.kind === 'constant') return schedule.value
  const x = schedule.unit === 'step' ? progress.step : fractionOf(progress)
  switch (schedule.kind) {
    case 'linear':
    case 'cosine': {
      const u = rampAt(x, schedule.start, schedule.end)
      const share = schedule.kind === 'linear' ? u : (1 - Math.cos(Math.PI * u)) / 2
      return schedule.from + (schedule.to - schedule.from) * share
    }
    case 'logistic':
      return (
        schedule.from + (schedule.to - schedule.from) / (1 + Math.exp(-schedule.steepness * (x - schedule.midpoint)))
      )
    case 'piecewise':
      if (schedule.values.length !== schedule.boundaries.length + 1) {
        throw new GuerdonError(
          'invalid_option',
          `expected one more value than boundaries; got ${schedule.values.length} values and ${schedule.boundaries.length} boundaries`,
          { path: ['values'] },
        )
      }
      return schedule.values[pieceAt(x, schedule.boundaries)]
  }
}

/** step / totalSteps, held in [0, 1]. @throws invalid_option without a positive `totalSteps` */
export function fractionOf(progress: TrainingProgress): number {
  assertFiniteNumber(progress.step, 'step')
  const { totalSteps } = progress
  if (totalSteps === undefined || !(totalSteps > 0)) {
    throw new GuerdonError('invalid_option', `expected a positive totalSteps; got ${totalSteps}`, {
      path: ['totalSteps'],
      hint: 'a schedule by fraction of training needs the planned number of steps',
    })
  }
  return Math.min(1, Math.max(0, progress.step / totalSteps))
}

/** How far x is from `start` to `end`, held in [0, 1]; a jump at `start` when both are equal. */
export function rampAt(x: number, start: number, end: number): number {
  if (start === end) return x < start ? 0 : 1
  return Math.min(1, Math.max(0, (x - start) / (end - start)))
}

/** Number of boundaries ≤ x: a boundary belongs to the piece after it. @throws invalid_option unless ascending */
export function pieceAt(x: number, boundaries: ArrayLike<number>): number {
  let piece = 0
  for (let i = 0; i < boundaries.length; i++) {
    if (i > 0 && boundaries[i] < boundaries[i - 1]) {
      throw new GuerdonError(
        'invalid_option',
        `expected ascending boundaries; got ${boundaries[i - 1]} before ${boundaries[i]}`,
        { path: ['boundaries', i] },
      )
    }
    if (x >= boundaries[i]) piece = i + 1
  }
  return piece
}

/**
 * Index of the stage a step falls into when stages follow each other: the first k with step < Σ_{j≤k} lengths[j];
 * steps past the end stay in the last stage. Stages of length 0 are never entered (unless the last).
 *
 * @throws empty for no stages, invalid_option for a negative length
 */
export function stageOfStep(step: number, lengths: readonly number[]): number {
  if (lengths.length === 0)
    throw new GuerdonError('empty', 'expected at least one stage; got none', { path: ['lengths'] })
  let end = 0
  for (let k = 0; k < lengths.length; k++) {
    assertInteger(lengths[k], `lengths[${k}]`)
    end += lengths[k]
    if (step < end) return k
  }
  return lengths.length - 1
}
