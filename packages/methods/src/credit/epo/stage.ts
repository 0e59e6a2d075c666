import {
  defineStage,
  levelSize,
  numbers,
  type Outcome,
  type RolloutBatch,
  rolloutOfTurn,
  Status,
  scored,
  signalFromOutcomes,
  tokenMask,
} from '@guerdon/core'
import * as z from 'zod'
import { type EntropyHistory, emptyEntropyHistory, entropyReference, extendEntropyHistory } from './history.ts'

/** Options of the stage. */
export const epoOptions = z
  .strictObject({
    kappaLow: z.number().min(0).default(0.8).describe('lower edge of the corridor as a multiple of the reference'),
    kappaHigh: z.number().min(0).default(1.2).describe('upper edge; at least kappaLow'),
  })
  .refine(({ kappaLow, kappaHigh }) => kappaLow <= kappaHigh, 'kappaLow must not exceed kappaHigh')

/**
 * Watches entropies against EPO's corridor. It writes what a trainer needs for the loss term (the reference of each turn) and
 * what people want to see (how far tokens lie outside); the loss itself is `hingePenalty`.
 *
 * One application is one iteration: its entropies enter the history after they were compared with it.
 */
export const epoStage = defineStage<z.infer<typeof epoOptions>, EntropyHistory>({
  name: 'epo',
  about: 'compares the entropy of every turn with its mean over earlier iterations; one batch is one iteration',
  options: epoOptions,
  reads: () => [
    { name: 'token.entropy', kind: 'number', about: 'Shannon entropy in nats under the policy that sampled the token' },
    { name: 'token.mask', kind: 'number', about: '1 on tokens the policy produced', optional: true },
  ],
  writes: () => [
    { name: 'turn.epoEntropy', kind: 'number', about: 'mean entropy of the turn, nats' },
    { name: 'turn.epoReference', kind: 'number', about: 'mean at the same turn over earlier iterations' },
    { name: 'turn.epoPenalty', kind: 'number', about: 'mean distance of its tokens from the corridor, nats' },
  ],
  initial: () => emptyEntropyHistory,
  apply: (batch, state, options) => {
    const entropy = numbers(batch, 'token.entropy')
    const mask = tokenMask(batch)
    const rollouts = rolloutOfTurn(batch)
    const references = entropyReference(state)
    const sums: number[] = []
    const counts: number[] = []
    const columns: { entropy: Outcome[]; reference: Outcome[]; penalty: Outcome[] } = {
      entropy: [],
      reference: [],
      penalty: [],
    }
    for (let turn = 0; turn < levelSize(batch, 'turn'); turn++) {
      const position = turn - batch.turnOffsets[rollouts[turn]]
      const tokens = turnTokens(batch, turn).filter(t => mask[t] && entropy.status[t] === Status.scored)
      const total = tokens.reduce((sum, t) => sum + entropy.values[t], 0)
      const reference = references[position]
      if (tokens.length === 0) columns.entropy.push({ status: 'abstained', reason: 'no entropies in the turn' })
      else columns.entropy.push(scored(total / tokens.length))
      sums[position] = (sums[position] ?? 0) + total
      counts[position] = (counts[position] ?? 0) + tokens.length
      const known = typeof reference === 'number' && reference > 0
      const none: Outcome = { status: 'abstained', reason: 'no earlier iteration reached this turn' }
      columns.reference.push(known ? scored(reference) : none)
      if (!known || tokens.length === 0) columns.penalty.push(known ? columns.entropy[turn] : none)
      else columns.penalty.push(scored(meanDistance(tokens, reference)))
    }
    const reached = Array.from(sums, (sum, t) => (counts[t] > 0 ? sum / counts[t] : null))
    return {
      columns: {
        'turn.epoEntropy': signalFromOutcomes('turn', columns.entropy),
        'turn.epoReference': signalFromOutcomes('turn', columns.reference),
        'turn.epoPenalty': signalFromOutcomes('turn', columns.penalty),
      },
      state: extendEntropyHistory(state, reached),
    }

    function meanDistance(tokens: readonly number[], reference: number): number {
      const [low, high] = [options.kappaLow * reference, options.kappaHigh * reference]
      const distances = tokens.map(t => Math.max(0, low - entropy.values[t]) + Math.max(0, entropy.values[t] - high))
      return distances.reduce((a, b) => a + b, 0) / tokens.length
    }
  },
})

function turnTokens(batch: RolloutBatch, turn: number): number[] {
  const tokens: number[] = []
  for (let t = Math.max(0, batch.turnSpans[2 * turn]); t < batch.turnSpans[2 * turn + 1]; t++) tokens.push(t)
  return tokens
}
