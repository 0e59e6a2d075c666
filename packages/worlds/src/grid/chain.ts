import { assertInteger, assertProbability } from '@guerdon/core'
import { type TabularWorld, tabularWorld } from './tabular-world.ts'

/** Choices of the chain. */
export interface ChainOptions {
  /** n₁, cells to the right of the start. Default 20. */
  readonly rightCells?: number
  /** n₂, cells to the left of it. Default 40. */
  readonly leftCells?: number
  /** Probability mass mixed equally over both actions. Default 0.05. */
  readonly noise?: number
  /** Paid for every "right" in the last cell. Default 1. */
  readonly goalReward?: number
  /** Paid for "left" `distractorOffset` cells left of the start. Default 0.01. */
  readonly distractorReward?: number
  /** Default 15. */
  readonly distractorOffset?: number
  /** Default 0.99. */
  readonly discount?: number
}

/**
 * The chain: n₂ cells, the start, n₁ cells, a terminal state. "left" in cell 0 leaves the world; "right" in the last
 * cell stays there and pays `goalReward` each time, so reward accumulates until the horizon of 40.
 */
export function chain(options: ChainOptions = {}): TabularWorld {
  const { rightCells = 20, leftCells = 40, noise = 0.05, goalReward = 1 } = options
  const { distractorReward = 0.01, distractorOffset = 15, discount = 0.99 } = options
  assertInteger(rightCells, 'rightCells', 1)
  assertInteger(leftCells, 'leftCells', 1)
  assertProbability(noise, 'noise')
  const terminal = leftCells + rightCells + 1
  const last = terminal - 1
  const intended = (state: number, action: number) => {
    if (action === 0) return state === 0 ? terminal : state - 1
    return state === last ? last : state + 1
  }
  return tabularWorld({
    name: 'chain',
    stateCount: terminal + 1,
    actionNames: ['left', 'right'],
    start: leftCells,
    terminalState: terminal,
    horizon: 40,
    discount,
    layout: { columns: terminal, rows: 1, goal: last },
    transitions: (state, action) =>
      state === terminal
        ? [[terminal, 1]]
        : [
            [intended(state, action), 1 - noise],
            [intended(state, 0), noise / 2],
            [intended(state, 1), noise / 2],
          ],
    reward: (state, action) => {
      if (state === last && action === 1) return goalReward
      return state === leftCells - distractorOffset && action === 0 ? distractorReward : 0
    },
  })
}
