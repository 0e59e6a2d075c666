import type { Random } from '@guerdon/core'
import { evaluatePolicy, firstBest, oneHotPolicy } from '@guerdon/methods/shared/tabular'
import type { NdArray } from '@guerdon/tensor'
import type { TabularWorld } from '@guerdon/worlds/grid/tabular-world'

/** The first best action of every state, [S·A] one-hot. */
export function greedyPolicy(table: ArrayLike<number>, world: TabularWorld): Float64Array {
  const { stateCount, actionCount } = world
  const best = Int32Array.from({ length: stateCount }, (_, state) => firstBest(table, state, actionCount))
  return oneHotPolicy(best, actionCount)
}

/** Exact expected discounted return of a policy `[S·A]` from the world's start, under its own rewards and without a horizon. */
export function startValue(world: TabularWorld, policy: ArrayLike<number>): number {
  const { v } = evaluatePolicy(world, policy)
  return v.reduce((total, value, state) => total + value * world.initial[state], 0)
}

/** Writes softmax of the logits of `state` to `probabilities` [A]. */
export function softmaxRow(logits: Float64Array, state: number, probabilities: Float64Array): void {
  const actionCount = probabilities.length
  const start = state * actionCount
  let largest = Number.NEGATIVE_INFINITY
  for (let a = 0; a < actionCount; a++) largest = Math.max(largest, logits[start + a])
  let total = 0
  for (let a = 0; a < actionCount; a++) total += probabilities[a] = Math.exp(logits[start + a] - largest)
  for (let a = 0; a < actionCount; a++) probabilities[a] /= total
}

/** Draws an action of `state` from softmax of its logits; leaves the distribution in `probabilities` [A]. */
export function drawFromLogits(
  logits: Float64Array,
  state: number,
  probabilities: Float64Array,
  random: Random,
): number {
  softmaxRow(logits, state, probabilities)
  return random.categorical(probabilities)
}

/** A float64 table as an array to be saved. */
export function tableArray(data: Float64Array): NdArray {
  return { dtype: 'float64', shape: [data.length], data }
}
