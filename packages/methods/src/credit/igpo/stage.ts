import {
  defineStage,
  failed,
  json,
  numbers,
  type Outcome,
  outcomeAt,
  type RolloutBatch,
  type Signal,
  Status,
  scored,
  signalFromOutcomes,
  texts,
} from '@guerdon/core'
import * as z from 'zod'
import { advantageColumns, turnSignal } from '../../shared/turn-columns.ts'
import { rolloutGroups } from '../baselines-advantage/stages.ts'
import { igpoTurnAdvantages, zeroAdvantageGroupFraction } from './advantages.ts'
import { answerBoundaries, boundariesColumn } from './boundaries.ts'
import { informationGain } from './gains.ts'
import { answerSeparator, f1OutcomeReward } from './outcome.ts'

/** Options of the outcome stage. */
export const igpoOutcomeOptions = z.strictObject({
  mode: z
    .enum(['f1', 'noformatf1', 'em'])
    .default('f1')
    .describe('word-set F1 for training, F1 without penalty, exact match'),
  formatPenalty: z.number().default(-2).describe('score of a response without a readable answer'),
})

/** Scores the final answer by word-set F1 against the reference. */
export const igpoOutcomeStage = defineStage<z.infer<typeof igpoOutcomeOptions>, null>({
  name: 'igpo.outcome',
  about: 'word-set F1 of the <answer> block, or a penalty when tags are unbalanced or there is no answer',
  options: igpoOutcomeOptions,
  reads: () => [
    { name: 'rollout.response', kind: 'text', about: 'the whole response with its tags' },
    { name: 'rollout.reference', kind: 'json', about: 'reference answer: a text, or a list of alternatives' },
  ],
  writes: () => [{ name: 'rollout.score', kind: 'number', about: 'outcome reward' }],
  initial: () => null,
  apply: (batch, _state, options) => {
    const responses = texts(batch, 'rollout.response')
    const references = json(batch, 'rollout.reference')
    const outcomes = batch.rolloutIds.map((_, r): Outcome => {
      const given = references[r]
      const reference = Array.isArray(given) ? given.join(answerSeparator) : given
      if (typeof reference !== 'string') return failed('invalid_input', 'expected a reference answer', 'igpo.outcome')
      const response = responses[r]
      if (response === undefined) return failed('invalid_input', 'expected a response', 'igpo.outcome')
      return scored(f1OutcomeReward(response, reference, options))
    })
    return { columns: { 'rollout.score': signalFromOutcomes('rollout', outcomes) }, state: null }
  },
})

/** Options of the credit stage. */
export const igpoOptions = z.strictObject({
  mode: z
    .enum(['probDiff', 'logProbDiff'])
    .default('probDiff')
    .describe('gain in probability or in mean log-probability'),
  normalisation: z.enum(['joint', 'separate']).default('joint').describe('pool gains with outcomes, or not'),
  normaliseByStd: z.boolean().default(true).describe('divide by the deviation of the pool'),
  gamma: z.number().min(0).max(1).default(1).describe('discount of later turns'),
  outcomeWeight: z.number().default(1).describe('weight of outcomes before normalising'),
  gainWeight: z.number().default(1).describe('weight of gains before normalising'),
  epsilon: z.number().min(0).default(1e-6).describe('added to the deviation'),
  place: z.enum(['turn', 'tokens']).default('turn').describe('write turn.advantage only, or token.advantage too'),
})

/** Rewards each tool turn by how much it raised the policy's belief in the reference answer. */
export const igpoStage = defineStage<z.infer<typeof igpoOptions>, null>({
  name: 'igpo',
  about: 'information gain of every tool turn and the outcome of the last, normalised over the group and accumulated',
  options: igpoOptions,
  reads: () => [
    { name: 'rollout.score', kind: 'number', about: 'outcome reward of the answering turn' },
    boundariesColumn,
  ],
  writes: options => [
    { name: 'turn.advantage', kind: 'number', about: 'accumulated normalised rewards from the turn on' },
    { name: 'turn.igpoGain', kind: 'number', about: 'information gain of the turn; abstained on the answering turn' },
    { name: 'group.igpoCollapsed', kind: 'number', about: '1 where all outcomes of the group are equal' },
    ...(options.place === 'tokens'
      ? [{ name: 'token.advantage', kind: 'number', about: 'advantage of the turn on its policy tokens' } as const]
      : []),
  ],
  initial: () => null,
  apply: (batch, _state, options) => {
    const score = numbers(batch, 'rollout.score')
    const gains = gainsOf(batch, score, options)
    const usable = [...batch.rolloutIds.keys()].filter(r => gains[r] instanceof Float64Array)
    const { index, count } = rolloutGroups(batch)
    const groups = { index: Int32Array.from(usable, r => index[r]), count }
    const { turnAdvantages } = igpoTurnAdvantages(
      usable.map(r => gains[r] as Float64Array),
      usable.map(r => score.values[r]),
      groups,
      options,
    )
    const advantages: Float64Array[] = []
    for (const [k, r] of usable.entries()) advantages[r] = turnAdvantages[k]
    const turns = turnSignal(batch, score, r => advantages[r] ?? (gains[r] as Outcome))
    return {
      columns: {
        'turn.igpoGain': gainColumn(batch, gains),
        'group.igpoCollapsed': collapsedColumn(batch, score),
        ...advantageColumns(batch, turns, score, options.place),
      },
      state: null,
    }
  },
})

function gainsOf(
  batch: RolloutBatch,
  score: Signal,
  options: { mode: 'probDiff' | 'logProbDiff' },
): (Float64Array | Outcome)[] {
  return answerBoundaries(batch).map((boundaries, r): Float64Array | Outcome => {
    if (score.status[r] !== Status.scored) return outcomeAt(score, r)
    const turns = batch.turnOffsets[r + 1] - batch.turnOffsets[r]
    if ('status' in boundaries) return boundaries
    if (boundaries.length !== turns) {
      const message = `expected log-probabilities at ${turns} boundaries, one before each turn; got ${boundaries.length}`
      return failed('invalid_input', message, 'igpo')
    }
    return informationGain(boundaries, options).gains
  })
}

function gainColumn(batch: RolloutBatch, gains: readonly (Float64Array | Outcome)[]): Signal {
  const outcomes: Outcome[] = []
  gains.forEach((row, r) => {
    for (let k = 0; k < batch.turnOffsets[r + 1] - batch.turnOffsets[r]; k++) {
      if (!(row instanceof Float64Array)) outcomes.push(row)
      else if (k < row.length) outcomes.push(scored(row[k]))
      else outcomes.push({ status: 'abstained', reason: 'the answering turn' })
    }
  })
  return signalFromOutcomes('turn', outcomes)
}

function collapsedColumn(batch: RolloutBatch, score: Signal): Signal {
  return signalFromOutcomes(
    'group',
    batch.groupIds.map((_, g): Outcome => {
      const rewards: number[] = []
      for (let r = batch.groupOffsets[g]; r < batch.groupOffsets[g + 1]; r++)
        if (score.status[r] === Status.scored) rewards.push(score.values[r])
      if (rewards.length === 0) return { status: 'abstained', reason: 'no scored rollout' }
      const one = { index: new Int32Array(rewards.length), count: 1 }
      return scored(zeroAdvantageGroupFraction(rewards, one) ?? 0)
    }),
  )
}
