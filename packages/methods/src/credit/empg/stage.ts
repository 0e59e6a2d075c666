import {
  abstained,
  defineStage,
  failed,
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
import { advantageColumns } from '../../shared/turn-columns.ts'
import { empgStepAdvantages } from './advantages.ts'

/** Options of the stage. */
export const empgOptions = z.strictObject({
  k: z.number().default(1).describe('how strongly entropy damps the advantage; 0 switches the scaling off'),
  kFuture: z.number().default(1).describe('how strongly entropy dims the future clarity'),
  zeta: z.number().default(0.05).describe('weight of the future-clarity bonus'),
  epsilon: z.number().min(0).max(1).default(1e-8).describe('in the denominators of the min–max and of the scale'),
  bonusCentring: z
    .enum(['together', 'with-successor', 'mean-for-last'])
    .default('together')
    .describe(
      'centre scaled advantage and bonus together (paper), the bonus over steps that have a successor, or give the last step the mean bonus',
    ),
  clipQuantiles: z
    .tuple([z.number().min(0).max(1), z.number().min(0).max(1)])
    .nullable()
    .default(null)
    .describe('clip step entropies to these quantiles of the batch first'),
  place: z.enum(['turn', 'tokens']).default('turn').describe('write turn.advantage only, or token.advantage too'),
})

/** Modulates rollout advantages by the entropy of each turn, over the whole batch. */
export const empgStage = defineStage<z.infer<typeof empgOptions>, null>({
  name: 'empg',
  about:
    'strengthens credit on confident turns of the batch, weakens it on uncertain ones, rewards what leads to certainty',
  options: empgOptions,
  reads: () => [
    {
      name: 'rollout.advantage',
      kind: 'number',
      about: 'group-normalised advantage of the rollout, from grpo or a relative',
    },
    { name: 'token.entropy', kind: 'number', about: 'Shannon entropy in nats under the policy that sampled the token' },
    { name: 'token.mask', kind: 'number', about: '1 on tokens the policy produced', optional: true },
  ],
  writes: options => [
    { name: 'turn.empgEntropy', kind: 'number', about: 'mean token entropy of the turn, nats' },
    { name: 'turn.empgScale', kind: 'number', about: 'factor on the advantage, mean 1 over the batch' },
    { name: 'turn.empgBonus', kind: 'number', about: 'future-clarity bonus before centring' },
    { name: 'turn.advantage', kind: 'number', about: 'scaled advantage + bonus, centred over the batch' },
    ...(options.place === 'tokens'
      ? [{ name: 'token.advantage', kind: 'number', about: 'advantage of the turn on its policy tokens' } as const]
      : []),
  ],
  initial: () => null,
  apply: (batch, _state, options) => {
    const advantage = numbers(batch, 'rollout.advantage')
    const entropies = turnEntropies(batch, advantage)
    const rollouts = [...batch.rolloutIds.keys()]
    const turnsOf = rollouts.map(r => {
      const turns: number[] = []
      for (let t = batch.turnOffsets[r]; t < batch.turnOffsets[r + 1]; t++)
        if (entropies.status[t] === Status.scored) turns.push(t)
      return turns
    })
    const result = empgStepAdvantages(
      turnsOf.map(turns => turns.map(t => entropies.values[t])),
      rollouts.map(r => (advantage.status[r] === Status.scored ? advantage.values[r] : 0)),
      options,
    )
    const column = (rows: readonly Float64Array[]): Signal => {
      const outcomes = Array.from(entropies.values, (_, t) => outcomeAt(entropies, t))
      turnsOf.forEach((turns, r) => {
        for (const [k, t] of turns.entries()) outcomes[t] = { status: 'scored', value: rows[r][k] }
      })
      return signalFromOutcomes('turn', outcomes)
    }
    return {
      columns: {
        'turn.empgEntropy': entropies,
        'turn.empgScale': column(result.gradientScale),
        'turn.empgBonus': column(result.bonus),
        ...advantageColumns(batch, column(result.stepAdvantages), advantage, options.place),
      },
      state: null,
    }
  },
})

/** Mean entropy of each turn's policy tokens; a turn without any abstains, one with a missing entropy fails. */
function turnEntropies(batch: RolloutBatch, rollouts: Signal): Signal {
  const entropy = numbers(batch, 'token.entropy')
  const mask = tokenMask(batch)
  const outcomes: Outcome[] = []
  batch.rolloutIds.forEach((_, r) => {
    for (let turn = batch.turnOffsets[r]; turn < batch.turnOffsets[r + 1]; turn++) {
      outcomes.push(rollouts.status[r] === Status.scored ? turnEntropy(turn) : outcomeAt(rollouts, r))
    }
  })
  return signalFromOutcomes('turn', outcomes)

  function turnEntropy(turn: number): Outcome {
    let total = 0
    let count = 0
    for (let t = Math.max(0, batch.turnSpans[2 * turn]); t < batch.turnSpans[2 * turn + 1]; t++) {
      if (!mask[t]) continue
      if (entropy.status[t] !== Status.scored)
        return failed('invalid_input', 'expected an entropy on every policy token of the turn', 'empg')
      total += entropy.values[t]
      count++
    }
    return count === 0 ? abstained('no policy tokens in the turn') : { status: 'scored', value: total / count }
  }
}
