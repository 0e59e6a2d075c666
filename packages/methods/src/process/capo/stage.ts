import {
  defineStage,
  failed,
  json,
  levelSize,
  numbers,
  type Outcome,
  outcomeAt,
  type RolloutBatch,
  type Signal,
  Status,
  signalFromOutcomes,
  tokenMask,
} from '@guerdon/core'
import * as z from 'zod'
import type { Span } from '../../shared/spans.ts'
import { valuesInside, valuesLike } from '../../shared/value-signals.ts'
import { type CritiqueVote, critiqueVotes, parseCritique, voteWrongSteps } from './critique.ts'
import { capoAdvantages, capoTokenRewards, keepsOutcomeOrder } from './rewards.ts'

/** Options of the stage; `{}` is the paper's setting. */
export const capoOptions = z
  .strictObject({
    vote: z.enum(critiqueVotes).default('majority').describe('how several critiques become one verdict a step'),
    wWhole: z.number().default(2).describe('C, weight of the verified outcome'),
    wProcess: z.number().min(0).default(1).describe('P, penalty of a token in a wrong step'),
    allowInversion: z
      .boolean()
      .default(false)
      .describe('accept P ≥ C, where a flawed right answer can rank below a wrong one'),
    firstStep: z.int().min(0).default(0).describe('the number the judge gives to the first step'),
    ddof: z
      .union([z.literal(0), z.literal(1)])
      .default(1)
      .describe('divisor of the pooled variance is n − ddof'),
    epsilon: z.number().positive().default(1e-6).describe('added to the pooled standard deviation'),
  })
  .refine(options => options.allowInversion || keepsOutcomeOrder(options), {
    path: ['wProcess'],
    error: 'a value below wWhole, so that a right answer with flaws stays above a wrong one (or set allowInversion)',
  })

/** Options of the stage, every default filled in. */
export type CapoStageOptions = z.infer<typeof capoOptions>

/**
 * Writes `token.reward` and `token.advantage` from critiques of whole solutions. Turns are the steps, numbered from 0 in
 * each rollout. A rollout whose critiques are all unreadable falls back to the outcome, and `rollout.capoCritiques` says 0.
 */
export const capoStage = defineStage<CapoStageOptions, null>({
  name: 'capo',
  about:
    'takes a penalty from the tokens of steps that a vote over critiques calls wrong, and normalises over all tokens of the group',
  options: capoOptions,
  reads: () => [
    { name: 'rollout.outcome', kind: 'number', about: 'verified outcome in [0, 1]' },
    {
      name: 'rollout.critiques',
      kind: 'json',
      about: 'list of critiques: judge texts that end in a list of wrong steps, or such lists; null for a failed one',
    },
    {
      name: 'token.mask',
      kind: 'number',
      about: '1 where the policy wrote the token; all when absent',
      optional: true,
    },
  ],
  writes: () => [
    { name: 'token.reward', kind: 'number', about: 'outcome part minus the penalty of a wrong step' },
    { name: 'token.advantage', kind: 'number', about: 'token reward normalised over all policy tokens of the group' },
    { name: 'turn.capoWrong', kind: 'number', about: '1 where the vote calls the step wrong; a share under "average"' },
    { name: 'rollout.capoCritiques', kind: 'number', about: 'number of readable critiques' },
  ],
  initial: () => null,
  apply: (batch, state, options) => {
    const outcome = probabilities(numbers(batch, 'rollout.outcome'))
    const critiques = json(batch, 'rollout.critiques')
    const mask = tokenMask(batch)
    const rewards = new Float64Array(levelSize(batch, 'token'))
    const advantages = new Float64Array(rewards.length)
    const wrong = new Float64Array(levelSize(batch, 'turn'))
    const readable = new Float64Array(levelSize(batch, 'rollout'))
    for (let g = 0; g < batch.groupIds.length; g++) {
      const members: number[] = []
      for (let r = batch.groupOffsets[g]; r < batch.groupOffsets[g + 1]; r++) {
        if (outcome.status[r] === Status.scored) members.push(r)
      }
      for (const r of members) {
        const steps = batch.turnOffsets[r + 1] - batch.turnOffsets[r]
        const { wrongFraction, critiques: valid } = voteWrongSteps(
          readCritiques(critiques[r], steps, options),
          steps,
          options,
        )
        const length = batch.tokenOffsets[r + 1] - batch.tokenOffsets[r]
        const response = { outcome: outcome.values[r], stepSpans: stepSpans(batch, r), wrongFraction, length }
        rewards.set(capoTokenRewards(response, options), batch.tokenOffsets[r])
        wrong.set(wrongFraction, batch.turnOffsets[r])
        readable[r] = valid
      }
      const tokensOf = <A extends Float64Array | Uint8Array>(row: A, r: number) =>
        row.subarray(batch.tokenOffsets[r], batch.tokenOffsets[r + 1])
      const { tokenAdvantages } = capoAdvantages(
        members.map(r => tokensOf(rewards, r)),
        options,
        members.map(r => tokensOf(mask, r)),
      )
      members.forEach((r, k) => {
        advantages.set(tokenAdvantages[k], batch.tokenOffsets[r])
      })
    }
    return {
      columns: {
        'token.reward': valuesInside(batch, outcome, 'token', rewards),
        'token.advantage': valuesInside(batch, outcome, 'token', advantages),
        'turn.capoWrong': valuesInside(batch, outcome, 'turn', wrong),
        'rollout.capoCritiques': valuesLike(outcome, readable),
      },
      state,
    }
  },
})

/** The outcomes, failed where they are no probability. */
function probabilities(outcome: Signal): Signal {
  const outcomes = Array.from(outcome.values, (value, r): Outcome => {
    const own = outcomeAt(outcome, r)
    if (own.status !== 'scored' || (value >= 0 && value <= 1)) return own
    return failed('range', `expected an outcome in [0, 1]; got ${value}`, 'capo')
  })
  return signalFromOutcomes('rollout', outcomes)
}

/** Wrong steps of each critique; null for one that cannot be read. */
function readCritiques(
  given: unknown,
  steps: number,
  options: { readonly firstStep: number; readonly vote: CritiqueVote },
): (readonly number[] | null)[] {
  if (!Array.isArray(given)) return []
  return given.map(critique => {
    const text = Array.isArray(critique) ? JSON.stringify(critique) : critique
    if (typeof text !== 'string') return null
    const parsed = parseCritique(text, steps, options)
    return parsed.valid ? parsed.wrongSteps : null
  })
}

function stepSpans(batch: RolloutBatch, rollout: number): Span[] {
  const spans: Span[] = []
  const origin = batch.tokenOffsets[rollout]
  for (let t = batch.turnOffsets[rollout]; t < batch.turnOffsets[rollout + 1]; t++) {
    const start = batch.turnSpans[2 * t]
    spans.push(start < 0 ? [0, 0] : [start - origin, batch.turnSpans[2 * t + 1] - origin])
  }
  return spans
}
