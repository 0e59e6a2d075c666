import { abs, add, concat, div, dot, mean, mul, norm, sqrt, square, sub, sum, type Tensor } from '@guerdon/tensor'
import { type PairReduction, pairLoss, reduce } from '../../shared/pair-loss.ts'

/**
 * Bradley–Terry loss that keeps scores small: −log σ(r_c − r_r) + w·(r_c² + r_r²), a rival of PAR on the reward model's
 * side. The squares are summed, not the sum squared: unlike `centringPenalty` it also shrinks the gap.
 *
 * @param chosen [N]
 * @param rejected [N]
 * @returns a scalar, or [N] for `reduction: 'none'`
 */
export function regularisedPairLoss(
  chosen: Tensor,
  rejected: Tensor,
  options: { readonly weight?: number; readonly reduction?: PairReduction } = {},
): Tensor {
  const { weight = 0.005, reduction = 'mean' } = options
  const penalty = mul(add(square(chosen), square(rejected)), weight)
  return reduce(add(pairLoss(chosen, rejected, { reduction: 'none' }), penalty), reduction)
}

/** Scores of the two heads of an ODIN reward model on N pairs, and what their losses need. */
export interface OdinBatch {
  /** [N] quality scores q. */
  readonly chosenQuality: Tensor
  readonly rejectedQuality: Tensor
  /** [N] length scores l. */
  readonly chosenLength: Tensor
  readonly rejectedLength: Tensor
  /** [2N] tokens of the responses, all chosen first, then all rejected. */
  readonly lengths: Tensor
  /** [D] weights of the heads, without bias. */
  readonly qualityHead: Tensor
  readonly lengthHead: Tensor
}

/** Weights of the ODIN loss. */
export interface OdinOptions {
  /** λ_L. Default 1. */
  readonly lengthWeight?: number
  /** λ_O. Default 1. */
  readonly orthogonalWeight?: number
}

/** The parts of the ODIN loss and their weighted sum. */
export interface OdinLoss {
  /** [N] −log σ(q_c + l_c − q_r − l_r). */
  readonly ranking: Tensor
  /** |ρ(q, length)| − ρ(l, length), Pearson over all 2N responses. */
  readonly length: Tensor
  /** |W_Q·W_L| / (‖W_Q‖·‖W_L‖ + 1e-6). */
  readonly orthogonal: Tensor
  /** mean ranking + λ_L·length + λ_O·orthogonal. */
  readonly total: Tensor
}

/**
 * ODIN: one trunk with a quality and a length head; the length head soaks up what correlates with length, and only q is used
 * for training a policy. As released with PAR (`RewardTrainerODIN`); the correlation is undefined, and its gradient with it,
 * when all responses are equally long.
 */
export function odinLoss(batch: OdinBatch, options: OdinOptions = {}): OdinLoss {
  const { lengthWeight = 1, orthogonalWeight = 1 } = options
  const ranking = pairLoss(
    add(batch.chosenQuality, batch.chosenLength),
    add(batch.rejectedQuality, batch.rejectedLength),
    { reduction: 'none' },
  )
  const quality = pearson(concat([batch.chosenQuality, batch.rejectedQuality]), batch.lengths)
  const length = sub(abs(quality), pearson(concat([batch.chosenLength, batch.rejectedLength]), batch.lengths))
  const norms = mul(norm(batch.qualityHead), norm(batch.lengthHead))
  const orthogonal = div(abs(dot(batch.qualityHead, batch.lengthHead)), add(norms, 1e-6))
  const total = add(add(mean(ranking), mul(length, lengthWeight)), mul(orthogonal, orthogonalWeight))
  return { ranking, length, orthogonal, total }
}

function pearson(first: Tensor, second: Tensor): Tensor {
  const a = sub(first, mean(first))
  const b = sub(second, mean(second))
  return div(sum(mul(a, b)), sqrt(mul(sum(square(a)), sum(square(b)))))
}
