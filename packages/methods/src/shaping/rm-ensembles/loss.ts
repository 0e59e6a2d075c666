import { add, mul, type Tensor } from '@guerdon/tensor'
import { centringPenalty, pairLoss } from '../../shared/pair-loss.ts'

/** The parts of a member's loss. */
export interface MemberLoss {
  /** mean −log σ(r⁺ − r⁻). */
  readonly nll: Tensor
  /** mean (r⁺ + r⁻)². */
  readonly regulariser: Tensor
  /** nll + η·regulariser. */
  readonly total: Tensor
}

/**
 * Loss of one ensemble member: −mean log σ(r⁺ − r⁻) + η·mean (r⁺ + r⁻)².
 *
 * Pairs fix a score only up to a constant of the prompt; without the small penalty, min and median over members would be
 * decided by those constants. The paper prints the penalty with the sign of an objective to maximise. η is not stated;
 * 0.01 is this library's choice.
 *
 * @param chosen [N]
 * @param rejected [N]
 */
export function memberLoss(chosen: Tensor, rejected: Tensor, options: { readonly eta?: number } = {}): MemberLoss {
  const { eta = 0.01 } = options
  const nll = pairLoss(chosen, rejected)
  const regulariser = centringPenalty(chosen, rejected)
  return { nll, regulariser, total: add(nll, mul(regulariser, eta)) }
}

/** One member of an ensemble by what it was started from. */
export interface MemberSeeds {
  readonly pretrainSeed: number
  readonly finetuneSeed: number
}

/**
 * Members of an ensemble of size K of one size: `pretrain` takes K different
 * pre-training seeds, each fine-tuned once, `finetune` K fine-tuning seeds of one pre-trained model. Only the first
 * kind disagrees usefully on responses unlike the training data.
 */
export function ensembleSeeds(
  kind: 'pretrain' | 'finetune',
  options: { readonly size?: number; readonly pretrainSeed?: number } = {},
): MemberSeeds[] {
  const { size = 5, pretrainSeed = 0 } = options
  return Array.from({ length: size }, (_, i) =>
    kind === 'pretrain' ? { pretrainSeed: i, finetuneSeed: i } : { pretrainSeed, finetuneSeed: i },
  )
}
