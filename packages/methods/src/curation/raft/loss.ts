import { div, maximum, neg, sum, type Tensor } from '@guerdon/tensor'
import { zeroMasked } from '../../shared/loss-aggregation.ts'

/** Token log-probabilities of one kept response. */
export interface KeptTokens {
  readonly promptLogProbs: ArrayLike<number>
  readonly responseLogProbs: ArrayLike<number>
}

/** Rows padded to one length, with 1 where a token is trained on. */
export interface SftBatch {
  /** [B][T] */
  readonly logProbs: Float64Array[]
  /** [B][T] */
  readonly mask: Float64Array[]
  /** Σ mask. */
  readonly tokens: number
}

/**
 * Rows for `sftLoss`: prompt then response, padded with 0.
 *
 * @param options includePromptTokens: train on the prompt too, as LMFlow does. Default false (RLHFlow masks it)
 */
export function sftBatch(
  kept: readonly KeptTokens[],
  options: { readonly includePromptTokens?: boolean } = {},
): SftBatch {
  const { includePromptTokens = false } = options
  const width = kept.reduce((most, one) => Math.max(most, one.promptLogProbs.length + one.responseLogProbs.length), 0)
  const rows = kept.map(({ promptLogProbs, responseLogProbs }) => {
    const logProbs = new Float64Array(width)
    const mask = new Float64Array(width)
    logProbs.set(promptLogProbs)
    logProbs.set(responseLogProbs, promptLogProbs.length)
    mask.fill(1, includePromptTokens ? 0 : promptLogProbs.length, promptLogProbs.length + responseLogProbs.length)
    return { logProbs, mask }
  })
  const tokens = rows.reduce((count, { mask }) => count + mask.reduce((a, b) => a + b, 0), 0)
  return { logProbs: rows.map(row => row.logProbs), mask: rows.map(row => row.mask), tokens }
}

/** −Σ log p / Σ mask over the trained tokens: the ordinary likelihood loss of supervised fine-tuning, [B][T] each. */
export function sftLoss(logProbs: Tensor, mask: Tensor): Tensor {
  return neg(div(sum(zeroMasked(logProbs, mask)), maximum(sum(mask), 1)))
}
