import type { Random } from '@guerdon/core'
import type { TabularWorld } from '@guerdon/worlds/grid/tabular-world'
import { drawFromLogits, softmaxRow } from './tables.ts'

/** A policy that is softmax of a table, which policy gradients move. */
export interface SoftmaxTable {
  /** [S·A] θ, all zero at first. */
  readonly logits: Float64Array
  /** [S] values of states, all zero at first: a critic or a baseline. */
  readonly values: Float64Array
  /** Draws an action of a state. */
  choose(state: number, random: Random): number
  /** Adds size·∇_θ log π(action|state) = size·(1[· = action] − π(·|state)) to `into` [S·A]. */
  addGradient(into: Float64Array, state: number, action: number, size: number): void
}

/** The uniform policy of a world, with values beside it. */
export function softmaxTable(world: TabularWorld): SoftmaxTable {
  const { stateCount, actionCount } = world
  const logits = new Float64Array(stateCount * actionCount)
  const probabilities = new Float64Array(actionCount)
  return {
    logits,
    values: new Float64Array(stateCount),
    choose: (state, random) => drawFromLogits(logits, state, probabilities, random),
    addGradient(into, state, action, size) {
      softmaxRow(logits, state, probabilities)
      const start = state * actionCount
      for (let a = 0; a < actionCount; a++) into[start + a] -= size * probabilities[a]
      into[start + action] += size
    },
  }
}
