import * as z from 'zod'
import { groupOfRollout, groupOfToken, groupOfTurn, levelSize, type RolloutBatch } from '../batch.ts'
import { levelOf } from '../column-sinks.ts'
import { numbers } from '../columns.ts'
import { type Level, mapSignal, Status } from '../signal.ts'
import { type ColumnName, defineStage, type StageDefinition } from '../stage.ts'
import { mean, standardDeviation } from '../statistics.ts'
import { columnName } from './column-name.ts'

const ends = {
  from: columnName.prefault('rollout.score'),
  to: columnName.prefault('rollout.reward').describe('column to write, at the level of from'),
}

interface Ends {
  readonly from: ColumnName
  readonly to: ColumnName
}

function sameLevel({ from, to }: Ends, context: z.RefinementCtx): void {
  if (levelOf(from) !== levelOf(to)) {
    context.addIssue({ code: 'custom', path: ['to'], message: `a column at the level of ${from}` })
  }
}

function oneToOne(about: string): Pick<StageDefinition<Ends, null>, 'reads' | 'writes' | 'initial'> {
  return {
    reads: ({ from }) => [{ name: from, kind: 'number', about: 'signal to change' }],
    writes: ({ from, to }) => [{ name: to, kind: 'number', about: `${from} ${about}` }],
    initial: () => null,
  }
}

const clipSchema = z
  .strictObject({ ...ends, low: z.number().nullable().default(-1), high: z.number().nullable().default(1) })
  .superRefine(sameLevel)
  .refine(({ low, high }) => low === null || high === null || low <= high, { path: ['low'], error: 'low ≤ high' })
export type ClipOptions = z.infer<typeof clipSchema>

/** min(max(x, low), high); null leaves that side open. */
export const clipStage = defineStage<ClipOptions, null>({
  name: 'clip',
  about: 'keeps a signal between two bounds',
  options: clipSchema as unknown as z.ZodType<ClipOptions>,
  ...oneToOne('between bounds'),
  apply: (batch, _state, { from, to, low, high }) => {
    const bounded = (value: number) =>
      Math.min(Math.max(value, low ?? Number.NEGATIVE_INFINITY), high ?? Number.POSITIVE_INFINITY)
    return { columns: { [to]: mapSignal(numbers(batch, from), bounded) }, state: null }
  },
})

const affineSchema = z
  .strictObject({ ...ends, scale: z.number().default(1), shift: z.number().default(0) })
  .superRefine(sameLevel)
export type AffineOptions = z.infer<typeof affineSchema>

/** scale·x + shift. */
export const affineStage = defineStage<AffineOptions, null>({
  name: 'affine',
  about: 'scales a signal and shifts it',
  options: affineSchema as unknown as z.ZodType<AffineOptions>,
  ...oneToOne('scaled and shifted'),
  apply: (batch, _state, { from, to, scale, shift }) => ({
    columns: { [to]: mapSignal(numbers(batch, from), value => scale * value + shift) },
    state: null,
  }),
})

const whitenSchema = z
  .strictObject({
    ...ends,
    scope: z.enum(['batch', 'group']).default('batch').describe('where mean and spread are taken'),
    ddof: z.union([z.literal(0), z.literal(1)]).default(1),
    epsilon: z.number().min(0).default(1e-8).describe('added to the standard deviation'),
    centre: z.boolean().default(true).describe('subtract the mean'),
    few: z
      .enum(['zero', 'keep'])
      .default('zero')
      .describe('scopes with no spread (n ≤ ddof, or all equal): centred values 0, or left as they are'),
  })
  .superRefine(sameLevel)
export type WhitenOptions = z.infer<typeof whitenSchema>

/**
 * (x − mean)/(std + ε) over the scored items of each scope; without `centre` x/(std + ε). Unscored items take no part and
 * keep their outcome. Where there is no spread the result is 0 (`few: zero`; x − mean is 0 there) or x itself.
 */
export const whitenStage = defineStage<WhitenOptions, null>({
  name: 'whiten',
  about: 'centres a signal and divides it by its standard deviation, over the batch or within each group',
  options: whitenSchema as unknown as z.ZodType<WhitenOptions>,
  ...oneToOne('whitened'),
  apply: (batch, _state, options) => {
    const column = numbers(batch, options.from)
    const scopes = options.scope === 'batch' ? new Int32Array(column.values.length) : groupsOf(batch, column.level)
    const members: number[][] = []
    scopes.forEach((scope, i) => {
      members[scope] ??= []
      if (column.status[i] === Status.scored) members[scope].push(column.values[i])
    })
    const scales = members.map(values => {
      const spread = values.length > options.ddof ? standardDeviation(values, { ddof: options.ddof }) : 0
      return { centre: options.centre && values.length > 0 ? mean(values) : 0, spread }
    })
    const whitened = mapSignal(column, (value, i) => {
      const { centre, spread } = scales[scopes[i]]
      if (spread === 0) return options.few === 'zero' ? 0 : value
      return (value - centre) / (spread + options.epsilon)
    })
    return { columns: { [options.to]: whitened }, state: null }
  },
})

function groupsOf(batch: RolloutBatch, level: Level): Int32Array {
  if (level === 'rollout') return groupOfRollout(batch)
  if (level === 'turn') return groupOfTurn(batch)
  if (level === 'token') return groupOfToken(batch)
  return Int32Array.from({ length: levelSize(batch, 'group') }, (_, g) => g)
}
