import {
  abstained,
  defineStage,
  failed,
  json,
  numbers,
  type Outcome,
  optionalNumbers,
  outcomeAt,
  scored,
  sigmoid,
  signalFromOutcomes,
} from '@guerdon/core'
import * as z from 'zod'
import { hybridReward } from './ensemble.ts'

/** Schema of the stage's options. */
export const baseRewardOptions = z.strictObject({
  unverifiable: z
    .enum(['sigmoid', 'raw'])
    .default('sigmoid')
    .describe('reward of a rollout without ground truth: σ(score), or the score as it is'),
})

/** Options of the stage, every default filled in. */
export type BaseRewardOptions = z.infer<typeof baseRewardOptions>

/**
 * Writes `rollout.reward`: 1 where `rollout.correct` is 1, σ(`rollout.score`) where it is 0, and `unverifiable` where it is
 * absent or abstained. A match needs no score; a failed check or a missing score fails the rollout.
 */
export const baseRewardStage = defineStage<BaseRewardOptions, null>({
  name: 'base-reward',
  about: 'joins exact verification with a reward-model score: 1 for a match, else σ(score)',
  options: baseRewardOptions,
  reads: () => [
    { name: 'rollout.score', kind: 'number', about: 'reward-model score' },
    {
      name: 'rollout.correct',
      kind: 'number',
      about: '1 when the answer matches the ground truth exactly, 0 when not, absent without ground truth',
      optional: true,
    },
  ],
  writes: () => [{ name: 'rollout.reward', kind: 'number', about: 'hybrid reward in (0, 1], or the raw score' }],
  initial: () => null,
  apply: (batch, state, options) => {
    const score = numbers(batch, 'rollout.score')
    const correct = optionalNumbers(batch, 'rollout.correct')
    const outcomes = batch.rolloutIds.map((_, r): Outcome => {
      const check = correct === undefined ? abstained() : outcomeAt(correct, r)
      const own = outcomeAt(score, r)
      if (check.status === 'failed') return check
      if (check.status === 'scored' && check.value !== 0) return scored(hybridReward(0, true))
      if (own.status !== 'scored') return own
      if (check.status === 'scored') return scored(hybridReward(own.value, false))
      return scored(options.unverifiable === 'sigmoid' ? sigmoid(own.value) : own.value)
    })
    return { columns: { 'rollout.reward': signalFromOutcomes('rollout', outcomes) }, state }
  },
})

/**
 * Writes `rollout.reward` from a pairwise judge: the sum of `rollout.pairScores`, the preference of this rollout over every
 * rollout of its group in order (its own entry is ignored). A missing entry fails the rollout: sums over different numbers
 * of rivals do not compare.
 */
export const pairwiseRewardStage = defineStage<Record<string, never>, null>({
  name: 'base-reward.pairwise',
  about: 'sums the preferences of a rollout over the others of its group',
  options: z.strictObject({}),
  reads: () => [
    {
      name: 'rollout.pairScores',
      kind: 'json',
      about: 'number[G]: preference over every rollout of the group, in group order',
    },
  ],
  writes: () => [
    { name: 'rollout.reward', kind: 'number', about: 'summed preference, in [0, G − 1] for probabilities' },
  ],
  initial: () => null,
  apply: (batch, state) => {
    const lists = json(batch, 'rollout.pairScores')
    const outcomes: Outcome[] = []
    for (let g = 0; g < batch.groupIds.length; g++) {
      const start = batch.groupOffsets[g]
      const size = batch.groupOffsets[g + 1] - start
      for (let i = 0; i < size; i++) outcomes.push(summed(lists[start + i], i, size))
    }
    return { columns: { 'rollout.reward': signalFromOutcomes('rollout', outcomes) }, state }
  },
})

function summed(list: unknown, own: number, size: number): Outcome {
  if (!Array.isArray(list) || list.length !== size) {
    return failed('invalid_input', `expected ${size} pair scores, one for each rollout of the group`, 'base-reward')
  }
  let total = 0
  for (let j = 0; j < size; j++) {
    if (j === own) continue
    if (typeof list[j] !== 'number') return failed('invalid_input', `no pair score against rollout ${j}`, 'base-reward')
    total += list[j]
  }
  return scored(total)
}
