import {
  type Column,
  defineStage,
  numbers,
  type Outcome,
  outcomeAt,
  Status,
  signalFromOutcomes,
  texts,
} from '@guerdon/core'
import * as z from 'zod'
import { missingOnTurn, turnNumbers, turnSignal } from '../../shared/turn-columns.ts'
import { contributionResidual, fusedStepRewards, groundingSignal, returnsToGo, withResidual } from './rewards.ts'

/** Options of the stage. */
export const spaOptions = z.strictObject({
  alpha: z.number().default(1).describe('weight of the estimated contribution'),
  beta: z.number().default(0.5).describe('weight of the grounding signal'),
  grounding: z
    .enum(['bonus', 'penalty'])
    .default('bonus')
    .describe('pay accepted actions (paper), or charge rejected ones, which does not pay for staying alive'),
  failureMarker: z.string().default('Nothing happens').describe('phrase by which the environment rejects an action'),
  gamma: z.number().min(0).max(1).default(1).describe('discount of turn.return'),
  residual: z
    .enum(['keep', 'last'])
    .default('keep')
    .describe('leave what contributions miss, or add it to the last turn'),
})

const written: readonly Column[] = [
  { name: 'turn.spaGrounded', kind: 'number', about: '1 where the environment accepted the action' },
  { name: 'turn.reward', kind: 'number', about: 'α·contribution + β·grounding' },
  { name: 'turn.return', kind: 'number', about: 'discounted rewards from the turn on' },
  { name: 'rollout.spaResidual', kind: 'number', about: 'outcome less the sum of contributions' },
]

/** Fuses estimated contributions with whether the environment accepted each action. */
export const spaStage = defineStage<z.infer<typeof spaOptions>, null>({
  name: 'spa',
  about: "pays each turn its estimated contribution to the outcome, and the environment's acceptance of the action",
  options: spaOptions,
  reads: () => [
    { name: 'rollout.score', kind: 'number', about: 'outcome in [0, 1]' },
    { name: 'turn.contribution', kind: 'number', about: "the progress estimator's contribution of the turn" },
    {
      name: 'turn.observation',
      kind: 'text',
      about: 'what the policy saw before acting; the next one judges an action',
    },
  ],
  writes: () => written,
  initial: () => null,
  apply: (batch, _state, options) => {
    const score = numbers(batch, 'rollout.score')
    const column = numbers(batch, 'turn.contribution')
    const observations = texts(batch, 'turn.observation')
    const residuals = new Float64Array(batch.rolloutIds.length)
    const rollouts = batch.rolloutIds.map((_, r) => {
      if (score.status[r] !== Status.scored) return outcomeAt(score, r)
      const contributions = turnNumbers(batch, column, r)
      if ('status' in contributions) return contributions
      const next: string[] = []
      for (let t = batch.turnOffsets[r] + 1; t < batch.turnOffsets[r + 1]; t++) {
        const observation = observations[t]
        if (observation === undefined) return missingOnTurn('an observation', t - batch.turnOffsets[r], 'spa')
        next.push(observation)
      }
      const grounding = { failure: options.failureMarker, groundedValue: 1 }
      const grounded = contributions.length === 0 ? new Float64Array() : groundingSignal(next, grounding)
      residuals[r] = contributionResidual(contributions, score.values[r])
      const used = options.residual === 'last' ? withResidual(contributions, score.values[r]) : contributions
      const rewards = fusedStepRewards(used, grounded, options)
      return { grounded, rewards, returns: returnsToGo(rewards, options) }
    })
    const of = (part: 'grounded' | 'rewards' | 'returns') =>
      turnSignal(batch, score, r => {
        const found = rollouts[r]
        return 'status' in found ? found : found[part]
      })
    return {
      columns: {
        'turn.spaGrounded': of('grounded'),
        'turn.reward': of('rewards'),
        'turn.return': of('returns'),
        'rollout.spaResidual': residualSignal(),
      },
      state: null,
    }

    function residualSignal() {
      return signalFromOutcomes(
        'rollout',
        rollouts.map((found, r): Outcome => ('status' in found ? found : { status: 'scored', value: residuals[r] })),
      )
    }
  },
})
