import { assertInteger, assertProbability } from '@guerdon/core'
import { type TabularWorld, tabularWorld } from './tabular-world.ts'

/** Choices of the discrete line with a key. */
export interface LineKeyOptions {
  /** Cells L. Default 10. */
  readonly length?: number
  /** Probability of moving the opposite way. Default 0.1. */
  readonly slip?: number
  /** Default 10. */
  readonly goalReward?: number
  /** Cell of the key. Default 1. */
  readonly keyPosition?: number
  /** Default 0.95. */
  readonly discount?: number
}

/**
 * LineK: L cells without the key (states 0 … L−1), L with it (L … 2L−1), a terminal state 2L. Actions left, right,
 * pick. Picking at the key's cell leads to state L — position 0, wherever the key lay, as in the official table.
 * Without the key the left end is an exit that pays nothing; with it, "right" at the far end leaves with `goalReward`
 * and "left" there slips out unpaid. Start L/2, horizon 30 (the loop that runs episodes truncates).
 */
export function lineKey(options: LineKeyOptions = {}): TabularWorld {
  const { length = 10, slip = 0.1, goalReward = 10, keyPosition = 1, discount = 0.95 } = options
  assertInteger(length, 'length', 3)
  assertInteger(keyPosition, 'keyPosition')
  assertProbability(slip, 'slip')
  const terminal = 2 * length
  const goal = terminal - 1
  const leftOf = (state: number) => {
    if (state === 0) return terminal
    return state === length ? length : state - 1
  }
  const rightOf = (state: number) => {
    if (state === length - 1) return state
    return state === goal ? terminal : state + 1
  }
  return tabularWorld({
    name: 'line-key',
    stateCount: terminal + 1,
    actionNames: ['left', 'right', 'pick'],
    start: Math.floor(length / 2),
    terminalState: terminal,
    horizon: 30,
    discount,
    layout: { columns: length, rows: 2, goal },
    transitions: (state, action) => {
      if (state === terminal) return [[terminal, 1]]
      if (action === 2) return [[state === keyPosition && state > 0 && state < length - 1 ? length : state, 1]]
      // the left exit and the goal do not slip away from their own direction
      if (state === 0 && action === 0) return [[terminal, 1]]
      if (state === goal && action === 1) return [[terminal, 1]]
      const [wanted, other] = action === 0 ? [leftOf(state), rightOf(state)] : [rightOf(state), leftOf(state)]
      return [
        [wanted, 1 - slip],
        [other, slip],
      ]
    },
    reward: (state, action) => (state === goal && action === 1 ? goalReward : 0),
  })
}
