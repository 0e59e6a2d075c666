import { klPenalty } from '@guerdon/methods/shared/kl'
import type { AggregateLossOptions } from '@guerdon/methods/shared/loss-aggregation'
import { aggregateLoss, maskedMeanOf } from '@guerdon/methods/shared/loss-aggregation'
import { type ClipOptions, ppoClipLoss } from '@guerdon/methods/shared/policy-loss'
import { add, jit, mul, type NdArray, type Tensor } from '@guerdon/tensor'
import { createTrainer, type TrainerOptions } from '../training/trainer.ts'
import { type PolicyParameters, tokenLogProbs } from './policy.ts'
import type { SampledSequences } from './sampler.ts'
import { tokenArray } from './sequences.ts'
import type { TransformerConfig } from './transformer.ts'

/** How a policy is updated from advantages. */
export interface PolicyGradientOptions extends TrainerOptions {
  readonly config: TransformerConfig
  /** Weight β of the k3 estimate of KL(policy ‖ reference) in the loss. */
  readonly klWeight: number
  /** Trust region of the ratio loss. Defaults of `ppoClipLoss`. */
  readonly clip?: Omit<ClipOptions, keyof AggregateLossOptions>
  /** How token losses become one number. Default `token-mean`. */
  readonly aggregation?: AggregateLossOptions
}

/** What one update measured. */
export interface PolicyUpdate {
  readonly loss: number
  /** Mean k3 over trained tokens, nats a token. */
  readonly kl: number
  readonly clipFraction: number
}

/** A policy being trained, and the reference it is held to. */
export interface PolicyTrainer {
  /** Parameters after the last update. */
  parameters(): PolicyParameters<NdArray>
  /**
   * One gradient step on sampled responses.
   *
   * @param advantages [count·(width − 1)] and `mask` as `advantageRows` lays them out
   */
  update(sequences: SampledSequences, advantages: Float32Array, mask: Float32Array): Promise<PolicyUpdate>
}

/**
 * A trainer for L = ppoClip(ρ, A) + β·k3(π ‖ π_ref), both over the tokens of `mask`; ρ relates the policy to the one that
 * sampled. The reference stays as it was given.
 */
export function createPolicyTrainer(
  initial: PolicyParameters<NdArray>,
  reference: PolicyParameters<NdArray>,
  options: PolicyGradientOptions,
): PolicyTrainer {
  const { config, klWeight, clip = {}, aggregation = { aggregation: 'token-mean' } } = options
  const referenceLogProbs = jit(
    (parameters: PolicyParameters, tokens: Tensor) => tokenLogProbs(parameters, tokens, config),
    { threads: options.threads ?? 1 },
  )
  const trainer = createTrainer(
    initial,
    (parameters: PolicyParameters, batch: UpdateBatch<Tensor>) => {
      const logProbs = tokenLogProbs(parameters, batch.tokens, config)
      const { advantages, oldLogProbs, mask } = batch
      const surrogate = ppoClipLoss({ logProbs, oldLogProbs, advantages, mask }, { ...clip, ...aggregation })
      const kl = klPenalty(logProbs, batch.referenceLogProbs, 'k3')
      const loss = add(surrogate.loss, mul(aggregateLoss(kl, mask, aggregation), klWeight))
      return { loss, measured: { kl: maskedMeanOf(kl, mask), clipFraction: surrogate.clipFraction } }
    },
    options,
  )
  return {
    parameters: trainer.parameters,
    async update(sequences, advantages, mask) {
      const shape = [sequences.count, sequences.width - 1]
      const tokens = tokenArray(sequences)
      const { loss, measured } = await trainer.step({
        tokens,
        advantages: { dtype: 'float32', shape, data: advantages },
        mask: { dtype: 'float32', shape, data: mask },
        oldLogProbs: { dtype: 'float32', shape, data: shiftedLogProbs(sequences) },
        referenceLogProbs: await referenceLogProbs(reference, tokens),
      })
      return { loss, kl: measured.kl, clipFraction: measured.clipFraction }
    },
  }
}

interface UpdateBatch<T> {
  readonly tokens: T
  readonly advantages: T
  readonly mask: T
  readonly oldLogProbs: T
  readonly referenceLogProbs: T
}

/** Sampling log-probabilities laid out by predicting position: entry t of a row belongs to the token at t + 1. */
function shiftedLogProbs({ count, width, logProbs }: SampledSequences): Float32Array {
  const rows = new Float32Array(count * (width - 1))
  for (let i = 0; i < count; i++) rows.set(logProbs.subarray(i * width + 1, (i + 1) * width), i * (width - 1))
  return rows
}
