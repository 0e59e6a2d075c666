import { assertSameLength } from '@guerdon/core'
import type { ShopAction } from './action.ts'

/** Early warnings of a policy that collapses onto the action without details. */
export interface ShopMonitor {
  /** Share of predictions that are `terminate`, in [0, 1]. */
  readonly terminateShare: number
  /** Share of exact actions among the items of each true type, in [0, 1]. */
  readonly exactByType: Readonly<Record<string, number>>
  /** Mean of `exactByType`: a policy that always terminates cannot raise it far. */
  readonly macroExact: number
  /** Share of groups with at least one exact action: only there does the large value term act. */
  readonly groupsWithHit: number
}

/**
 * Watches a batch of predictions. An action is exact when type, name and text are equal (an absent field is an empty
 * one); a prediction that did not parse (`undefined`) is never exact and no `terminate`.
 *
 * @param truths [N] true actions
 * @param predictions [N]
 * @param groupIds [N]
 */
export function shopMonitor(
  truths: readonly ShopAction[],
  predictions: readonly (ShopAction | undefined)[],
  groupIds: ArrayLike<string | number>,
): ShopMonitor {
  assertSameLength(truths, 'truths', predictions, 'predictions')
  assertSameLength(truths, 'truths', groupIds, 'groupIds')
  const totals = new Map<string, { items: number; exact: number }>()
  const groups = new Map<string | number, boolean>()
  let terminates = 0
  truths.forEach((truth, i) => {
    const prediction = predictions[i]
    if (prediction?.type === 'terminate') terminates++
    const exact = prediction !== undefined && isExact(truth, prediction)
    const total = totals.get(truth.type) ?? { items: 0, exact: 0 }
    totals.set(truth.type, { items: total.items + 1, exact: total.exact + (exact ? 1 : 0) })
    groups.set(groupIds[i], exact || groups.get(groupIds[i]) === true)
  })
  const exactByType = Object.fromEntries([...totals].map(([type, { items, exact }]) => [type, exact / items]))
  const accuracies = Object.values(exactByType)
  const hits = [...groups.values()].filter(Boolean).length
  return {
    terminateShare: truths.length === 0 ? 0 : terminates / truths.length,
    exactByType,
    macroExact: accuracies.length === 0 ? 0 : accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length,
    groupsWithHit: groups.size === 0 ? 0 : hits / groups.size,
  }
}

function isExact(truth: ShopAction, prediction: ShopAction): boolean {
  return (
    truth.type === prediction.type &&
    (truth.name ?? '') === (prediction.name ?? '') &&
    (truth.text ?? '') === (prediction.text ?? '')
  )
}
