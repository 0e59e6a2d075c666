import type { Random } from '@guerdon/core'
import type { NdArray, Tensor } from '@guerdon/tensor'
import { type TrainingOptions, train } from '../training/train.ts'
import type { PolicyParameters } from './policy.ts'
import { responseTargetMask, type Sequences, selectRows, tokenArray } from './sequences.ts'
import { maskedLikelihood } from './supervised-learner.ts'
import type { TransformerConfig } from './transformer.ts'

/** Options of `trainSupervised`. */
export interface SupervisedTraining extends TrainingOptions {
  readonly config: TransformerConfig
  /** Sequences a minibatch. Default 64. */
  readonly batchSize?: number
}

/**
 * Fits a policy to demonstrations: −Σ mask·log π / Σ mask over response tokens, minibatches drawn with replacement. Prompt
 * tokens are read and not learnt.
 *
 * @returns trained parameters and the loss of each update, nats a token
 */
export async function trainSupervised(
  initial: PolicyParameters<NdArray>,
  demonstrations: Sequences,
  options: SupervisedTraining,
  random: Random,
): Promise<{ parameters: PolicyParameters<NdArray>; losses: Float64Array }> {
  const { config, batchSize = 64 } = options
  const loss = (parameters: PolicyParameters, batch: { tokens: Tensor; mask: Tensor }): Tensor =>
    maskedLikelihood(parameters, batch, config)
  const nextBatch = (): { tokens: NdArray; mask: NdArray } => {
    const rows = Int32Array.from({ length: batchSize }, () => random.integer(demonstrations.count))
    const batch = selectRows(demonstrations, rows)
    return { tokens: tokenArray(batch), mask: responseTargetMask(batch) }
  }
  return train(initial, loss, nextBatch, options)
}
