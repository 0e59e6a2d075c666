import { assertInteger, GuerdonError } from '@guerdon/core'
import { add, mul, type Tensor } from '@guerdon/tensor'
import { groupNormalise, groupsFromOffsets } from '../../shared/group-normalise.ts'
import { unboundedK3 } from '../../shared/kl.ts'
import { aggregateLoss } from '../../shared/loss-aggregation.ts'
import { type PolicyLossInput, ppoClipLoss } from '../../shared/policy-loss.ts'

/** No dual clip: beyond e²⁰, the largest ratio the loss lets through. */
const unbounded = 1e12

/** Choices of `sparkLoss`. */
export interface SparkLossOptions {
  /** The ratio is clipped to 1 ± this. Default 0.2. */
  readonly clip?: number
  /** Weight of k3 = e^d − 1 − d, d = log π_ref − log π. Default 0.001. */
  readonly klCoefficient?: number
}

/**
 * Token mean of −min(ρA, clip(ρ, 1 ± ε)·A), plus the weighted token mean of k3; the same for original, judgement and
 * reflection items. k3 is not clamped. Only `logProbs` carries a gradient; [B][L] each.
 */
export function sparkLoss(
  input: PolicyLossInput & { readonly refLogProbs: Tensor },
  options: SparkLossOptions = {},
): { readonly loss: Tensor; readonly policyLoss: Tensor; readonly kl: Tensor } {
  const { clip = 0.2, klCoefficient = 0.001 } = options
  const policyLoss = ppoClipLoss(input, { clipLow: clip, clipHigh: clip, dualClip: unbounded }).loss
  const kl = aggregateLoss(unboundedK3(input.logProbs, input.refLogProbs), input.mask)
  return { loss: add(policyLoss, mul(kl, klCoefficient)), policyLoss, kl }
}

/**
 * (r − mean)/(std + ε) over each run of `samplesPerPrompt` rewards, ddof 1; 0 for groups of one or of equal rewards. The
 * scalar goes to every response token (γ = 1).
 *
 * @param rewards [P·G] flat, group by group
 * @throws shape_mismatch when the rewards are no whole number of groups
 */
export function sparkAdvantages(
  rewards: ArrayLike<number>,
  samplesPerPrompt: number,
  options: { readonly epsilon?: number } = {},
): Float64Array {
  assertInteger(samplesPerPrompt, 'samplesPerPrompt', 1)
  if (rewards.length % samplesPerPrompt !== 0) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected whole groups of ${samplesPerPrompt} rewards; got ${rewards.length} rewards`,
      { path: ['rewards'] },
    )
  }
  const offsets = Array.from({ length: rewards.length / samplesPerPrompt + 1 }, (_, g) => g * samplesPerPrompt)
  return groupNormalise(rewards, groupsFromOffsets(offsets), { epsilon: options.epsilon ?? 1e-9 })
}
