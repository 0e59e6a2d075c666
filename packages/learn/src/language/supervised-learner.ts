import type { Random } from '@guerdon/core'
import { sftLoss } from '@guerdon/methods/curation/raft'
import type { NdArray, Tensor } from '@guerdon/tensor'
import {
  createGradientLearner,
  type GradientLearner,
  type GradientLearnerOptions,
} from '../training/gradient-learner.ts'
import { assertRows, maskedRowArrays, selectMaskedRows } from './masked-rows.ts'
import { type PolicyParameters, tokenLogProbs } from './policy.ts'
import { dataHash, policySettings } from './policy-settings.ts'
import type { MaskedRows } from './training-rows.ts'
import type { TransformerConfig } from './transformer.ts'

/** Choices of supervised fine-tuning. */
export interface SupervisedLearnerOptions extends GradientLearnerOptions {
  readonly config: TransformerConfig
  readonly initial: PolicyParameters<NdArray>
  /** Rows a minibatch, drawn with replacement. Default 64. */
  readonly batchSize?: number
  /** Rows that are never trained on; their loss is looked at. */
  readonly heldOut?: MaskedRows
}

/**
 * Supervised fine-tuning as a learner: −Σ mask·log π / Σ mask over the tokens of demonstrations, from `demonstrationRows` or
 * `sequenceRows`.
 */
export function createSupervisedLearner(
  demonstrations: MaskedRows,
  options: SupervisedLearnerOptions,
): GradientLearner<PolicyParameters> {
  const { config, initial, batchSize = 64, heldOut } = options
  assertRows(demonstrations, 'demonstrations', config.maximumLength)
  if (heldOut) assertRows(heldOut, 'heldOut', config.maximumLength)
  return createGradientLearner<PolicyParameters, { tokens: Tensor; mask: Tensor }>(
    {
      name: 'supervised',
      settings: {
        ...policySettings(initial, config),
        batchSize,
        demonstrations: dataHash(demonstrations.tokens, demonstrations.mask),
      },
      initial: () => initial,
      loss: (parameters, batch) => ({ loss: maskedLikelihood(parameters, batch, config), measured: {} }),
      nextBatch: random =>
        maskedRowArrays(selectMaskedRows(demonstrations, drawRows(demonstrations, batchSize, random))),
      heldOut: heldOut ? [{ batch: maskedRowArrays(heldOut), count: heldOut.count }] : [],
    },
    options,
  )
}

/** −log π a token, over the tokens of the mask. */
export function maskedLikelihood(
  parameters: PolicyParameters,
  batch: { readonly tokens: Tensor; readonly mask: Tensor },
  config: TransformerConfig,
): Tensor {
  return sftLoss(tokenLogProbs(parameters, batch.tokens, config), batch.mask)
}

/** Indices of `size` rows, drawn with replacement. */
export function drawRows(rows: MaskedRows, size: number, random: Random): Int32Array {
  return Int32Array.from({ length: size }, () => random.integer(rows.count))
}
