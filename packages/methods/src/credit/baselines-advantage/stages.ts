import {
  type Column,
  type ColumnName,
  defineStage,
  failed,
  groupOfRollout,
  moveSignal,
  numbers,
  type Outcome,
  type RolloutBatch,
  type Signal,
  type StageDefinition,
  Status,
  signal,
  tokenMask,
} from '@guerdon/core'
import * as z from 'zod'
import type { Grouping } from '../../shared/group-normalise.ts'
import { type FloatArray, type RaggedRows, rowLengths } from '../../shared/ragged.ts'
import { scoredIndices, withScored } from '../../shared/scored-items.ts'
import { dialectAdvantages, dialects } from '../dialects.ts'
import { drGrpo, gpg, grpo, maxRl, opo, passAtK, rloo } from './group-estimators.ts'
import { reinforcePlusPlusBaseline } from './token-estimators.ts'

/** Options common to the estimators that give a rollout one advantage. */
const placement = {
  place: z
    .enum(['rollout', 'tokens'])
    .default('rollout')
    .describe('write rollout.advantage only, or also token.advantage: the same number on every policy token'),
}
const singleton = {
  singleton: z
    .enum(['zero', 'raw', 'error'])
    .default('zero')
    .describe('a group with one scored rollout: no advantage, its raw score (verl), or an error'),
}
const epsilon = { epsilon: z.number().min(0).default(1e-6).describe('added to the standard deviation') }
const normaliseByStd = { normaliseByStd: z.boolean().default(true).describe("divide by the group's deviation") }

/** The column the group estimators compare within a group. */
export const scoreColumn: Column = {
  name: 'rollout.score',
  kind: 'number',
  about: 'one score a rollout, comparable within its group',
}
/** The column that marks the tokens the policy wrote. */
export const maskColumn: Column = {
  name: 'token.mask',
  kind: 'number',
  about: '1 on tokens the policy produced; all tokens count when absent',
  optional: true,
}
const rolloutAdvantage: Column = { name: 'rollout.advantage', kind: 'number', about: 'advantage of the rollout' }
const tokenAdvantage: Column = {
  name: 'token.advantage',
  kind: 'number',
  about: 'advantage of the token; 0 on tokens the policy did not produce',
}

/** The groups of a batch's rollouts. */
export function rolloutGroups(batch: RolloutBatch): Grouping {
  return { index: groupOfRollout(batch), count: batch.groupIds.length }
}

/** The tokens of a batch as ragged rows. */
export function tokenRows(batch: RolloutBatch): RaggedRows {
  return { offsets: batch.tokenOffsets, mask: tokenMask(batch) }
}

/** [R] 1 where the item is scored. */
export function scoredFlags(column: Signal): Uint8Array {
  return column.status.map(status => (status === Status.scored ? 1 : 0))
}

/** Numbers of a column as a flat array with 0 where an item has none. */
export function filled(column: Signal): Float64Array {
  return column.values.map((value, i) => (column.status[i] === Status.scored ? value : 0))
}

/** Lays rollout advantages on policy tokens; tokens of other writers get 0, tokens of an unscored rollout its outcome. */
export function spreadToTokens(batch: RolloutBatch, advantage: Signal): Signal {
  return moveSignal(batch, advantage, 'token', 'spread', { mask: tokenMask(batch), outside: 'zero' })
}

type Placed = { place: 'rollout' | 'tokens' }

interface GroupContext {
  readonly scores: Float64Array
  readonly groups: Grouping
  readonly scored: Uint8Array
  readonly lengths: () => Float64Array
}

interface GroupStage<Options> {
  readonly name: string
  readonly about: string
  readonly options: z.ZodType<Options>
  readonly lengths?: boolean
  estimate(
    context: GroupContext,
    options: Options,
  ): ArrayLike<number> | { advantages: ArrayLike<number>; outcomes: ReadonlyMap<number, Outcome> }
}

