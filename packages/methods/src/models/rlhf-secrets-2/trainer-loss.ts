import { add, cast, crossEntropy, div, maximum, mul, reshape, sum, type Tensor } from '@guerdon/tensor'
import { type DenoisedLossOptions, denoisedPairLoss } from './losses.ts'

/** Language-model side of a reward model on the *chosen* responses. */
export interface ChosenLanguage {
  /** [N][T][V] logits at the position *before* each token. */
  readonly logits: Tensor
  /** [N][T] tokens to predict. */
  readonly tokens: Tensor
  /** [N][T] 1 on response tokens. */
  readonly mask: Tensor
}

/** The loss of the released trainer and its parts; scalars. */
export interface RewardTrainerLoss {
  readonly preference: Tensor
  /** Token mean of −log p over the chosen responses. */
  readonly language: Tensor
  /** preference + factor·language. */
  readonly total: Tensor
}

/**
 * Pair loss plus a language-model loss on the chosen responses, which keeps the trunk a language model while the head learns to
 * score. The released configuration has factor 0: use `denoisedPairLoss` alone then and save the logits.
 *
 * MOSS-RLHF `rm/reward_trainer.py`.
 *
 * @param chosen [N] scores
 * @param rejected [N]
 * @param strength [N] μ, for the modes that use it
 * @param options languageFactor, default 0, and those of `denoisedPairLoss`
 */
export function rewardTrainerLoss(
  chosen: Tensor,
  rejected: Tensor,
  strength: Tensor,
  language: ChosenLanguage,
  options: Omit<DenoisedLossOptions, 'reduction'> & { readonly languageFactor?: number } = {},
): RewardTrainerLoss {
  const { languageFactor = 0, ...rest } = options
  const preference = denoisedPairLoss(chosen, rejected, strength, rest)
  const [batch, length, vocabulary] = language.logits.shape
  const losses = crossEntropy(
    reshape(language.logits, [batch * length, vocabulary]),
    reshape(cast(language.tokens, 'int32'), [batch * length]),
    { reduction: 'none' },
  )
  const mask = reshape(language.mask, [batch * length])
  const mean = div(sum(mul(losses, mask)), maximum(sum(mask), 1))
  return { preference, language: mean, total: add(preference, mul(mean, languageFactor)) }
}
