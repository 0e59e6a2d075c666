import { add, div, log, maximum, mul, reshape, type Tensor } from '@guerdon/tensor'
import { type Activation, type MlpLayer, mlp } from '../../shared/mlp.ts'
import { centringPenalty, pairLoss } from '../../shared/pair-loss.ts'

/**
 * Rewards from pooled hidden states: an MLP whose last layer gives one number. One layer is w·h + b; two with SiLU between
 * them, w₂·SiLU(W₁h + b₁) + b₂ with W₁ d × d, is the recipe's choice.
 *
 * @param hidden [B][d] hidden state of the last *real* token (not of padding)
 * @param layers weights [out][in], biases [out]; the last with out = 1
 * @returns [B]
 */
export function rewardHead(
  hidden: Tensor,
  layers: readonly MlpLayer[],
  options: { readonly activation?: Activation } = {},
): Tensor {
  return reshape(mlp(hidden, layers, { activation: options.activation ?? 'silu' }), [hidden.shape[0]])
}

/** Scores of N pairs; lengths only for length normalisation. */
export interface BaseRewardPairs {
  /** [N] */
  readonly chosen: Tensor
  readonly rejected: Tensor
  /** [N] response tokens; counted as at least 1. */
  readonly chosenLengths?: Tensor
  readonly rejectedLengths?: Tensor
}

/** Choices of the loss. */
export interface BaseRewardLossOptions {
  /** λ of mean (r_w + r_l)². The study tried 0.001, 0.01 and 0.1; larger is worse. Default 0. */
  readonly zeroCoefficient?: number
  /** r ← r/ln(length + 1), before everything else. Default false. */
  readonly lengthNormalise?: boolean
}

/** The parts of the loss and their sum. */
export interface BaseRewardLoss {
  readonly ranking: Tensor
  /** λ·mean (r_w + r_l)², on rewards as they enter the ranking. */
  readonly zeroCoefficient: Tensor
  readonly total: Tensor
}

/**
 * Pair loss of the recipe (Eq. 1) with the two regularisers it studies and rejects (Algorithm 1): length normalisation first,
 * then the zero-coefficient term on the normalised rewards.
 */
export function baseRewardLoss(pairs: BaseRewardPairs, options: BaseRewardLossOptions = {}): BaseRewardLoss {
  const { zeroCoefficient = 0, lengthNormalise = false } = options
  const scaled = (scores: Tensor, lengths: Tensor | undefined) =>
    lengthNormalise && lengths ? div(scores, log(add(maximum(lengths, 1), 1))) : scores
  const chosen = scaled(pairs.chosen, pairs.chosenLengths)
  const rejected = scaled(pairs.rejected, pairs.rejectedLengths)
  const ranking = pairLoss(chosen, rejected)
  const centring = mul(centringPenalty(chosen, rejected), zeroCoefficient)
  return { ranking, zeroCoefficient: centring, total: add(ranking, centring) }
}
