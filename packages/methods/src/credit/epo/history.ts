import { assertFiniteNumber, assertInteger } from '@guerdon/core'

/** Sums over all earlier iterations of the mean entropy at each turn: plain JSON. */
export interface EntropyHistory {
  /** [turn] Σ over iterations that reached the turn. */
  readonly sums: readonly number[]
  /** [turn] number of such iterations. */
  readonly counts: readonly number[]
}

/** A history that has seen nothing. */
export const emptyEntropyHistory: EntropyHistory = { sums: [], counts: [] }

/**
 * The history after one more iteration. Add an iteration only after its own loss was computed: it must not be part of its
 * own reference.
 *
 * @param perTurn mean entropy at turn 0, 1, … over the tokens of all rollouts still active there; null where none is known
 */
export function extendEntropyHistory(history: EntropyHistory, perTurn: ArrayLike<number | null>): EntropyHistory {
  const sums = history.sums.slice()
  const counts = history.counts.slice()
  for (let t = 0; t < perTurn.length; t++) {
    const entropy = perTurn[t]
    sums[t] ??= 0
    counts[t] ??= 0
    if (entropy === null) continue
    assertFiniteNumber(entropy, `perTurn[${t}]`)
    sums[t] += entropy
    counts[t]++
  }
  return { sums, counts }
}

/**
 * Mean entropy of each turn over the iterations that reached it: the reference H̄, cumulative, not sliding. null where none
 * did.
 */
export function entropyReference(history: EntropyHistory): (number | null)[] {
  return history.sums.map((sum, t) => (history.counts[t] === 0 ? null : sum / history.counts[t]))
}

/**
 * The released reference: every iteration's list is padded with zeros *on the left* to `maxSteps`, or cut on the left, and
 * averaged, the current iteration included. Turn indices are misaligned whenever the longest rollout is shorter than
 * `maxSteps`.
 *
 * @param perStepEntropyLists one list an iteration
 */
export function releasedEntropyReference(
  perStepEntropyLists: readonly ArrayLike<number>[],
  options: { readonly maxSteps: number },
): Float64Array {
  const { maxSteps } = options
  assertInteger(maxSteps, 'maxSteps', 1)
  const reference = new Float64Array(maxSteps)
  for (const list of perStepEntropyLists) {
    for (let t = 0; t < Math.min(maxSteps, list.length); t++) reference[maxSteps - 1 - t] += list[list.length - 1 - t]
  }
  return perStepEntropyLists.length === 0 ? reference : reference.map(sum => sum / perStepEntropyLists.length)
}