function groupStage<Options extends Placed>(given: GroupStage<Options>): StageDefinition<Options, null> {
  return defineStage<Options, null>({
    name: given.name,
    about: given.about,
    options: given.options,
    reads: options => (options.place === 'tokens' || given.lengths ? [scoreColumn, maskColumn] : [scoreColumn]),
    writes: options => (options.place === 'tokens' ? [rolloutAdvantage, tokenAdvantage] : [rolloutAdvantage]),
    initial: () => null,
    apply: (batch, _state, options) => {
      const score = numbers(batch, 'rollout.score', scoreColumn.about)
      const result = given.estimate(
        {
          scores: filled(score),
          groups: rolloutGroups(batch),
          scored: scoredFlags(score),
          lengths: () => rowLengths(tokenRows(batch)),
        },
        options,
      )
      const { advantages, outcomes } = 'advantages' in result ? result : { advantages: result, outcomes: undefined }
      const indices = scoredIndices(score)
      const values = Float64Array.from(indices, i => advantages[i])
      const advantage = withScored(score, indices, values)
      const final = outcomes ? overridden(advantage, outcomes) : advantage
      const columns: Record<ColumnName, Signal> = { 'rollout.advantage': final }
      if (options.place === 'tokens') columns['token.advantage'] = spreadToTokens(batch, final)
      return { columns, state: null }
    },
  })
}

function overridden(column: Signal, outcomes: ReadonlyMap<number, Outcome>): Signal {
  return withScored(column, [], [], outcomes)
}

const grpoStage = groupStage({
  name: 'grpo',
  about: 'compares each rollout with its group: (score − mean) / (sample deviation + ε)',
  options: z.strictObject({ ...placement, ...singleton, ...epsilon, ...normaliseByStd }),
  estimate: ({ scores, groups, scored }, options) => grpo(scores, groups, { ...options, scored }),
})
const drGrpoStage = groupStage({
  name: 'drGrpo',
  about: 'score − group mean, without dividing by the spread',
  options: z.strictObject({ ...placement, ...singleton }),
  estimate: ({ scores, groups, scored }, options) => drGrpo(scores, groups, { ...options, scored }),
})
const rlooStage = groupStage({
  name: 'rloo',
  about: 'score − mean of the other rollouts of the group: unbiased',
  options: z.strictObject({ ...placement, ...singleton }),
  estimate: ({ scores, groups, scored }, options) => rloo(scores, groups, { ...options, scored }),
})
const opoStage = groupStage({
  name: 'opo',
  about: 'score − length-weighted mean of the group',
  options: z.strictObject({ ...placement, ...singleton }),
  lengths: true,
  estimate: ({ scores, groups, scored, lengths }, options) => opo(scores, lengths(), groups, { ...options, scored }),
})
const gpgStage = groupStage({
  name: 'gpg',
  about: 'score − group mean, scaled up by the share of rollouts of the batch with a non-zero score',
  options: z.strictObject({
    ...placement,
    ...singleton,
    fNorm: z.number().positive().default(1).describe('divides every advantage'),
  }),
  estimate: ({ scores, groups, scored }, options) => gpg(scores, groups, { ...options, scored }),
})
const passAtKStage = groupStage({
  name: 'passAtK',
  about: 'only the best rollout of a group gets an advantage: its lead over the second best',
  options: z.strictObject({
    ...placement,
    ...epsilon,
    ...normaliseByStd,
    singleton: z.enum(['zero', 'error']).default('zero').describe('a group with one scored rollout'),
  }),
  estimate: ({ scores, groups, scored }, options) => passAtK(scores, groups, { ...options, scored }),
})
const maxRlStage = groupStage({
  name: 'maxRl',
  about: '(score − group mean) / group mean: rare successes count more',
  options: z.strictObject({
    ...placement,
    ...singleton,
    epsilon: z.number().min(0).default(0).describe('added to the mean it is divided by'),
  }),
  estimate: ({ scores, groups, scored }, options) => maxRl(scores, groups, { ...options, scored }),
})

