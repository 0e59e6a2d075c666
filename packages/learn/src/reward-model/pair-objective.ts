import { assertInRange, assertInteger } from '@guerdon/core'
import { centringPenalty, pairLoss, type TieModel, tieLoss } from '@guerdon/methods/shared/pair-loss'
import { add, cast, greater, mul, sub, type Tensor } from '@guerdon/tensor'
import { ordinalLoss, preferenceThresholds } from './ordinal.ts'

/** How labelled pairs become a loss; d is the first score minus the second. */
export type PairObjective =
  | {
      /** −q·log σ(d − m) − (1 − q)·log σ(m − d); a tie is q = ½. */
      readonly kind: 'bradley-terry'
      /** α in [0, 0.5]: q ← q·(1 − α) + (1 − q)·α. Default 0. */
      readonly labelSmoothing?: number
      /** Weight of mean (r₁ + r₂)², which ties down the constant that pairs leave free. Default 0. */
      readonly centring?: number
    }
  /** Ties as an outcome of their own: Rao–Kupper or Davidson. */
  | { readonly kind: 'ties'; readonly model: TieModel }
  /** Strengths of preference ±1 … ±`levels`, and 0 with `ties`; the thresholds between them are learnt. */
  | { readonly kind: 'ordinal'; readonly levels: number; readonly ties: boolean }

/** Labels of N pairs, [N][1] each. */
export interface PairLabels<T = Tensor> {
  /** Probability that the first is preferred: 1, 0, ½ for a tie, or between. */
  readonly label: T
  /** The difference of scores must exceed it. */
  readonly margin: T
  /** int32, signed strength of the preference for the first; 0 is a tie. */
  readonly strength: T
}

/** Number of gaps between thresholds that are learnt; 0 for all but `ordinal`. */
export function gapCount(objective: PairObjective): number {
  if (objective.kind !== 'ordinal') return 0
  assertInteger(objective.levels, 'levels', 1)
  return objective.ties ? objective.levels : objective.levels - 1
}

/**
 * The loss of every pair and member.
 *
 * @param first [N][K] scores of K members
 * @param second [N][K]
 * @param gaps of `ordinal`, [gapCount]
 * @returns [N][K]
 * @throws invalid_option for numbers out of their range
 */
export function pairObjectiveLoss(
  objective: PairObjective,
  first: Tensor,
  second: Tensor,
  labels: PairLabels,
  gaps?: Tensor,
): Tensor {
  const reduction = 'none'
  switch (objective.kind) {
    case 'bradley-terry': {
      const { labelSmoothing = 0, centring = 0 } = objective
      assertInRange(labelSmoothing, 'labelSmoothing', 0, 0.5)
      assertInRange(centring, 'centring', 0, Number.MAX_VALUE)
      const label = add(mul(labels.label, 1 - 2 * labelSmoothing), labelSmoothing)
      const losses = pairLoss(first, second, { label, margin: labels.margin, reduction })
      return centring === 0 ? losses : add(losses, mul(centringPenalty(first, second), centring))
    }
    case 'ties': {
      const { strength } = labels
      const outcome = sub(cast(greater(strength, 0), 'int32'), cast(greater(0, strength), 'int32'))
      return tieLoss(sub(first, second), outcome, objective.model, { reduction })
    }
    case 'ordinal': {
      const { levels, ties } = objective
      const shifted = add(labels.strength, levels)
      const level = ties ? shifted : sub(shifted, cast(greater(labels.strength, 0), 'int32'))
      return ordinalLoss(sub(first, second), level, preferenceThresholds(gaps, { ties }), { reduction })
    }
  }
}
