import {
  defineStage,
  failed,
  numbers,
  type Outcome,
  outcomeAt,
  type RolloutBatch,
  Status,
  scored,
  signalFromOutcomes,
  texts,
} from '@guerdon/core'
import * as z from 'zod'
import { turnsToTokens } from '../../shared/turn-columns.ts'
import { judgeValidity, parseProcessScore } from './judge.ts'
import { reNorm } from './renorm.ts'

/** Options of the stage. */
export const pprOptions = z.strictObject({
  beta: z.number().default(1).describe('taken from every process score; 1 makes signs follow the outcome'),
  failedJudge: z
    .enum(['skip', 'zeroBeforeShift'])
    .default('skip')
    .describe('a turn the judge failed on: no reward, or the worst score (released code)'),
  read: z
    .enum(['judgement', 'score'])
    .default('judgement')
    .describe('parse turn.judgement, or take turn.processScore in [0, 1]'),
})

/** Options of the stage, every default filled in. */
export type PprStageOptions = z.infer<typeof pprOptions>

/**
 * Writes `turn.reward` and, at the last token of each turn, `token.reward`. The last turn of a rollout is the answer: it
 * carries the outcome and is never judged. A turn whose judgement is missing or unreadable fails under `skip`, and so do its
 * tokens; `rollout.pprJudgeValidity` tells how many could be read.
 */
export const pprStage = defineStage<PprStageOptions, null>({
  name: 'ppr',
  about: 'shifts the judged score of every turn by the outcome, so that process rewards agree with it in sign',
  options: pprOptions,
  reads: ({ read }) => [
    { name: 'rollout.outcome', kind: 'number', about: 'outcome in [0, 1] of the final answer' },
    read === 'judgement'
      ? { name: 'turn.judgement', kind: 'text', about: 'judge reply with <final_score>score,max</final_score>' }
      : { name: 'turn.processScore', kind: 'number', about: 'score of the turn in [0, 1]' },
  ],
  writes: () => [
    { name: 'turn.reward', kind: 'number', about: 'shifted process score; the outcome on the last turn' },
    {
      name: 'token.reward',
      kind: 'number',
      about: 'the same at the last token of each turn, 0 elsewhere; failed on the tokens of a failed turn',
    },
    { name: 'rollout.pprJudgeValidity', kind: 'number', about: 'share of judged turns with a valid score' },
  ],
  initial: () => null,
  apply: (batch, state, options) => {
    const outcome = numbers(batch, 'rollout.outcome')
    const scoreOf = turnScores(batch, options)
    const turns: Outcome[] = []
    const validity: Outcome[] = []
    const usable: Outcome[] = []
    for (let r = 0; r < batch.rolloutIds.length; r++) {
      const first = batch.turnOffsets[r]
      const count = batch.turnOffsets[r + 1] - first
      const own = outcomeAt(outcome, r)
      const value = outcome.values[r]
      const refused =
        own.status !== 'scored' || (value >= 0 && value <= 1)
          ? own
          : failed('range', `expected an outcome in [0, 1]; got ${value}`, 'ppr')
      usable.push(refused)
      if (refused.status !== 'scored') {
        validity.push(refused)
        for (let t = 0; t < count; t++) turns.push(refused)
        continue
      }
      const processScores = Array.from({ length: Math.max(count - 1, 0) }, (_, t) => scoreOf(first + t))
      validity.push(scored(judgeValidity(processScores)))
      const trajectory = {
        length: count,
        turnEnds: Array.from({ length: count }, (_, t) => t),
        processScores,
        outcome: value,
      }
      const { rewards } = reNorm(trajectory, options)
      rewards.forEach((reward, t) => {
        const missing = processScores[t] === null && options.failedJudge === 'skip'
        turns.push(missing ? failed('parse', 'no valid score for this turn', 'ppr') : scored(reward))
      })
    }
    const turnRewards = signalFromOutcomes('turn', turns)
    const rollouts = signalFromOutcomes('rollout', usable)
    return {
      columns: {
        'turn.reward': turnRewards,
        'token.reward': turnsToTokens(batch, turnRewards, rollouts, { move: 'at-end' }),
        'rollout.pprJudgeValidity': signalFromOutcomes('rollout', validity),
      },
      state,
    }
  },
})

function turnScores(batch: RolloutBatch, options: PprStageOptions): (turn: number) => number | null {
  if (options.read === 'judgement') {
    const replies = texts(batch, 'turn.judgement')
    return turn => parseProcessScore(replies[turn] ?? '').normalised
  }
  const scores = numbers(batch, 'turn.processScore')
  return turn => {
    if (scores.status[turn] !== Status.scored) return null
    const score = scores.values[turn]
    return score >= 0 && score <= 1 ? score : null
  }
}
