import { assertInteger, assertOneOf } from '@guerdon/core'
import { batchAdvantages, ddpoStepLoss, type PromptHistory, perPromptAdvantages } from '@guerdon/methods/diffusion/d3po'
import { mean, mul, neg, type Tensor } from '@guerdon/tensor'
import {
  type ChainLearnerOptions,
  chainLearner,
  chainSamplerOptions,
  type DiffusionLearner,
  labelsInTurn,
} from './chain-learner.ts'
import { callsPerStep, type DiffusionModel } from './model.ts'
import { rewardSamples, type SampleReward } from './rewards.ts'
import {
  columnOf,
  recordedLogProbs,
  type TransitionBatch,
  transitionArrays,
  transitionLogProbs,
} from './transitions.ts'

/** Choices of DDPO. */
export interface DdpoLearnerOptions<P> extends ChainLearnerOptions<P> {
  /** Chains an update. Default 128. */
  readonly samples?: number
  /** `importance`: clipped ratios to the sampling policy (DDPO-IS); `score`: plain score function (DDPO-SF). */
  readonly estimator?: 'importance' | 'score'
  /** Ratios are clipped to 1 ± this. Default 1e-4, right for images; points of two entries bear 0.1. */
  readonly clipRange?: number
  /** Advantages are held within ± this; null leaves them. Default 5. */
  readonly advantageClip?: number | null
  /** Rewards normalised over the update's samples, or over each label's last ones. Default `batch`. */
  readonly normalise?: 'batch' | 'perLabel'
  /** Rewards remembered for each label, and how many a label needs before they count alone. Default 16 and 16. */
  readonly bufferSize?: number
  readonly minCount?: number
}

interface DdpoBatch<T = Tensor> extends TransitionBatch<T> {
  oldLogProbs: T
  advantages: T
}

/**
 * DDPO (Black et al., arXiv 2305.13301): denoising as a decision process whose actions are the steps and whose reward comes
 * with the sample. Chains are drawn, rewards normalised, and every step is made likelier by its chain's advantage.
 *
 * Points: `meanReward`, `loss`, `gradientNorm`, `approxKl`, `clipFraction`, and so far `denoiserCalls`, `gradientCalls`,
 * `rewardCalls`.
 *
 * @throws not_finite naming sample and step for a reward that is not a number; parameters stay as they were
 */
export function createDdpo<P>(
  model: DiffusionModel<P>,
  reward: SampleReward,
  options: DdpoLearnerOptions<P>,
): DiffusionLearner<P> {
  const { samples = 128, estimator = 'importance', clipRange = 1e-4, advantageClip = 5, normalise = 'batch' } = options
  const { bufferSize = 16, minCount = 16 } = options
  assertInteger(samples, 'samples', 2)
  assertOneOf(estimator, 'estimator', ['importance', 'score'])
  assertOneOf(normalise, 'normalise', ['batch', 'perLabel'])
  const sampling = chainSamplerOptions(options)
  let history: PromptHistory = {}

  function advantagesOf(rewards: Float64Array, labels: Int32Array): Float64Array {
    if (normalise === 'batch') return batchAdvantages(rewards)
    const found = perPromptAdvantages(history, Array.from(labels, String), rewards, { bufferSize, minCount })
    history = found.history
    return found.advantages
  }

  return chainLearner<P, DdpoBatch>(model, options, {
    name: 'ddpo',
    settings: { samples, estimator, clipRange, advantageClip, normalise, bufferSize, minCount },
    measured: ['approxKl', 'clipFraction'],
    callsPerRow: { differentiated: callsPerStep(model, sampling), plain: 0 },
    loss(parameters, batch) {
      const logProbs = transitionLogProbs(model, parameters, batch, sampling)
      const clipped = ddpoStepLoss(logProbs, batch.oldLogProbs, batch.advantages, { clipRange, advantageClip })
      const { loss, ...measured } = clipped
      return { loss: estimator === 'score' ? neg(mean(mul(logProbs, batch.advantages))) : loss, measured }
    },
    async gather(sampler, parameters, random) {
      const chains = await sampler.sample(
        parameters,
        { count: samples, labels: labelsInTurn(options.labels, samples) },
        random,
      )
      const rewards = await rewardSamples(reward, {
        samples: chains.samples,
        count: samples,
        size: chains.size,
        labels: chains.labels,
        step: null,
      })
      const advantages = advantagesOf(rewards, chains.labels)
      return {
        rows: Int32Array.from({ length: samples * sampler.steps }, (_, i) => i),
        rewards,
        denoiserCalls: chains.denoiserCalls,
        batch: rows => ({
          ...transitionArrays(model, sampler, chains, rows),
          oldLogProbs: recordedLogProbs(chains, rows),
          advantages: columnOf(Float32Array.from(rows, row => advantages[row % samples])),
        }),
      }
    },
    save: () => history,
    restore: kept => {
      history = kept as PromptHistory
    },
  })
}
