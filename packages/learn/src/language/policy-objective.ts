import { type KlEstimator, klPenalty } from '@guerdon/methods/shared/kl'
import { type AggregateLossOptions, aggregateLoss, maskedMeanOf } from '@guerdon/methods/shared/loss-aggregation'
import {
  cispoLoss,
  gspoLoss,
  type PolicyLossInput,
  type PolicyLossResult,
  type PpoClipOptions,
  ppoClipLoss,
  valueLoss,
} from '@guerdon/methods/shared/policy-loss'
import { add, mul, sub, type Tensor } from '@guerdon/tensor'
import type { MeasuredLoss } from '../training/trainer.ts'
import { type PolicyParameters, tokenTerms } from './policy.ts'
import type { TransformerConfig } from './transformer.ts'

/** What a policy is trained towards. */
export interface PolicyObjective {
  /** Which ratio loss: PPO's clip with dual clip, one ratio a sequence, or clipped weights. Default `ppo`. */
  readonly surrogate?: 'ppo' | 'gspo' | 'cispo'
  /** Trust region of the ratio; `clipHigh` above `clipLow` is clip-higher. Defaults of the surrogate. */
  readonly clip?: Omit<PpoClipOptions, keyof AggregateLossOptions>
  /** How token losses become one number. Default `token-mean`; `gspo` has its own. */
  readonly aggregation?: AggregateLossOptions
  /** Weight β of KL(policy ‖ reference) in the loss. Default 0. */
  readonly klWeight?: number
  /** Estimate of the KL from one token. Default `k3`. */
  readonly klEstimator?: KlEstimator
  /** Weight of the entropy bonus. Default 0. */
  readonly entropyWeight?: number
  /** Weight of the critic's loss, where there is a value head and rows bring returns. Default 0.5. */
  readonly valueWeight?: number
  /** Values may move this far from the old ones before their gradient stops. Default 0.5. */
  readonly valueClip?: number
}

/** A minibatch. What is absent leaves the loss. */
export interface ObjectiveBatch<T = Tensor> {
  /** [B][T] */
  readonly tokens: T
  /** [B][T − 1], as all below. */
  readonly advantages: T
  readonly mask: T
  readonly oldLogProbs: T
  readonly referenceLogProbs?: T
  readonly returns?: T
  readonly oldValues?: T
}

const surrogates = {
  ppo: ppoClipLoss,
  gspo: gspoLoss,
  cispo: cispoLoss,
} satisfies Record<string, (input: PolicyLossInput, options: PpoClipOptions) => PolicyLossResult>

/**
 * L = surrogate(ρ, A) + β·KL(π ‖ π_ref) − η·H(π) + c·½(V − R)², each over the tokens of the mask; ρ relates the policy to the
 * old log-probabilities.
 *
 * Measured: `clipFraction`, `approxKl` (k1 from the old policy), and `kl`, `entropy`, `valueLoss` where they are in the loss
 * (`kl` whenever there are reference log-probabilities).
 */
export function policyObjective(
  parameters: PolicyParameters,
  batch: ObjectiveBatch,
  config: TransformerConfig,
  objective: PolicyObjective,
): MeasuredLoss {
  const { surrogate = 'ppo', clip = {}, aggregation = {}, klWeight = 0, klEstimator = 'k3' } = objective
  const { entropyWeight = 0, valueWeight = 0.5, valueClip } = objective
  const { mask, advantages, oldLogProbs, referenceLogProbs, returns, oldValues } = batch
  const { logProbs, entropies, values } = tokenTerms(parameters, batch.tokens, config)
  const policy = surrogates[surrogate]({ logProbs, oldLogProbs, advantages, mask }, { ...clip, ...aggregation })
  const measured: Record<string, Tensor> = { clipFraction: policy.clipFraction, approxKl: policy.approxKl }
  let { loss } = policy
  if (referenceLogProbs) {
    const kl = klPenalty(logProbs, referenceLogProbs, klEstimator)
    loss = add(loss, mul(aggregateLoss(kl, mask, aggregation), klWeight))
    measured['kl'] = maskedMeanOf(kl, mask)
  }
  if (entropyWeight !== 0) {
    loss = sub(loss, mul(aggregateLoss(entropies, mask, aggregation), entropyWeight))
    measured['entropy'] = maskedMeanOf(entropies, mask)
  }
  if (values && returns && oldValues) {
    const critic = valueLoss(
      { values, returns, oldValues, mask },
      { ...aggregation, ...(valueClip !== undefined && { clipRange: valueClip }) },
    )
    loss = add(loss, mul(critic.loss, valueWeight))
    measured['valueLoss'] = critic.loss
  }
  return { loss, measured }
}