/** One stage for every row of the dialect table, under its name. */
const dialectStages = dialects.map(dialect =>
  groupStage({
    name: dialect.name,
    about: `the advantage of ${dialect.system}, value for value`,
    options: z.strictObject({
      ...placement,
      compat: z
        .literal('released')
        .optional()
        .describe('the float32 arithmetic of the released code, with its residues for equal rewards'),
    }),
    lengths: dialect.baseline === 'length-weighted-mean',
    estimate: ({ scores, groups, scored, lengths }, options) => {
      const outcomes = new Map<number, Outcome>()
      const alone = dialect.singleton === 'nan' ? loneRollouts(groups, scored) : []
      const counted = scored.slice()
      for (const i of alone) {
        counted[i] = 0
        outcomes.set(i, failed('invalid_input', `${dialect.system} turns a group of one into NaN`, dialect.name))
      }
      const given = { scored: counted, lengths: lengths(), compat: options.compat }
      const { advantages, dropped } = dialectAdvantages(scores, groups, dialect, given)
      dropped.forEach((drop, i) => {
        if (drop) outcomes.set(i, { status: 'abstained', reason: `${dialect.system} drops a group of one` })
      })
      return { advantages, outcomes }
    },
  }),
)

function loneRollouts(groups: Grouping, scored: Uint8Array): number[] {
  const counts = new Int32Array(groups.count)
  groups.index.forEach((g, i) => {
    counts[g] += scored[i]
  })
  return [...groups.index.keys()].filter(i => scored[i] === 1 && counts[groups.index[i]] === 1)
}

const reinforcePlusPlusBaselineStage = defineStage<{ singleton: 'zero' | 'raw' | 'error' }, null>({
  name: 'reinforcePlusPlusBaseline',
  about: 'score − group mean on every policy token, whitened over the batch',
  options: z.strictObject({ ...singleton }),
  reads: () => [scoreColumn, maskColumn],
  writes: () => [tokenAdvantage],
  initial: () => null,
  apply: (batch, _state, options) => {
    const score = numbers(batch, 'rollout.score', scoreColumn.about)
    const scored = scoredFlags(score)
    const rows = scoredRows(batch, scored)
    const values = rows.mask.includes(1)
      ? reinforcePlusPlusBaseline(filled(score), rolloutGroups(batch), rows, { ...options, scored })
      : new Float64Array(rows.mask.length)
    return { columns: { 'token.advantage': tokenSignal(batch, score, values) }, state: null }
  },
})

/** The token rows with the tokens of unscored rollouts masked out, so that they leave the batch statistics. */
export function scoredRows(batch: RolloutBatch, scored: ArrayLike<number>): RaggedRows & { readonly mask: Uint8Array } {
  const mask = tokenMask(batch)
  const { tokenOffsets: offsets } = batch
  for (let r = 0; r + 1 < offsets.length; r++) if (!scored[r]) mask.fill(0, offsets[r], offsets[r + 1])
  return { offsets, mask }
}

/** A token signal from flat values; tokens of an unscored rollout get its outcome. */
export function tokenSignal(batch: RolloutBatch, score: Signal, values: FloatArray): Signal {
  if (score.status.every(status => status === Status.scored)) return signal('token', values)
  const placed = moveSignal(batch, score, 'token', 'spread')
  return {
    ...placed,
    values: placed.values.map((_, t) => (placed.status[t] === Status.scored ? values[t] : Number.NaN)),
  }
}

/** Estimators of one advantage a rollout: the sound forms, then the trainers' dialects. */
export const rolloutStages = [
  grpoStage,
  drGrpoStage,
  rlooStage,
  opoStage,
  gpgStage,
  passAtKStage,
  maxRlStage,
  reinforcePlusPlusBaselineStage,
  ...dialectStages,
]
