import {
  type ColumnData,
  type ColumnName,
  defineStage,
  numbers,
  type Outcome,
  optionalNumbers,
  outcomeAt,
  Status,
  signalFromOutcomes,
} from '@guerdon/core'
import * as z from 'zod'
import { auxiliaryChannel, checkTransitions, type TransitionShaper } from '../../shared/transition-shaper.ts'
import {
  type ImitationReward,
  imitationReward,
  initialPenaltyScale,
  type PenaltyScale,
  preconditionBatch,
  preconditionPerSample,
  updatePenaltyScale,
} from './rewards.ts'

/** Options of the stage. */
export const lipschitzOptions = z.strictObject({
  form: z
    .enum(['minimax', 'minimax-plus-non-saturating', 'none'])
    .default('minimax')
    .describe('reward from the logit, or "none" when rollout.score is a reward already'),
  precondition: z
    .enum(['none', 'per-sample', 'batch'])
    .default('per-sample')
    .describe('multiply rewards down where the scorer is steep: each by its own κ, or all by one'),
  threshold: z.number().min(0).default(1).describe('τ: gradient norms up to it are left alone (9 for the batch form)'),
  minimum: z.number().min(0).max(1).default(0.7).describe('smallest κ of the batch form'),
})

type LipschitzOptions = z.infer<typeof lipschitzOptions>

/** Running scale of the batch form. */
export interface LipschitzState {
  readonly scale: PenaltyScale
}

/**
 * Turns a discriminator's logit into a reward and makes it smaller where the discriminator (or any learned scorer) is
 * locally steep. Unscored rollouts keep their outcome; a rollout without a gradient norm keeps κ = 1.
 */
export const lipschitzStage = defineStage<LipschitzOptions, LipschitzState>({
  name: 'lipschitz-gail',
  about: 'rewards likeness to expert behaviour, less where the learned scorer is steep',
  options: lipschitzOptions,
  reads: options => [
    {
      name: 'rollout.score',
      kind: 'number',
      about:
        options.form === 'none' ? 'reward of a learned scorer' : 'logit of a discriminator, positive for expert-like',
    },
    ...(options.precondition === 'none'
      ? []
      : [
          {
            name: 'rollout.gradientNorm',
            kind: 'number',
            about: 'norm of the scorer’s gradient at the rollout (its input or embedding)',
            optional: true,
          } as const,
        ]),
  ],
  writes: () => [
    { name: 'rollout.lipschitzGailImitation', kind: 'number', about: 'reward before preconditioning' },
    { name: 'rollout.lipschitzGailKappa', kind: 'number', about: 'κ in (0, 1]' },
    { name: 'rollout.reward', kind: 'number', about: 'κ times the reward' },
  ],
  initial: () => ({ scale: initialPenaltyScale }),
  apply: (batch, state, options) => {
    const score = numbers(batch, 'rollout.score')
    const norms = options.precondition === 'none' ? undefined : optionalNumbers(batch, 'rollout.gradientNorm')
    const scored = Array.from(score.values.keys()).filter(i => score.status[i] === Status.scored)
    const rewards = scored.map(i => rewardOf(score.values[i], options.form))
    const steepness = scored.map(i => (norms?.status[i] === Status.scored ? norms.values[i] : 0))
    let scale = state.scale
    let kappa: ArrayLike<number> = scored.map(() => 1)
    if (options.precondition === 'per-sample') kappa = preconditionPerSample(rewards, steepness, options).kappa
    if (options.precondition === 'batch' && scored.length > 0) {
      const { penalty } = preconditionBatch(rewards, steepness, options)
      const updated = updatePenaltyScale(scale, penalty)
      scale = updated.state
      const shared = preconditionBatch(rewards, steepness, { ...options, runningStd: updated.std }).kappa
      kappa = scored.map(() => shared)
    }
    const column = (value: (k: number) => number) => {
      const outcomes = Array.from(score.values, (_, i): Outcome => outcomeAt(score, i))
      scored.forEach((i, k) => {
        outcomes[i] = { status: 'scored', value: value(k) }
      })
      return signalFromOutcomes('rollout', outcomes)
    }
    const columns: Record<ColumnName, ColumnData> = {
      'rollout.lipschitzGailImitation': column(k => rewards[k]),
      'rollout.lipschitzGailKappa': column(k => kappa[k]),
      'rollout.reward': column(k => kappa[k] * rewards[k]),
    }
    return { columns, state: { scale } }
  },
})

function rewardOf(score: number, form: ImitationReward | 'none'): number {
  return form === 'none' ? score : imitationReward(score, { form })
}

/**
 * Adversarial rewards on transitions, computed when a batch is sampled: auxiliary channels `logit` (current
 * discriminator) and, with a threshold, `gradientNorm`. The task's own reward is not used.
 */
export function imitationShaper(
  options: { readonly form?: ImitationReward; readonly threshold?: number | null } = {},
): TransitionShaper<null> {
  const { form = 'minimax', threshold = null } = options
  return {
    name: 'lipschitz-gail',
    initial: () => null,
    shape: (transitions, state) => {
      const count = checkTransitions(transitions)
      const logits = auxiliaryChannel(transitions, 'logit')
      const imitation = Float64Array.from({ length: count }, (_, i) => imitationReward(logits[i], { form }))
      const kappa =
        threshold === null
          ? new Float64Array(count).fill(1)
          : preconditionPerSample(imitation, auxiliaryChannel(transitions, 'gradientNorm'), { threshold }).kappa
      return { reward: imitation.map((r, i) => r * kappa[i]), components: { imitation, kappa }, state }
    },
  }
}
