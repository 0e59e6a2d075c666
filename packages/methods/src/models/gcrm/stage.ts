import {
  defineStage,
  failed,
  numbers,
  type Outcome,
  Status,
  scored,
  signalFromOutcomes,
  tokenMask,
} from '@guerdon/core'
import * as z from 'zod'
import { type StopDecision, stopEarly } from './filtering.ts'

/** Schema of the stage's options. */
export const gcrmOptions = z.strictObject({
  threshold: z.number().min(-1).max(1).default(0).describe('a rollout stops at the first cosine below it'),
  dropFirst: z.int().min(0).default(5).describe('first response tokens whose cosines are ignored'),
})

/** Options of the stage, every default filled in. */
export type GcrmOptions = z.infer<typeof gcrmOptions>

/**
 * Writes `rollout.selected`: 1 for rollouts a goal-conditioned reward model would let run to their end, 0 for those it would
 * stop early; when it would stop every rollout of a group, all are kept. `rollout.gcrmSaved` counts the response tokens that
 * need not be generated, `rollout.gcrmStop` the response token at which a rollout stops (−1 when it runs on).
 */
export const gcrmStage = defineStage<GcrmOptions, null>({
  name: 'gcrm',
  about: 'drops rollouts whose hidden states turn away from the goal state',
  options: gcrmOptions,
  reads: () => [
    { name: 'token.goalCosine', kind: 'number', about: 'cosine of the token’s hidden state with the goal state' },
    { name: 'token.mask', kind: 'number', about: '1 on response tokens', optional: true },
  ],
  writes: () => [
    { name: 'rollout.selected', kind: 'number', about: '1 for kept rollouts, else 0' },
    { name: 'rollout.gcrmSaved', kind: 'number', about: 'response tokens from the stop on' },
    { name: 'rollout.gcrmStop', kind: 'number', about: 'response token at which the rollout stops; −1 for none' },
  ],
  initial: () => null,
  apply: (batch, state, options) => {
    const cosine = numbers(batch, 'token.goalCosine')
    const mask = tokenMask(batch)
    const decisions = batch.rolloutIds.map((_, r): StopDecision | undefined => {
      const values: number[] = []
      for (let t = batch.tokenOffsets[r]; t < batch.tokenOffsets[r + 1]; t++) {
        if (!mask[t]) continue
        if (cosine.status[t] !== Status.scored) return undefined
        values.push(cosine.values[t])
      }
      return values.length === 0 ? undefined : stopEarly(values, options)
    })
    const selected: Outcome[] = []
    const saved: Outcome[] = []
    const stop: Outcome[] = []
    for (let g = 0; g < batch.groupIds.length; g++) {
      const members = decisions.slice(batch.groupOffsets[g], batch.groupOffsets[g + 1])
      const all = members.every(decision => decision === undefined || decision.stopped)
      for (const decision of members) {
        const missing = failed('invalid_input', 'a response token has no goal cosine', 'gcrm')
        const runs = decision && (all || !decision.stopped)
        selected.push(decision ? scored(runs ? 1 : 0) : missing)
        saved.push(decision ? scored(runs ? 0 : decision.saved) : missing)
        stop.push(decision ? scored(runs ? -1 : (decision.at ?? -1)) : missing)
      }
    }
    return {
      columns: {
        'rollout.selected': signalFromOutcomes('rollout', selected),
        'rollout.gcrmSaved': signalFromOutcomes('rollout', saved),
        'rollout.gcrmStop': signalFromOutcomes('rollout', stop),
      },
      state,
    }
  },
})
