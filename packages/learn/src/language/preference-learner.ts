import { GuerdonError } from '@guerdon/core'
import { mul, type NdArray, sum, type Tensor } from '@guerdon/tensor'
import {
  createGradientLearner,
  type GradientLearner,
  type GradientLearnerOptions,
} from '../training/gradient-learner.ts'
import { assertRows, maskedRowArrays, selectMaskedRows } from './masked-rows.ts'
import { type PolicyParameters, tokenLogProbs } from './policy.ts'
import { dataHash, policySettings } from './policy-settings.ts'
import { type PreferenceLossOptions, preferenceLoss } from './preference-loss.ts'
import { drawRows } from './supervised-learner.ts'
import { createTokenScorer } from './token-scores.ts'
import type { MaskedRows } from './training-rows.ts'
import type { TransformerConfig } from './transformer.ts'

/** Pairs of rows: row i of `chosen` is preferred to row i of `rejected`, both answers to one prompt. */
export interface PreferenceRows {
  readonly chosen: MaskedRows
  readonly rejected: MaskedRows
}

/** Choices of preference learning. */
export interface PreferenceLearnerOptions extends GradientLearnerOptions, PreferenceLossOptions {
  readonly config: TransformerConfig
  /** Policy to start from; it is the reference as well. */
  readonly initial: PolicyParameters<NdArray>
  /** Pairs a minibatch, drawn with replacement. Default 64. */
  readonly batchSize?: number
}

interface PairBatch<T = Tensor> {
  chosen: { tokens: T; mask: T }
  rejected: { tokens: T; mask: T }
  /** [N] */
  referenceChosen: T
  referenceRejected: T
}

/**
 * Learning from preference pairs without a reward model: DPO and its relatives (`preferenceLoss`) as a learner. What the
 * reference thinks of all pairs is computed once, at the start. Points: `loss`, `gradientNorm`, `margin`, `accuracy`.
 *
 * @throws shape_mismatch for pairs of different numbers of rows, invalid_input for a row without a token to learn
 */
export async function createPreferenceLearner(
  pairs: PreferenceRows,
  options: PreferenceLearnerOptions,
): Promise<GradientLearner<PolicyParameters>> {
  const { config, initial, batchSize = 64, threads = 1 } = options
  const { loss = 'dpo', beta = null, labelSmoothing = 0, margin = null } = options
  const { chosen, rejected } = pairs
  assertRows(chosen, 'chosen', config.maximumLength)
  assertRows(rejected, 'rejected', config.maximumLength)
  if (chosen.count !== rejected.count) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected as many rejected as chosen rows; got ${rejected.count} and ${chosen.count}`,
      { path: ['rejected'] },
    )
  }
  const score = createTokenScorer(config, { threads })
  const sumsOf = async (rows: MaskedRows): Promise<Float32Array> => {
    const width = rows.width - 1
    const logProbs = await score(initial, rows)
    return Float32Array.from({ length: rows.count }, (_, i) => {
      let total = 0
      for (let t = i * width; t < (i + 1) * width; t++) if (rows.mask[t] > 0) total += logProbs[t]
      return total
    })
  }
  const references = { chosen: await sumsOf(chosen), rejected: await sumsOf(rejected) }
  const pick = (values: Float32Array, rows: Int32Array): NdArray => ({
    dtype: 'float32',
    shape: [rows.length],
    data: Float32Array.from(rows, row => values[row]),
  })
  return createGradientLearner<PolicyParameters, PairBatch>(
    {
      name: 'preference',
      settings: {
        ...policySettings(initial, config),
        loss,
        beta,
        labelSmoothing,
        margin,
        batchSize,
        pairs: dataHash(chosen.tokens, chosen.mask, rejected.tokens, rejected.mask),
      },
      initial: () => initial,
      loss: (parameters, batch) => {
        const first = summed(parameters, batch.chosen, config)
        const second = summed(parameters, batch.rejected, config)
        const { referenceChosen, referenceRejected } = batch
        const terms = {
          chosen: first.logProbs,
          rejected: second.logProbs,
          referenceChosen,
          referenceRejected,
          chosenLengths: first.lengths,
          rejectedLengths: second.lengths,
        }
        const { loss: value, ...measured } = preferenceLoss(terms, options)
        return { loss: value, measured }
      },
      nextBatch: random => {
        const rows = drawRows(chosen, batchSize, random)
        return {
          chosen: maskedRowArrays(selectMaskedRows(chosen, rows)),
          rejected: maskedRowArrays(selectMaskedRows(rejected, rows)),
          referenceChosen: pick(references.chosen, rows),
          referenceRejected: pick(references.rejected, rows),
        }
      },
    },
    options,
  )
}

/** log π of the learnt tokens of each row, summed, and their number: [N] each. */
function summed(
  parameters: PolicyParameters,
  { tokens, mask }: { readonly tokens: Tensor; readonly mask: Tensor },
  config: TransformerConfig,
): { logProbs: Tensor; lengths: Tensor } {
  return {
    logProbs: sum(mul(tokenLogProbs(parameters, tokens, config), mask), { axis: 1 }),
    lengths: sum(mask, { axis: 1 }),
  }
}
