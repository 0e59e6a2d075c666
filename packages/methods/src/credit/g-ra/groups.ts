import { assertSameLength } from '@guerdon/core'
import { groupItems } from '../../shared/group-normalise.ts'
import { grpo, type SingletonPolicy } from '../baselines-advantage/group-estimators.ts'
import { type GatedTurnOptions, gatedTurnRewards } from './gates.ts'

/** Returns and group advantages under gated and under direct accumulation, [N] each. */
export interface GatedGroup {
  readonly gatedReturns: Float64Array
  readonly directReturns: Float64Array
  readonly gatedAdvantages: Float64Array
  readonly directAdvantages: Float64Array
}

/**
 * Gated returns and their group-relative advantages (mean, sample deviation + ε), beside those of direct accumulation.
 *
 * @param stepRewards step rewards of each trajectory
 * @param outcomeRewards [N]
 * @param groupIds [N]
 */
export function gatedGroupAdvantages(
  stepRewards: readonly ArrayLike<number>[],
  outcomeRewards: ArrayLike<number>,
  groupIds: ArrayLike<string | number>,
  options: GatedTurnOptions & { readonly epsilon?: number; readonly singleton?: SingletonPolicy } = {},
): GatedGroup {
  const { stepWeight = 1, epsilon = 1e-6, singleton = 'zero' } = options
  assertSameLength(stepRewards, 'stepRewards', outcomeRewards, 'outcomeRewards')
  assertSameLength(stepRewards, 'stepRewards', groupIds, 'groupIds')
  const groups = groupItems(groupIds)
  const gatedReturns = Float64Array.from(
    stepRewards,
    (steps, i) => gatedTurnRewards(steps, outcomeRewards[i], options).trajectoryReturn,
  )
  const directReturns = Float64Array.from(stepRewards, (steps, i) => {
    let total = 0
    for (let t = 0; t < steps.length; t++) total += steps[t]
    return stepWeight * total + outcomeRewards[i]
  })
  return {
    gatedReturns,
    directReturns,
    gatedAdvantages: grpo(gatedReturns, groups, { epsilon, singleton }),
    directAdvantages: grpo(directReturns, groups, { epsilon, singleton }),
  }
}
